"""Cyrillic spellings of a Latin name, as a Russian or Ukrainian desk would write it by ear.

A sound key finds the base form of a name in another script; its case forms (Путина, Путину) end in other sounds. So the
likely Cyrillic spelling is made, and `endings` inflects it. It is a guess by rules, never the only way to find a name.
"""

import re
from typing import Final
from unicodedata import normalize

_GROUPS: Final = (
    *(("shch", "щ"), ("tsch", "ч"), ("sch", "ш"), ("tch", "ч"), ("dzh", "дж"), ("sh", "ш"), ("ch", "ч"), ("kh", "х")),
    *(("cz", "ч"), ("sz", "ш"), ("rzh", "рж")),
    *(
        ("zh", "ж"),
        ("ts", "ц"),
        ("tz", "ц"),
        ("ph", "ф"),
        ("th", "т"),
        ("gh", "г"),
        ("dh", "д"),
        ("ck", "к"),
        ("qu", "кв"),
    ),
    *(("skyy", "ский"), ("sky", "ский"), ("skiy", "ский"), ("skii", "ский"), ("ski", "ский"), ("ou", "у"), ("oo", "у")),
    *(("ee", "и"), ("iya", "ия"), ("ia", "ия"), ("iy", "ий"), ("ya", "я"), ("yu", "ю"), ("yo", "е"), ("ye", "е")),
    *(("ay", "ай"), ("ey", "ей"), ("oy", "ой"), ("uy", "уй"), ("ai", "ай"), ("ei", "ей"), ("oi", "ой")),
    *(("skoye", "ское"), ("oye", "ое"), ("aya", "ая"), ("yy", "ый"), ("iye", "ие"), ("iyah", "ия"), ("ch'", "ч")),
    *(("uye", "уе"), ("aye", "ае"), ("eye", "ее"), ("iyi", "ии"), ("skyi", "ский"), ("yi", "ий"), ("ii", "ий")),
    *(("ce", "се"), ("ci", "си"), ("cy", "си")),
)
_ENDS_ONLY: Final = frozenset({"skyy", "sky", "skiy", "skii", "ski", "skyi", "yi", "ii"})
_READ_SINGLY: Final = "а б к д е ф г х и дж к л м н о п к р с т у в в кс и з"
_LETTERS: Final = dict(zip("abcdefghijklmnopqrstuvwxyz", _READ_SINGLY.split(), strict=True))
_PIECE: Final = re.compile(
    "|".join(
        f"{group}$" if group in _ENDS_ONLY else group for group, _ in sorted(_GROUPS, key=lambda pair: -len(pair[0]))
    )
    + "|[a-z]"
)
_READ: Final = {**dict(_GROUPS), **_LETTERS}
_DOUBLED: Final = re.compile(r"([бвгджзклмнпрстфх])\1")
_LATIN: Final = re.compile("[a-z]+")
_SHORTEST: Final = 4  # letters of a spelling; shorter ones are words of their own
_MOST: Final = 60  # spellings of a word; a long one with many doubtful letters would have hundreds
_CONSONANT: Final = "[бвгджзклмнпрстфхцчшщ]"

_Changes = tuple[tuple[str, re.Pattern[str], str], ...]


def _changes(*rows: tuple[str, str, str]) -> _Changes:
    """Letters without which a change has nothing to do (looking for them is cheap), what goes, what comes."""
    return tuple((letters, re.compile(old), new) for letters, old, new in rows)


