"""What to write under `aliases:` of a name: its spellings in other scripts, and what to beware of.

Countries and places are looked up whole; a person's name part by part, and the parts are put together in each script.
A part that the table does not know is spelt by ear. What the engine finds by itself is left out. A person decides:
nothing of this is ever matched before it stands in a rule.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Final

from monitor.matching.compiling import compile_rules
from monitor.matching.examples import example
from monitor.matching.index import RuleIndex
from monitor.matching.known_names import KnownName, NameKind, NameLists, one_edit_apart, widely_read
from monitor.matching.names import is_article, sound_key, variants
from monitor.model import Rule, RuleKind, Tier
from monitor.text.clitics import with_article
from monitor.text.fold import fold
from monitor.text.scripts import script_of
from monitor.text.tokens import tokenise

SCRIPTS: Final = ("Latn", "Cyrl", "Arab", "Hebr", "Grek", "Hani", "Jpan", "Kore", "Armn", "Geor", "Deva", "Thai")
"""In the order in which suggestions are told."""
BY_EAR: Final = "by ear"
NOT_BY_SOUND: Final = {Tier.TRANSLITERATED.value: False}
"""What a rule says under `variants:` when words of other languages sound like its name."""
_JOINTS: Final = {"Hani": "·", "Jpan": "・"}
_MOST: Final = 6  # aliases of a script, of a name in parts
_MOST_WHOLE: Final = {"Latn": 30}
_MOST_OF_PLACE: Final = 6
_OF_PART: Final = 3
_ENOUGH: Final = 4  # forms of a script that make guessing needless
_SPELT: Final = 5
_SHORT: Final = 4  # letters of a name of which one guess is enough
_SURE: Final = 2  # forms that may be as short as can be
_HEARD: Final = 5
_FEW_CONSONANTS: Final = 2
_KNOWN_PLACE: Final = 30_000  # inhabitants of a place that the news may mean
_SHORTEST: Final = {"Hani": 2, "Jpan": 2, "Kore": 2, "Arab": 3, "Hebr": 3}
_VOWELS: Final = frozenset("aeiouyаеиіоуыэюяєїαεηιουω")
_PERSIAN: Final = (
    ("p", "b", "ب", "پ"),
    ("g", "j", "ج", "گ"),
    ("g", "j", "غ", "گ"),
    ("v", "f", "ف", "و"),
    ("ch", "t", "تش", "چ"),
)
"""A Latin sound; the one that shares its Arabic letter; that letter; the letter that Persian has for it."""
_CONFUSABLE: Final = 6
_WEAK: Final = 3.0  # in the logarithm, behind the best spelling by ear


class WarningKind(StrEnum):
    """What is doubtful about a name."""

    COMMON_WORD = "common-word"
    FEW_CONSONANTS = "few-consonants"
    CONFUSABLE = "confusable"
    SOUND = "sound"
    LEFT_OUT = "left-out"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One alias to accept."""

    script: str
    text: str
    source: str
    """CLDR, GeoNames, Wikidata, `by ear`, or `by ear, in use`."""


@dataclass(frozen=True, slots=True)
class NameWarning:
    """Something to beware of."""

    kind: WarningKind
    message: str


@dataclass(frozen=True, slots=True)
class Suggestions:
    """All there is to say of a name."""

    name: str
    aliases: tuple[Suggestion, ...]
    """By script, the likeliest first."""
    warnings: tuple[NameWarning, ...]
    by_sound: bool
    """False when the rule should say `variants: {transliterated: false}`; the aliases then do without that tier."""


def suggest(name: str, lists: NameLists, kind: RuleKind = RuleKind.TOPIC) -> Suggestions:
    """Aliases for a name and warnings about it. `kind` narrows the look-up when it is a person or a place."""
    candidates = list(_candidates(name, lists, kind))
    aliases, left_out = _chosen(name, candidates, lists, by_sound=True)
    heard = list(_heard_words([name, *(one.text for one in aliases)], lists))
    if heard:
        aliases, left_out = _chosen(name, candidates, lists, by_sound=False)
    warnings = [*_of_words(name, lists), *heard[:_CONFUSABLE], *_confusable(name, lists), *left_out]
    return Suggestions(name, tuple(aliases), tuple(dict.fromkeys(warnings)), by_sound=not heard)


