"""Names: from what an author wrote to the written forms that count as it, each with its tier.

A name is a row of words. A word knows the folded tokens that are it (exact or inflected) and, where spelling by sound is
safe, a sound key that Latin, Cyrillic and Greek tokens are compared with. All forms are made here, when a rule is
compiled; an article's words are only looked up. A consonant skeleton is never used: the one of *Assad* is also that of
*said*, *used* and *side*. Context (`needs`, `not`, company) is the business of the rule, not of the name.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from monitor.model import Tier
from monitor.text.alternations import alternations
from monitor.text.clitics import with_article, with_clitics, without_article
from monitor.text.cyrillic import by_marks, cyrillic_spellings, further_spellings
from monitor.text.endings import inflect, plural, singular
from monitor.text.fold import fold
from monitor.text.scripts import script_of
from monitor.text.tokens import Tokens, tokenise

_TIER_ORDER: Final = (Tier.EXACT, Tier.ALIAS, Tier.INFLECTED, Tier.TRANSLITERATED)
_SOUND_SCRIPTS: Final = frozenset({"Latn", "Cyrl", "Grek"})
_CLEAR_ARTICLES: Final = "al el ash asch adh ath аль эль ал аш эш αλ ελ"
_DOUBTFUL_ARTICLES: Final = (
    "ad as asz at ar az an es esh ez ed ul ел ад ас ат ар аз ан ес ель эд эс эт эр эз эн ед ет ер ез еш"  # words, too
)
_ARTICLES: Final = frozenset(f"{_CLEAR_ARTICLES} {_DOUBTFUL_ARTICLES}".split())
_PLAIN_ARTICLES: Final = frozenset({"al", "аль", "эль", "ал", "αλ"})
"""Articles that may be told by themselves; the others need a hyphen (as, at, an and es are words of their own)."""
_HYPHENS: Final = frozenset("-‐‑‒–—’'")
_IN_CYRILLIC: Final = {
    **dict.fromkeys(("al", "el", "ul"), ("аль", "эль", "ель", "ал")),
    **dict.fromkeys(("ad", "ed"), ("ад", "эд", "ед")),
    **dict.fromkeys(("as", "es", "asz"), ("ас", "эс", "ес")),
    **dict.fromkeys(("ash", "esh", "asch", "ach"), ("аш", "эш", "еш")),
    **dict.fromkeys(("at", "ath"), ("ат", "эт", "ет")),
    "ar": ("ар", "эр", "ер"),
    **dict.fromkeys(("az", "ez", "adh"), ("аз", "эз", "ез")),
    "an": ("ан", "эн"),
}
"""An article apart, which is a word of its name (El Jadida), as Cyrillic writes it."""
ARTICLE_TOKENS: Final = {token: token in _PLAIN_ARTICLES for token in _ARTICLES}
"""The tokens that may be an Arabic article, and whether a blank may stand behind them (`article_before`)."""
ARTICLE_HYPHENS: Final = _HYPHENS
_APOSTROPHE: Final = re.compile(r"(?<=\w)['’‘ʼʻʿʾ`´′](?=\w)")
_HISSING: Final = re.compile("[šșčćžżđřŠȘČĆŽŻĐŘ]")
"""Letters whose marks say another sound wherever they are used, so that a name with one is heard by it."""
_SOFT_SIGNS: Final = frozenset("’ʼʹ'")
_MIN_CONSONANTS: Final = 3  # of a name of one word; a key of fewer hits common words
_MIN_TOGETHER: Final = 4  # of all words of a longer name
_MIN_HEARD: Final = 2  # of any word that has a key
_ARTICLE_AND_NAME: Final = 2  # tokens
_MIN_JOINED: Final = 4  # letters of a name that may be one word with its article
_FIRST_AND_LAST: Final = 2  # words
_MIN_SPELT: Final = 5  # letters of a name whose Cyrillic spelling is inflected


@dataclass(frozen=True, slots=True)
class NameWord:
    """One word of a name."""

    forms: Mapping[str, Tier]
    """Folded tokens that are this word, each exact or inflected."""
    key: str | None = None
    """The sound key (`sound_key`) when a token of the same sound counts as transliterated."""
    article: bool = False
    """Whether an article token may stand in front; it then belongs to the span."""


_ARTICLE_WORD: Final = NameWord(dict.fromkeys(_CLEAR_ARTICLES.split(), Tier.EXACT))
_APOSTROPHE_ENDINGS: Final = NameWord(
    dict.fromkeys(["a", "em", "owi", "u", "ego", "emu", "go", "mu", "m"], Tier.INFLECTED)
)


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to write a name: its words in order."""

    words: tuple[NameWord, ...]
    term: str
    """The name or alias as its author wrote it."""
    tier: Tier
    """Exact for a name, alias for an alias; an occurrence has the worse of this and its words' tiers."""


