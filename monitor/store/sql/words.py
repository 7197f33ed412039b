"""Words of the full-text index: how texts go into it and how a search asks it.

The index holds folded text, cut at the same places as the words of rules: a search finds what a rule would find, whatever
the marks and case. Scripts without spaces go in one character a word, and what stands together in a search must stand
together in the text. Nothing that a person types is syntax.
"""

import re

from monitor.text.fold import fold
from monitor.text.tokens import tokenise

_MOST = 64
"""Words of one search; what is beyond says nothing more."""
_MAYBE_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\u3000-\u9fff\ua9e0-\uaa7f\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U000323af]"
)
"""More than the scripts without spaces, so that the quick way is only taken where it is the same."""


def indexed(text: str) -> str:
    """A text as the index takes it."""
    if _MAYBE_UNSPACED.search(text):
        return " ".join(tokenise(text).folded)
    return fold(text)


def phrases(text: str) -> list[list[str]]:
    """The words of a search, those with nothing between them as one phrase; none when there is nothing to ask."""
    tokens = tokenise(text)
    found: list[list[str]] = []
    for number, word in enumerate(tokens.folded[:_MOST]):
        if number and tokens.starts[number] == tokens.ends[number - 1]:
            found[-1].append(word)
        else:
            found.append([word])
    return found