def _chosen(
    name: str, candidates: list[Suggestion], lists: NameLists, *, by_sound: bool
) -> tuple[list[Suggestion], list[NameWarning]]:
    """The candidates that are not found by the name or those before them; and warnings of those that are common words."""
    aliases: list[Suggestion] = []
    left_out: list[NameWarning] = []
    known = [_index_of(name, by_sound=by_sound)]
    for script in SCRIPTS:
        for one in [one for one in candidates if one.script == script]:
            said = lists.common.get(fold(one.text), "")
            if widely_read(said):
                message = f"{one.text} is left out: it is a common word ({said})"
                left_out.append(NameWarning(WarningKind.LEFT_OUT, message))
            elif any(index.match(example(one.text)) for index in known):
                continue
            elif other := _another(one, tokenise(name).folded, lists):
                message = f"{one.text} is left out: it is how {other} is written"
                left_out.append(NameWarning(WarningKind.LEFT_OUT, message))
            else:
                aliases.append(one)
                known.append(_index_of(one.text, by_sound=by_sound))
    return aliases, left_out


def _another(one: Suggestion, tokens: tuple[str, ...], lists: NameLists) -> str | None:
    """Which known place is called so: what was spelt by ear, or an old name of a place, is often the name of another."""
    if one.source != BY_EAR and (one.script != "Latn" or one.source != NameKind.PLACE.source):
        return None
    found = lists.search(one.text)
    others = [other for other in found if other.kind is NameKind.COUNTRY or other.people >= _KNOWN_PLACE]
    if any(form for other in others for form in other.forms.get("Latn", ()) if tokenise(form).folded == tokens):
        # The name itself has that form too. Of a place only its own first form counts, by which the world knows it.
        others = [other for other in others if one.source != BY_EAR and fold(_known_as(other)) == fold(one.text)]
    told = max(others, key=lambda other: other.people, default=None)
    return f"{_known_as(told)} ({told.kind.source})" if told is not None and _known_as(told) else None


def _known_as(other: KnownName) -> str:
    return next(iter(other.forms.get("Latn", ())), "")


def _index_of(name: str, *, by_sound: bool) -> RuleIndex:
    """What finds this name alone. The plain index: for one rule it is made in no time."""
    tiers = {} if by_sound else dict(NOT_BY_SOUND)
    rule = Rule(id="suggest", kind=RuleKind.TOPIC, title=name, names=(name,), variants=tiers)
    return compile_rules([rule], native=False).index


def _heard_words(names: list[str], lists: NameLists) -> Iterator[NameWarning]:
    """Common words that sound like a name of one word, for the engine."""
    for name in names:
        alone = [variant.words[0] for variant in variants(name) if len(variant.words) == 1]
        for one in alone:
            word = lists.sounds.get(one.key or "", "")
            if word not in one.forms and widely_read(lists.common.get(word, "")):
                message = f"{word}, a common word ({lists.common[word]}), sounds like {name}: search without sound"
                yield NameWarning(WarningKind.SOUND, message)


# Candidates -------------------------------------------------------------------------------------------------------------


def _candidates(name: str, lists: NameLists, kind: RuleKind) -> Iterator[Suggestion]:
    whole = _entities(lists.search(name), kind)
    tokens = tokenise(name).folded
    articles = {tokens[at + 1] for at in range(len(tokens) - 1) if is_article(tokens[at])}
    tokens = tuple(token for token in tokens if not is_article(token))
    if whole:
        yield from _of_entities(whole, tokens)
    if len(tokens) > 1 and not whole:
        yield from _in_parts([_part(token, lists, article=token in articles) for token in tokens])
    elif len(tokens) == 1:
        arabic = [form for one in whole for form in one.forms.get("Arab", ())]
        yield from (Suggestion("Arab", text, BY_EAR) for text in in_persian(tokens[0], arabic))
        for script, text in _by_ear(tokens[0], lists):
            if not _known(whole, script):
                yield Suggestion(script, text, BY_EAR)