def worse(first: Tier, second: Tier) -> Tier:
    """The later of two tiers in the order exact, alias, inflected, transliterated."""
    return max(first, second, key=_TIER_ORDER.index)


def is_article(token: str) -> bool:
    """Whether a folded token is a way to write the Arabic article: al, el, ash, аль, эль and others."""
    return token in _ARTICLES


def article_before(tokens: Tokens, index: int) -> bool:
    """Whether the token in front of `index` is an article that belongs to it.

    `al` may stand apart; `as`, `at`, `es` and the like must be tied to the word by a hyphen, since they are words too.
    """
    if index == 0 or tokens.folded[index - 1] not in _ARTICLES:
        return False
    between = tokens.text[tokens.ends[index - 1] : tokens.starts[index]]
    return between in _HYPHENS or (between == " " and tokens.folded[index - 1] in _PLAIN_ARTICLES)


def variants(
    name: str, *, alias: bool = False, exact: bool = False, tiers: Mapping[str, bool] | None = None
) -> tuple[Variant, ...]:
    """The ways to write a name. `exact` leaves folding alone; a tier that is false in `tiers` is left out.

    Empty when the name has no letter or digit, or its own tier is off. The first variant is the name as it was written.
    """
    tier = Tier.ALIAS if alias else Tier.EXACT
    allowed = {one for one in _TIER_ORDER if (tiers or {}).get(one, True)}
    if tier not in allowed:
        return ()
    found: list[Variant] = []
    for spelling in _spellings(name):
        tokens = tokenise(spelling)
        if exact:
            rows = [_exact_words(tokens)]
        else:
            words = _words(tokens, allowed)
            rows = [words, _by_sound_behind_article(tokens, allowed), _with_apostrophe(words, tokens, allowed)]
        for row in rows:
            variant = Variant(row, name, tier)
            if row and variant not in found:
                found.append(variant)
    return tuple(found)


def inflections(word: str) -> Mapping[str, Tier]:
    """The folded tokens that count as a plain word of a query: itself exact, its other forms inflected."""
    folded = fold(word)
    forms = dict.fromkeys(_changed(folded, name=word[:1].isupper()), Tier.INFLECTED)
    return {**forms, folded: Tier.EXACT}


def _changed(folded: str, *, name: bool) -> frozenset[str]:
    if folded.isascii():
        return plural(folded) | (inflect(folded) if name else singular(folded) | alternations(folded))
    forms = inflect(folded, wide=not name) | with_clitics(folded) | {form for form in (with_article(folded),) if form}
    return forms if name else forms | alternations(folded)


def _spellings(name: str) -> Iterable[str]:
    """The name, and without the apostrophes inside its words, and with those that tokens would lose."""
    yield name
    if _APOSTROPHE.search(name):
        yield _APOSTROPHE.sub("", name)
        yield _APOSTROPHE.sub("'", name)


def _exact_words(tokens: Tokens) -> tuple[NameWord, ...]:
    return tuple(NameWord({token: Tier.EXACT}) for token in tokens.folded)


