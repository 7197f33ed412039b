"""What makes two articles copies: the same address, the same text, nearly the same wording."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from monitor.model import Article
from monitor.stories.lexicon import number_of
from monitor.text.fold import fold

_END: Final = 300  # characters
_ABOUT: Final = 500  # characters: spaces and marks may differ
_SHORTEST: Final = 3  # words of a text that tells something
_TRACKING: Final = re.compile(
    r"(?:utm_|mc_|pk_|at_|ns_|xtor$|fbclid$|gclid$|dclid$|yclid$|msclkid$|igshid$|cmp$|cmpid$|ref$|ref_src$|source$|rss$|ito$|"
    r"ocid$|smid$|partner$|feedtype$|feedname$|mtitle$|mdesc$|mimg)",
    re.IGNORECASE,
)
_HOST: Final = re.compile(r"^(?:www\d?|m|mobile|amp)\.")
_AMP: Final = re.compile(r"(?:/amp|\.amp|/index\.\w+)?/*$")
_WORDS: Final = re.compile(r"[^\W_]+")


def canonical(url: str | None) -> str | None:
    """An address without what does not change the page: scheme, www., amp, tracking, fragment, order of arguments.

    None for no address, one that cannot be read, and a front page, which is not the address of an article.
    """
    try:
        parts = urlsplit(url or "")
        host = _HOST.sub("", (parts.hostname or "").lower())
    except ValueError:
        return None
    path = _AMP.sub("", parts.path)
    query = urlencode(sorted(pair for pair in parse_qsl(parts.query) if not _TRACKING.match(pair[0])))
    if not host or not (path or query):
        return None
    return f"{host}{path}?{query}" if query else f"{host}{path}"


def text_number(article: Article, order: Sequence[str]) -> int:
    """Equal for articles with the same words in the same order; 0 for a text that says nothing.

    `order` has the words that were read of the beginning; of a longer text its end and length count too.
    """
    if len(order) < _SHORTEST:
        return 0
    end = _WORDS.findall(fold(article.body[-_END:])) if len(article.body) > _END else []
    return number_of(" ".join([*order, str(len(article.body) // _ABOUT), *end[1:]]))


def resemblance(first: Sequence[int], second: Sequence[int]) -> float:
    """The part of all runs of words that two texts share, from their sketches (bottom-k, Broder 1997); 0 without any."""
    most = max(len(first), len(second))
    both = sorted(set(first) | set(second))[:most]
    common = set(first) & set(second)
    return sum(one in common for one in both) / len(both) if both else 0.0