def _known(whole: list[KnownName], script: str) -> bool:
    """Whether so much is known in a script that nothing need be guessed: any name of a place, some of a person."""
    forms = [form for one in whole for form in one.forms.get(script, ()) if _long([form], script)]
    return len(forms) >= _ENOUGH or any(one.kind is not NameKind.NAME and one.forms.get(script) for one in whole)


def _entities(found: Iterable[KnownName], kind: RuleKind) -> list[KnownName]:
    """Those that a rule of this kind means: a person's parts, else a country, else the largest place of the name."""
    by_kind: dict[NameKind, list[KnownName]] = {one: [] for one in NameKind}
    for one in found:
        by_kind[one.kind].append(one)
    places = sorted(by_kind[NameKind.PLACE], key=lambda one: -one.people)[:1]
    if kind is RuleKind.PERSON:
        return by_kind[NameKind.NAME]
    if by_kind[NameKind.COUNTRY]:
        return by_kind[NameKind.COUNTRY]
    if kind in {RuleKind.PLACE, RuleKind.BASE} and places:
        return places
    return by_kind[NameKind.LANGUAGE] or [*places, *by_kind[NameKind.NAME]]


def _of_entities(whole: list[KnownName], tokens: tuple[str, ...]) -> Iterator[Suggestion]:
    for script in SCRIPTS:
        told: set[str] = set()
        rows = [(one, form) for one in whole for form in one.forms.get(script, ())]
        for one, form in rows:
            most = _MOST_OF_PLACE if one.kind is not NameKind.NAME else _MOST
            longer = len(told) >= _SURE and script in {"Arab", "Hebr", "Jpan"}
            enough = len(form) > _SHORTEST.get(script, 3) if longer else _long([form], script)
            if len(told) < _MOST_WHOLE.get(script, most) and enough and form not in told:
                if one.kind is NameKind.NAME and script == "Latn" and not _same_name(fold(form), tokens):
                    continue  # other people's names
                told.add(form)
                yield _as_name(Suggestion(script, form, one.source(form)))


def _same_name(form: str, tokens: tuple[str, ...]) -> bool:
    """Whether a Latin form is a spelling of this name, by its sound."""
    key, own = sound_key(form), sound_key(tokens[0]) if len(tokens) == 1 else None
    return key is not None and own is not None and (key == own or one_edit_apart(key, own)) and len(form) >= _SPELT


def _long(forms: Iterable[str], script: str) -> bool:
    return any(len(form) >= _SHORTEST.get(script, 3) for form in forms)


def _in_parts(parts: list[dict[str, list[Suggestion]]]) -> Iterator[Suggestion]:
    """A name of several words: each in the script's own spelling, put together."""
    for script in SCRIPTS[1:]:
        rows = [part.get(script, [])[:_OF_PART] for part in parts]
        likeliest = sorted(product(*(enumerate(row) for row in rows)), key=lambda row: sum(at for at, _ in row))
        for row in likeliest[:_MOST]:
            words = [one for _, one in row]
            sources = list(dict.fromkeys(one.source for one in words))
            yield Suggestion(script, _JOINTS.get(script, " ").join(one.text for one in words), ", ".join(sources))


def _part(token: str, lists: NameLists, *, article: bool) -> dict[str, list[Suggestion]]:
    """How each script writes one word of a person's name. An Arabic `article` comes back in Arabic script."""
    found: dict[str, list[Suggestion]] = {}
    rows = [one for one in lists.search(token) if one.kind is NameKind.NAME]
    for one in rows:
        for script, forms in one.forms.items():
            found.setdefault(script, []).extend(
                Suggestion(script, form, one.source(form)) for form in forms if " " not in form
            )
    persian = in_persian(token, [one.text for one in found.get("Arab", ())])
    found.setdefault("Arab", []).extend(Suggestion("Arab", text, BY_EAR) for text in persian)
    told = {script for script, forms in found.items() if forms}
    for script, text in _by_ear(token, lists):
        if script not in told:
            found.setdefault(script, []).append(Suggestion(script, text, BY_EAR))
    return {script: [_as_name(one, article=article) for one in forms] for script, forms in found.items()}