def _words(tokens: Tokens, allowed: set[Tier]) -> tuple[NameWord, ...]:
    """The words of a name with all forms that its tiers allow; its own articles become optional."""
    kept = [index for index in range(len(tokens)) if index + 1 == len(tokens) or not article_before(tokens, index + 1)]
    sounds = "".join(sound_key(tokens.folded[index]) or "" for index in kept)
    heard = len(_CONSONANTS.findall(sounds)) >= (_MIN_CONSONANTS if len(kept) == 1 else _MIN_TOGETHER)
    frozen = frozenset(allowed)
    return tuple(
        _word(
            tokens.folded[index],
            _written(tokens, index),
            frozen,
            alone=len(kept) == 1,
            joined=article_before(tokens, index),
            heard=heard,
        )
        for index in kept
    )


def _written(tokens: Tokens, index: int) -> str:
    """A word as its author wrote it, with the apostrophe at its end that stands for a soft sign: Yelan’."""
    end = tokens.ends[index]
    return tokens.text[tokens.starts[index] : end + (tokens.text[end : end + 1] in _SOFT_SIGNS)]


def _by_sound_behind_article(tokens: Tokens, allowed: set[Tier]) -> tuple[NameWord, ...]:
    """A name of one word and few consonants, given with its article: by sound where an article stands in front.

    Sharaa alone is too short for a key; al-Scharaa and al-Charaa are not mistaken for anything else.
    """
    if len(tokens) != _ARTICLE_AND_NAME or not article_before(tokens, 1) or Tier.TRANSLITERATED not in allowed:
        return ()
    token = tokens.folded[1]
    key = sound_key(token)
    if key is None or len(_CONSONANTS.findall(key)) >= _MIN_CONSONANTS:
        return ()
    return _ARTICLE_WORD, NameWord({token: Tier.EXACT}, key)


def _with_apostrophe(words: tuple[NameWord, ...], tokens: Tokens, allowed: set[Tier]) -> tuple[NameWord, ...]:
    """A first name with an ending behind an apostrophe, which is a token of its own: Polish Jean-Claude'a Junckera."""
    if len(words) < _FIRST_AND_LAST or Tier.INFLECTED not in allowed:
        return ()
    first = tokens.folded[-2]
    if not (first.isascii() and len(first) >= _MIN_JOINED and first[-1] in "eioy"):
        return ()
    return (*words[:-1], _APOSTROPHE_ENDINGS, words[-1])


@lru_cache(maxsize=8192)
def _word(token: str, written: str, allowed: frozenset[Tier], *, alone: bool, joined: bool, heard: bool) -> NameWord:
    """A word of a name. Remembered, since the rules of a large set share their first names and places."""
    script = script_of(token)
    forms: dict[str, Tier] = {}
    by_sound = Tier.TRANSLITERATED in allowed and script in _SOUND_SCRIPTS
    if by_sound and script == "Latn":
        inflected = Tier.INFLECTED in allowed and (len(token) >= _MIN_SPELT or not alone)
        spelt = _cyrillic(token, written, inflected=inflected)
        # A name of few consonants is too much like other words; spelt out with five letters it is not.
        forms |= {form: Tier.TRANSLITERATED for form in spelt if heard or len(form) >= _MIN_SPELT or token in _ARTICLES}
    if Tier.INFLECTED in allowed:
        forms |= dict.fromkeys(inflect(token, wide=not alone) | with_clitics(token), Tier.INFLECTED)
    forms |= dict.fromkeys(_with_article(token, alone=alone, joined=joined), Tier.EXACT)
    key = sound_key(by_marks(written) if _HISSING.search(written) else token) if by_sound and heard else None
    return NameWord(forms, key, article=script in _SOUND_SCRIPTS)


def _cyrillic(token: str, written: str, *, inflected: bool) -> frozenset[str]:
    """The likely spellings of a Latin word in Cyrillic; the likeliest with their endings."""
    found = further_spellings(written).union(_IN_CYRILLIC.get(token, ()))
    if inflected:
        likely = cyrillic_spellings(token) | cyrillic_spellings(by_marks(written))
        found |= frozenset().union(*map(inflect, likely))
    return found


