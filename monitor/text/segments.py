"""Sentences and paragraphs of a text, as offsets that cover it.

A sentence ends at . ! ? … and their kin in other scripts, with closing quotes, where white space follows (in Chinese and
Japanese anywhere), and at every blank line. What speaks against an end: a lower-case word next, an initial, an
abbreviation, a day of a month. In doubt two sentences stay one, because rules ask for words *within* a sentence and a
missed article costs more than a long quotation.
"""

import re
from typing import Final

_PARAGRAPH: Final = re.compile(r"\n[^\S\n]*+\n\s*+")
_CLOSERS: Final = r"[\"'»”’“)\]」』】〉》）]*+"
_STOPS: Final = "[.!?…؟۔।॥։።]"
_WIDE_STOPS: Final = "[。！？｡]"
# A quotation that the sentence goes on from: 「…。」と述べた
_QUOTED: Final = r"(?:[\"'»”’“)\]」』】〉》）]++(?![とはがをもにのでやへっ、，])|(?![\"'»”’“)\]」』】〉》）]))"
_GREEK: Final = "[\u0370-\u03ff\u1f00-\u1fff]"
_CANDIDATE: Final = re.compile(  # one class of characters first: what `re` can search for fast
    "[.!?…؟۔।॥։።。！？｡;\u037e\\n](?:"
    rf"(?<={_STOPS})(?<!{_STOPS}{_STOPS})({_STOPS}*+){_CLOSERS}(\s++)"
    rf"|(?<={_WIDE_STOPS})(?<!{_WIDE_STOPS}{_WIDE_STOPS}){_WIDE_STOPS}*+{_QUOTED}\s*+"
    rf"|(?<={_GREEK}[;\u037e]){_CLOSERS}\s++(?=[\"'«“(\[]?{_GREEK})(?=[^α-ώἀ-ἇ])"  # the Greek question mark
    r"|(?<=\n)[^\S\n]*+\n\s*+)"
)
_WORD_BEFORE: Final = re.compile(r"(?:^|[\s(«„“\"'\[-])((?:[^\W\d_]\.)*)([^\W_]+)$")
_ARTICLE_NEXT: Final = re.compile(
    r"(?:a[lnrsdzt]|e[lnrs]|a[sdt]h|аль|ас|аш|ан|ар|ат|ад|аз|эль|эш)[-‐‑–]", re.IGNORECASE
)
_MONTH: Final = re.compile(
    r"(?:jan|feb|m[aä]r|apr|ma[ij]|jun|jul|aug|sep|o[ck]t|nov|de[cz]|ян|фев|мар|апр|мая|ию|авг|сен|окт|ноя|дек)",
    re.IGNORECASE,
)
_LOOK_BACK: Final = 16  # characters in front of the full stop: the longest abbreviation and a quote
_DAY: Final = 2  # digits of a day of a month
_ABBREVIATION_LIST: Final = (
    # titles and names
    "mr mrs ms dr prof gen col lt cpt capt cmdr adm sgt maj brig sen rep gov pres hon rev fr st ste jr sr messrs mme mlle "
    "sra sig dott ing mgr phdr judr mudr rndr płk ppłk kpt ks św abp bp frau dipl "
    # institutions and places
    "inc ltd co corp bros dept univ assn ave blvd rd mt ft pl ul nám "
    # text and figures
    "vs etc vol nos pp ca cf ed eds est approx viz resp bzw usw evtl ggf inkl vgl sog bspw nr tzv např tj atd popř "
    "tzn np itd itp tzw tys mln mld zł godz ok par art ust poz núm pág aprox "
    # months
    "jan feb mar apr jun jul aug sep sept oct okt nov dec dez "
    # Russian, Ukrainian, Bulgarian
    "гг вв др пр см ср стр ст им ул пл просп пер обл рис табл тыс млн млрд трлн руб коп долл проф акад доц ген полк кап "
    "лейт мл гр тов зам зав пом род ум св оз гор пос дер км кг чел экз изд авт тел бул буд кв напр ім тис ред"
)
_ABBREVIATIONS: Final = frozenset(_ABBREVIATION_LIST.split())
_PRONOUNS: Final = frozenset("яI")  # the words of one letter that end sentences; others are initials, г., т. е., z. B.


def paragraph_bounds(text: str) -> list[tuple[int, int]]:
    """The paragraphs, as half-open ranges that cover the text; the blank line belongs to the paragraph in front of it."""
    return _ranges([match.end() for match in _PARAGRAPH.finditer(text)], len(text))


def sentence_bounds(text: str) -> list[tuple[int, int]]:
    """The sentences, as half-open ranges that cover the text; white space belongs to the sentence in front of it."""
    ends = [match.end() for match in _CANDIDATE.finditer(text) if match[1] is None or _ends_here(text, match)]
    return _ranges(ends, len(text))


def sentence_at(text: str, start: int, end: int) -> tuple[int, int]:
    """The sentence around a range, or from the first to the last that it touches, without white space around it."""
    floor = text.rfind("\n\n", 0, start) + 2 if "\n\n" in text[:start] else 0
    ceiling = text.find("\n\n", end)
    part = text[floor : ceiling if ceiling >= 0 else len(text)]
    low, high = start, end
    for first, last in sentence_bounds(part):
        if first + floor < max(end, start + 1) and last + floor > start:
            low, high = min(low, first + floor), max(high, last + floor)
    while low < start and text[low].isspace():
        low += 1
    while high > end and text[high - 1].isspace():
        high -= 1
    return low, high


def _ranges(ends: list[int], length: int) -> list[tuple[int, int]]:
    if not ends or ends[-1] < length:
        ends.append(length)
    return list(zip([0, *ends[:-1]], ends, strict=True))


def _ends_here(text: str, match: re.Match[str]) -> bool:
    """Whether what looks like the end of a sentence is one."""
    if match[2].count("\n") > 1:
        return True
    following = text[match.end() : match.end() + 8]
    first = following.lstrip("\"'«„“”‘’([-–— ")[:1]
    if first.islower() and not "\u10d0" <= first <= "\u10ff" and not _ARTICLE_NEXT.match(following):
        return False  # Georgian letters, which count as small, have no capitals in running text
    if match[1] or text[match.start()] != ".":
        return True
    return not _abbreviated(text[max(0, match.start() - _LOOK_BACK) : match.start()], following)


def _abbreviated(before: str, following: str) -> bool:
    """Whether the full stop behind `before` is that of an initial, an abbreviation or a day of a month."""
    found = _WORD_BEFORE.search(before)
    if found is None:
        return False
    word = found[2]
    if word.isdigit():
        return len(word) <= _DAY and _MONTH.match(following) is not None
    if len(word) == 1:
        return bool(found[1]) or word not in _PRONOUNS
    return word.casefold() in _ABBREVIATIONS
