"""What a made rule means, plainly: every rule is held against every article, phrase by phrase.

Slow on purpose, and short enough to be read. Words come from a function, so that the same meaning can be asked with the
product's words and with those of whoever made the rules.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from bench.matching.made import Clause, Made
from monitor.model import Article
from monitor.text.tokens import tokenise

Words = Callable[[str], Sequence[str]]
Span = tuple[str, int, int]
"""Field, first word, word behind the last."""


def words(text: str) -> tuple[str, ...]:
    """The words of a text as the product cuts them."""
    return tokenise(text).folded


class Oracle:
    """Answers for a set of rules."""

    def __init__(self, rules: Iterable[Made], cut: Words = words) -> None:
        self._cut = cut
        self._rules = list(rules)
        self._known: dict[str, tuple[str, ...]] = {}
        for made in self._rules:
            for phrase in made.phrases:
                if phrase.text not in self._known:
                    self._known[phrase.text] = tuple(cut(phrase.text))

    def hits(self, article: Article) -> set[str]:
        """The ids of the rules that hold."""
        view = {"title": self._view(article.title), "body": self._view(article.body)}
        return {made.id for made in self._rules if self._holds(made, view)}

    def _view(self, text: str) -> tuple[list[str], dict[str, list[int]]]:
        cut = list(self._cut(text))
        places: dict[str, list[int]] = defaultdict(list)
        for place, word in enumerate(cut):
            places[word].append(place)
        return cut, dict(places)

    def _spans(self, clause: Clause, view: dict) -> Iterator[Span]:
        for phrase in clause:
            sought = self._known[phrase.text]
            for field in ("title",) if phrase.title else ("title", "body"):
                cut, places = view[field]
                for start in places.get(sought[0], ()):
                    end = start + len(sought)
                    if tuple(cut[start:end]) == sought:
                        yield field, start, end

    def _occurs(self, clause: Clause, view: dict) -> bool:
        return next(self._spans(clause, view), None) is not None

    def _holds(self, made: Made, view: dict) -> bool:
        if not all(self._occurs(clause, view) for clause in made.all_of) or self._occurs(made.none_of, view):
            return False
        if made.near is None:
            return True
        right = list(self._spans(made.near.right, view))
        return any(
            field == other and (0 <= begin - end <= made.near.words or 0 <= start - finish <= made.near.words)
            for field, start, end in self._spans(made.near.left, view)
            for other, begin, finish in right
        )