def _with_article(token: str, *, alone: bool, joined: bool) -> set[str]:
    """The token, and as one word with the article that may stand in front of it.

    An Arabic name with ال loses it only in company: alone, الصدر (al-Sadr) would be any صدر ("was issued").
    """
    found = {token, with_article(token) or token}
    if not alone:
        found.add(without_article(token))
    if joined and len(token) >= _MIN_JOINED and token.isascii():
        found |= {"al" + token, "el" + token}  # Alsharaa
    return found


# Sound keys -----------------------------------------------------------------------------------------------------------

_TO_LATIN: Final = str.maketrans(
    {
        **dict(zip("абвгдезийклмнопрстуфхцыэіјѕ", "abvgdeziiklmnoprstufhCieiiz", strict=True)),
        "ж": "J",
        "ч": "S",
        "ш": "S",
        "щ": "S",
        "џ": "J",
        "ђ": "J",
        "ћ": "S",
        "ь": "",
        "ъ": "",
        "ю": "iu",
        "я": "ia",
        "ї": "i",
        "є": "e",
        "ґ": "g",
        "ў": "v",
        **dict(zip("ғқҳҷөүұәһңҙҡҫҝҥѵ", "gkhJouuahnzkskni", strict=True)),  # Kazakh, Uzbek, Tajik, Tatar, Bashkir
        "җ": "J",
        "љ": "li",
        "њ": "ni",
        **dict(zip("αβγδεζηθικλμνξοπρσςτυφχψω", "avgdezitiklmnxoprsstifhpo", strict=True)),
    }
)
_LATIN_GROUPS: Final = (
    "tsch=S tch=S shch=S sch=S dsch=J dzh=J zh=J dj=J sh=S sz=S cz=S ch=S kh=h gh=g ph=f th=t dh=d ts=C tz=C ck=k ks=x "
    "ou=u oo=u w=v ye=e"
)
_OTHER_GROUPS: Final = "йе=e дж=J тс=C кс=x ου=u μπ=b ντ=d γκ=g τσ=C τζ=J αι=e ει=i"
_SOUNDS: Final = dict(pair.split("=") for pair in f"{_LATIN_GROUPS} {_OTHER_GROUPS}".split())
_GROUP: Final = re.compile("|".join(_SOUNDS))
_BY_NEIGHBOUR: Final = re.compile(
    r"(?P<g>gu(?=[ei]))|(?P<s>c(?=[eiy]))|(?P<k>qu(?=[aei])|[cq])|(?P<J>j(?=i)|(?<![aeiouy])j)|(?P<i>[jy])"
)
"""Latin letters that are read by what stands next to them; the group is the sound."""
_SILENT_H: Final = re.compile("(?<=[aeiou])h$")
_CYRILLIC_OR_GREEK: Final = re.compile("[\u0400-\u052f]+|[\u0370-\u03ff]+")
_CLASSES: Final = str.maketrans("eyo", "iiu")
_DOUBLED: Final = re.compile(r"(.)\1+")
_LONGEST: Final = 40
_CONSONANTS: Final = re.compile("[^aiu]")


@lru_cache(maxsize=65536)
def sound_key(token: str) -> str | None:
    """How a folded Latin, Cyrillic or Greek token sounds, roughly: digraphs are one letter, e is i, o is u, doubles are one.

    None for fewer than two consonants, digits, other scripts, and words of more than 40 letters.
    """
    if len(token) > _LONGEST:
        return None
    text = _GROUP.sub(lambda match: _SOUNDS[match[0]], _SILENT_H.sub("", token))
    if token.isascii() and token.isalpha():
        text = _BY_NEIGHBOUR.sub(lambda match: str(match.lastgroup), text)
    elif _CYRILLIC_OR_GREEK.fullmatch(token):
        text = text.translate(_TO_LATIN)
    else:
        return None
    key = _DOUBLED.sub(r"\1", text.translate(_CLASSES))
    return key if len(_CONSONANTS.findall(key)) >= _MIN_HEARD else None