_READINGS: Final = _changes(
    ("c", "c(?![hk])", "ts"),  # ц in Slavic names
    ("ow", "ow(?![aeiouy])", "ou"),  # Dowlat, Доулат
    ("x", "x", "kh"),  # Uzbek, Azerbaijani
    ("c", "c(?=[ei])", "dzh"),  # Turkish
    ("e", "(?<=[bcdfglmnprstz])e$", ""),  # Lahore
)
_ALTERNATIVES: Final = _changes(
    ("х", "х", "г"),  # Ukrainian and Belarusian г is written h
    ("й", f"(?<={_CONSONANT})й", "ы"),
    ("й", "й", "и"),
    ("дж", "дж", "ж"),
    ("й", "[йы]й$", "ий"),
    ("ии", "ии$", "ий"),
    ("ия", "ия(?=.)", "иа"),  # Авиатор
    ("е", "^е", "э"),
    ("ай", f"ай(?={_CONSONANT})", "ей"),  # Arabic: Suwayda, Сувейда
)
_OF_UKRAINE: Final = (
    # What Russian calls a place whose Latin name is made from the Ukrainian one
    _changes(
        ("ив", "ив(?=к[аи]$|ськ|ск|$)", "ов"),  # Львов, Петровка
        ("пил", "пил$", "поль"),
        ("пил", "пилл?[иь]?я$", "полье"),
        ("е", "(?<=[нк])е$", "ое"),
        ("ц", "[иы]ц[иь]?я$", "ица"),
        ("я", r"([жчшлнт])\1[иь]?я$", r"\1ье"),  # Запорожье
        ("ил", "^[бв]ил(?=[оа])", "бел"),
        ("пид", "^пид", "под"),
        ("чорн", "^чорн", "черн"),
        ("ирск", "[гх]ирск", "горск"),
        ("ичн", "ичн", "ечн"),
        ("ориж", "ориж", "орож"),
    ),
    _changes(("ив", "ив(?=к[аи]$|$)", "ев")),  # Киев
)
_UKRAINIAN: Final = _changes(
    ("иив", "иив", "иів"),
    ("ск", "ск", "ськ"),
    ("ая", "ая$", "а"),
    ("ое", "ое$", "е"),
    ("ы", "ы", "и"),
    ("и", "и(?=.)", "і"),
    ("е", "^е", "є"),
)
_BELARUSIAN: Final = _changes(
    ("и", "(?<=[жчшрц])и", "ы"),
    ("е", "(?<=[жчшрц])е", "э"),
    ("и", "и", "і"),
    ("т", "т(?=[іея])", "ц"),
    ("д", "д(?=[іея])", "дз"),
    ("в", f"(?<=[аеиоуыіяю])в(?={_CONSONANT}|$)", "у"),  # ў folds to у
)
_SERBIAN_PAIRS: Final = (("lj", "љ"), ("nj", "њ"), ("dž", "џ"))
_SERBIAN: Final = str.maketrans("abvgdezijklmnoprstufhcšđčćž", "абвгдезијклмнопрстуфхцшђчћж")
_SERBIAN_LETTERS: Final = re.compile("[a-pr-vzšđčćž]+")
_MARKED: Final = str.maketrans(
    {
        **dict.fromkeys("şšș", "sh"),
        **dict.fromkeys("čç", "ch"),
        **dict.fromkeys("žż", "zh"),
        **dict.fromkeys("ţț", "ts"),
        **dict.fromkeys("’ʼʹ", "'"),
        "đ": "dj",
        "ř": "rzh",
        "ć": "ch",
        "ñ": "n",
        "ü": "yu",
        "ö": "yo",
        "ı": "ы",  # stays, where all else becomes Latin
    }
)
_TURKISH: Final = re.compile("[şığçəüö]")
_PERSIAN: Final = re.compile("[āīū]")
_SHORT_A: Final = re.compile("a(?!\u0304)")
_HARD_L: Final = re.compile(f"л(?={_CONSONANT})")
_TURKISH_C: Final = re.compile("c(?!h)")
_SOFT: Final = re.compile(r"(?<=[bcdfghklmnpqrstvwxz])'")
_SOFT_SIGN: Final = "ь"


_LIKELY: Final = _changes(
    ("л", "(?<=[аеиоуыэюя])л(?=[бвгджзкмнпрстфхцчшщ])|(?<=е)л$", "ль"),  # Yeltsin, Ельцин; Israel, Израиль
    ("з", "(?<=[рльн])з$", "ц"),  # Merz, Мерц
    ("ай", f"ай(?={_CONSONANT})", "ей"),
    ("ский", "ский$", "ський"),
)