def _as_name(one: Suggestion, *, article: bool = False) -> Suggestion:
    text = ((article and with_article(fold(one.text))) or one.text).strip()
    head, dash, rest = text.partition("-")
    if dash and is_article(fold(head)):  # аш-Шараа
        return Suggestion(one.script, f"{head.lower()}-{rest[:1].title()}{rest[1:]}", one.source)
    return Suggestion(one.script, text[:1].title() + text[1:], one.source)


def _by_ear(token: str, lists: NameLists) -> Iterator[tuple[str, str]]:
    """Likely spellings of a Latin word that nobody has told us, by script."""
    if not (token.isascii() and token.isalpha()):
        return
    for script, model in lists.models.items():
        spelt = model.spell(token, _HEARD)
        for text, score in spelt if len(token) > _SHORT else spelt[:1]:
            if score >= spelt[0][1] - _WEAK and _long([text], script):
                yield script, text[:1].title() + text[1:]


def in_persian(token: str, arabic: list[str]) -> list[str]:
    """The first Arabic forms of a Latin word with the letters that Persian alone has, where they differ."""
    found: list[str] = []
    for text in arabic[:2]:
        changed = text
        for sound, rival, letter, own in _PERSIAN:
            if sound in token and rival not in token:
                changed = changed.replace(letter, own)
        if changed not in (text, *found):
            found.append(changed)
    return found


# Warnings ---------------------------------------------------------------------------------------------------------------


def _of_words(name: str, lists: NameLists) -> Iterator[NameWarning]:
    """A name of one word that is a common word, or too short to be told from others."""
    tokens = [token for token in tokenise(name).folded if not is_article(token)]
    if len(tokens) != 1:
        return
    token = tokens[0]
    for form in (token, with_article(token)):
        if form is not None and form in lists.common:
            message = f"{form} is a common word ({lists.common[form]}): give it company (needs:, or a longer name)"
            yield NameWarning(WarningKind.COMMON_WORD, message)
    count = sum(char.isalpha() and char not in _VOWELS for char in token)
    if script_of(token) in {"Latn", "Cyrl", "Grek"} and count <= _FEW_CONSONANTS:
        message = f"{token} has {count} consonants: it is not searched by sound, and needs company"
        yield NameWarning(WarningKind.FEW_CONSONANTS, message)


def _confusable(name: str, lists: NameLists) -> Iterator[NameWarning]:
    """Common words and other names that are one letter, or one sound, away."""
    tokens = [token for token in tokenise(name).folded if not is_article(token)]
    if len(tokens) != 1 or not tokens[0].isascii():
        return
    token, key = tokens[0], sound_key(tokens[0]) or tokens[0]
    near = [word for word in lists.common if abs(len(word) - len(token)) <= 1 and _like(word, token, key)]
    for word in sorted(near, key=lambda word: (not _english(lists.common[word]), word))[:_CONFUSABLE]:
        yield NameWarning(WarningKind.CONFUSABLE, f"{word} is near, a common word ({lists.common[word]})")
    found = [
        (people, form, source)
        for word, (form, people, source) in lists.latin_words.items()
        if abs(len(word) - len(token)) <= 1 and word not in lists.common and _like(word, token, key)
    ]
    for people, form, source in sorted(found, key=lambda one: (-one[0], one[1]))[:_CONFUSABLE]:
        what = f"a place of {people:,} people" if people else "a person's name"
        yield NameWarning(WarningKind.CONFUSABLE, f"{form} is near, {what} ({source})")


def _like(word: str, token: str, key: str) -> bool:
    """Whether a word is one edit away in letters, or sounds the same."""
    if word == token:
        return False
    if one_edit_apart(word, token):
        return True
    if word[0] != token[0] or not word.isascii():
        return False
    return sound_key(word) == key


def _english(languages: str) -> bool:
    return "en" in languages.split(", ")
