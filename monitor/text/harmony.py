"""Case endings that stick to a name: Turkish, Finnish, Estonian, Hungarian, Lithuanian, Latvian.

Closed lists, written from grammars, for folded Latin words of five letters or more. What folding takes away (ı and i, ö and o)
is not told apart again: both forms are made, for a form that does not exist is met by nobody. Left out, as in `endings`:
single letters that make other words (-n makes Syria into Syrian, -i Israel into Israeli), and what is met in widely read
languages. A name with an apostrophe in front of its ending needs nothing: folding cuts there.
"""

from functools import lru_cache
from typing import Final

_VOWELS: Final = frozenset("aeiouy")
_SHORTEST: Final = 5
_WEAK: Final = {
    "kk": "k", "pp": "p", "tt": "t", "nk": "ng", "nt": "nn", "mp": "mm", "lt": "ll", "rt": "rr",
}  # fmt: skip
"""Finnish: two consonants in front of the last vowel, and what they become in front of most endings."""

_TURKISH_BEHIND_VOWEL: Final = "nin nun ya ye yi yu da de dan den yla yle daki deki"
_TURKISH_BEHIND_CONSONANT: Final = "da de ta te dan den tan ten la le lar ler lari leri larin lerin daki deki taki teki"
_FINNISH: Final = "ssa sta lla lle lta ksi"
_ESTONIAN: Final = "st le lt ks ga ni"
_HUNGARIAN: Final = "ban ben bol rol tol nak nek nal nel hoz hez ert ba be ra re"
_BEHIND_VOWEL: Final = tuple(f"{_TURKISH_BEHIND_VOWEL} {_FINNISH} {_ESTONIAN} {_HUNGARIAN} val vel".split())
_FINNIC_BEHIND_CONSONANT: Final = "in ille illa ilta issa iin iksi ile ilt iga isse iks"
_LITHUANIAN: Final = "as ui"
_BEHIND_CONSONANT: Final = tuple(
    f"{_TURKISH_BEHIND_CONSONANT} {_HUNGARIAN} {_FINNIC_BEHIND_CONSONANT} {_LITHUANIAN}".split()
)
_BALTIC: Final = (
    ("as", 2, "o ui u"),  # Lithuanian Putinas
    ("is", 2, "io iui iu yje"),
    ("a", 1, "os oje ai"),  # Lithuanian Maskva, Latvian Maskava
    ("e", 1, "es ei eje"),
)


@lru_cache(maxsize=4096)
def with_case_endings(word: str) -> frozenset[str]:
    """The forms of a folded name of plain Latin letters; empty for short words and any others."""
    if len(word) < _SHORTEST or not (word.isascii() and word.isalpha()):
        return frozenset()
    last = word[-1]
    if last not in _VOWELS:
        doubled = (word + last + "al", word + last + "el")  # Hungarian Trumppal: with
        latvian = (
            [word[:-1] + end for end in ("a", "am", "u")] if last == "s" and word[-2] not in _VOWELS | {"s"} else []
        )
        return frozenset([word + end for end in _BEHIND_CONSONANT] + [*doubled, *latvian] + _baltic(word))
    forms = [word + end for end in _BEHIND_VOWEL]
    forms += [word + last + "n"]  # Finnish Moskovaan: into
    weak = _WEAK.get(word[-3:-1])
    if weak is not None:
        forms += [word[:-3] + weak + last + end for end in ("n", *_FINNISH.split())]  # Helsinki, Helsingissä
    return frozenset(forms + _baltic(word))


def _baltic(word: str) -> list[str]:
    return [word[:-cut] + end for ending, cut, ends in _BALTIC if word.endswith(ending) for end in ends.split()]
