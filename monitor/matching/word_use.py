"""How often words stand in a sample of articles, and how: the evidence of `lint`. Pure; articles are put in one by one."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from monitor.matching.names import sound_key
from monitor.model import Article
from monitor.text.tokens import tokenise

_FEW = 5
"""Of fewer occurrences nothing is concluded."""
_ENOUGH = 100
"""From fewer articles nothing is concluded."""


@dataclass(slots=True)
class _Use:
    """One folded word in the sample."""

    articles: int = 0
    cased: int = 0
    """Occurrences in a script that has capitals."""
    small: int = 0
    """Of these, written without one at the beginning."""


@dataclass(slots=True)
class WordUse:
    """The words of a sample."""

    articles: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    """By rule, how many of the articles it hits."""
    _words: dict[str, _Use] = field(default_factory=dict)
    _sounds: dict[str, list[str]] | None = None
    _matched: dict[str, int] = field(default_factory=dict)

    def add(self, article: Article, rule_ids: Iterable[str] = ()) -> None:
        """Count the words of one more article, which these rules hit."""
        self.articles += 1
        self.hits.update(rule_ids)
        self._sounds = None
        self._matched.clear()
        here: set[str] = set()
        for text in (article.title, article.body):
            tokens = tokenise(text)
            for token, start in zip(tokens.folded, tokens.starts, strict=True):
                use = self._words.get(token)
                if use is None:
                    use = self._words[token] = _Use()
                first = text[start]
                if first.islower():
                    use.cased += 1
                    use.small += 1
                elif first.isupper():
                    use.cased += 1
                here.add(token)
        for token in here:
            self._words[token].articles += 1

    @property
    def tells(self) -> bool:
        """Whether there are enough articles to speak of shares."""
        return self.articles >= _ENOUGH

    def share(self, tokens: Iterable[str]) -> float:
        """At most what part of the articles has one of these folded words: their articles added up, from 0 to 1."""
        found = sum(self._words[token].articles for token in tokens if token in self._words)
        return min(1.0, found / self.articles) if self.articles else 0.0

    def alike(self, key: str) -> list[str]:
        """The words of the sample that sound like this key."""
        if self._sounds is None:
            self._sounds = {}
            for token in self._words:
                sound = sound_key(token)
                if sound is not None:
                    self._sounds.setdefault(sound, []).append(token)
        return self._sounds.get(key, [])

    def caught(self, pattern: re.Pattern[str]) -> float:
        """The share of articles with a word that a wildcard matches whole."""
        if pattern.pattern not in self._matched:
            found = [use.articles for token, use in self._words.items() if pattern.fullmatch(token)]
            self._matched[pattern.pattern] = sum(found)
        return min(1.0, self._matched[pattern.pattern] / self.articles) if self.articles else 0.0

    def written_small(self, token: str) -> tuple[int, int] | None:
        """How often a word is written without a capital, and how often at all; None when that is not telling: it stands
        in the sample too seldom, or its script has no capitals.
        """
        use = self._words.get(token)
        return (use.small, use.cased) if use is not None and use.cased >= _FEW else None
