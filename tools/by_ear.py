"""Spellings that nobody has written down, made by ear and kept where a language's list of words has them.

For `build_names.py`. Names in the English news get them in the scripts in which the table has few forms.
"""

from collections import defaultdict
from multiprocessing import Pool

from rows import Row
from word_lists import zipf

from monitor.matching.respell import SpellingModel, read_models
from monitor.matching.suggest import in_persian
from monitor.text.fold import fold

ATTESTED_FROM = 2.0  # how often, on the Zipf scale, English has a name that is looked for by ear in other languages
ATTESTED_IN = {"Arab": ("ar", "fa"), "Hebr": ("he",), "Cyrl": ("ru", "uk", "bg")}
WELL_KNOWN = 3.5  # the same, of a name whose spelling by ear is a name too, not a word
BY_EAR = 40  # spellings that are looked for
_MODELS: dict[str, SpellingModel] = {}


def attest(rows: list[Row], models: str) -> frozenset[str]:
    """Give known names the spellings by ear that are really read in a language: `~` in front says so.

    Names in the English news of which the table has few forms in a script. The answer is the best forms of the well-known
    ones: what is read so often for being a name is no common word.
    """
    wanted: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        name = fold(row.forms["Latn"][0])
        if row.kind in "np" and name.isascii() and name.isalpha() and zipf(name, "en") >= ATTESTED_FROM:
            for script in ATTESTED_IN:
                if len(row.forms.get(script, ())) < 4:  # noqa: PLR2004
                    wanted[script][name].append(row)
    best = as_in_persian(rows)
    with Pool(initializer=_read_models, initargs=(models,)) as pool:
        for script, names in wanted.items():
            found = pool.map(_attested, [(name, script) for name in names], chunksize=200)
            print(script, len(names), "looked for,", sum(map(bool, found)), "found")
            for name, forms in zip(names, found, strict=True):
                best.update(forms[:1] if zipf(name, "en") >= WELL_KNOWN else ())
                for row in names[name]:
                    row.forms[script] += [f"~{form}" for form in forms if form not in map(fold, row.forms[script])]
    return frozenset(best)


def as_in_persian(rows: list[Row]) -> set[str]:
    """Give names their forms with the letters of Persian, where Persian has them; the answer is those of well-known names."""
    best: set[str] = set()
    for row in rows:
        name = fold(row.forms["Latn"][0])
        for form in in_persian(name, row.forms["Arab"]) if row.kind in "np" and "Arab" in row.forms else ():
            if zipf(form, "fa") > 2:  # noqa: PLR2004 - Zipf
                row.forms["Arab"].append(f"~{form}")
                best.update([fold(form)] if zipf(name, "en") >= WELL_KNOWN else ())
    return best


def _read_models(text: str) -> None:
    _MODELS.update(read_models(text))


def _attested(task: tuple[str, str]) -> list[str]:
    """What is read, of the likely spellings of a name."""
    name, script = task
    spelt = _MODELS[script].spell(name, BY_EAR)
    told = [
        (max(zipf(text, language) for language in ATTESTED_IN[script]) + (score - spelt[0][1]) / 3, text)
        for text, score in spelt
        if len(text) > 3 and score > spelt[0][1] - 10 and max(zipf(text, one) for one in ATTESTED_IN[script]) > 1.5  # noqa: PLR2004
    ]
    return [text for _, text in sorted(told, reverse=True)[:4]]