def cyrillic_spellings(word: str) -> frozenset[str]:
    """The likeliest Cyrillic spellings of a Latin name, folded or `by_marks`; empty for other scripts. A few, to be inflected."""
    if not _LATIN.fullmatch(word):
        return frozenset()
    spelt = _spelt(word)
    found = {spelt, _DOUBLED.sub(r"\1", spelt)}  # Assad: Ассад, Асад
    if word[0] == "e":
        found |= {"э" + one[1:] for one in found}  # Erdogan: Эрдоган, uk Ердоган
    return frozenset(_each(found, _LIKELY))


def by_marks(written: str) -> str:
    """A Latin name in plain small letters, with what its marks say written out: Vučić is vuchich, Dvořák dvorzhak."""
    return _plain(written.lower()).replace("'", "").replace("ы", "i")


def further_spellings(written: str) -> frozenset[str]:
    """Cyrillic spellings that are possible too, of a Latin name as its author wrote it: its marks say how it sounds.

    Not to be inflected: each is one guess more. At most some dozens.
    """
    lower = written.lower()
    plain = _plain(lower)
    found: set[str] = set()
    for text in _each({plain}, _READINGS):
        pieces = [_spelt(piece) for piece in _SOFT.split(text)]
        found |= {sign.join(pieces).replace("'", "") for sign in ("", _SOFT_SIGN)}
    if _TURKISH.search(lower):
        found |= {one.replace("к", "г") for one in found if "q" in plain}  # Azerbaijani
        found.add(_spelt(_TURKISH_C.sub("dzh", plain)))
        found |= {_HARD_L.sub("ль", one) for one in found}  # Seljuk, Сельджук
    if _PERSIAN.search(lower):
        found |= {_spelt(_plain(_SHORT_A.sub("e", lower)))}  # Jalālābād, Джелалабад
    found = _each(found, _ALTERNATIVES)
    for changes in _OF_UKRAINE:
        found |= {_all(changes, one) for one in found}
    found |= {_DOUBLED.sub(r"\1", one) for one in found}
    found |= {_all(_UKRAINIAN, one) for one in found} | _belarusian(found)
    if _SERBIAN_LETTERS.fullmatch(lower):
        serbian = lower
        for pair, letter in _SERBIAN_PAIRS:
            serbian = serbian.replace(pair, letter)
        found.add(serbian.translate(_SERBIAN))
    return frozenset(sorted(one for one in found if len(one) >= _SHORTEST)[:_MOST])


def _plain(lower: str) -> str:
    """Latin letters and apostrophes; what marks say is written with letters, and a dotless i, for which Latin has none, is ы."""
    return "".join(one for one in normalize("NFD", lower.translate(_MARKED)) if one in "'ы" or "a" <= one <= "z")


def _spelt(text: str) -> str:
    return _PIECE.sub(lambda match: _READ[match[0]], text)


def _belarusian(words: set[str]) -> set[str]:
    """With а for each о that is not stressed; which one is, nobody can tell."""
    found: set[str] = set()
    for word in words:
        spelt = _all(_BELARUSIAN, word)
        open_vowels = [at for at, letter in enumerate(spelt) if letter == "о"]
        all_closed = spelt.replace("о", "а")
        found |= {all_closed, *(all_closed[:at] + "о" + all_closed[at + 1 :] for at in open_vowels)}
    return found


def _each(words: set[str], changes: _Changes) -> set[str]:
    """The words, and those that any choice of the changes makes of them."""
    for letters, old, new in changes:
        changed = {old.sub(new, one) for one in words if letters in one}
        words = words | changed if changed else words
    return words


def _all(changes: _Changes, word: str) -> str:
    for letters, old, new in changes:
        if letters in word:
            word = old.sub(new, word)
    return word
