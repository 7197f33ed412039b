"""What people would use instead, each as well as it can be used from Python.

`re` gets one alternation a clause. spaCy and ahocorasick_rs find phrases; rules are then decided here, by the rarest
clause that each requires, as the product does it: without that they would be slower still. Words are folded and cut by the
product's fold and one pattern, which takes half the time of its tokeniser, for no rival needs offsets.
"""

import importlib.util
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from bench.matching.engines import Engine, InProcess
from bench.matching.made import Clause, Made, Near
from bench.matching.oracle import words
from bench.matching.postgres import Postgres
from monitor.model import Article
from monitor.text.fold import fold

_WORD = re.compile(r"[^\W_]+")
_MARKED = re.compile("[\u0900-\u1aaf\u1b00-\u1dbf\ua800-\uabff]")
_BETWEEN = "\x1e"
"""A token between title and body that no phrase holds."""
_UNSPACED_SEEN = re.compile("[\u0e00-\u109f\u1780-\u17ff\u3005-\u9fff\uf900-\ufaff]")


def quick_words(text: str) -> Sequence[str]:
    """The product's words, without their places."""
    folded = fold(text)
    if not folded.isascii() and (_UNSPACED_SEEN.search(folded) or _MARKED.search(folded)):
        return words(text)
    return _WORD.findall(folded)


class Deciding:
    """Which rules hold, given the phrases that occur."""

    def __init__(self, rules: Iterable[Made], frequency: Mapping[str, int]) -> None:
        self.phrases: dict[tuple[str, ...], int] = {}
        self._frequency = frequency
        self._ids: list[str] = []
        self._clauses: list[tuple[frozenset[int], ...]] = []
        self._none: list[frozenset[int]] = []
        self._near: list[tuple[int, frozenset[int], frozenset[int]] | None] = []
        self._posted: dict[int, list[int]] = defaultdict(list)
        for number, made in enumerate(rules):
            self._ids.append(made.id)
            required = sorted((self._atoms(clause) for clause in made.required), key=lambda one: one[1])
            for atom in required[0][0]:
                self._posted[atom].append(number)
            self._clauses.append(tuple(atoms for atoms, _ in required[1:]))
            self._none.append(self._atoms(made.none_of)[0])
            self._near.append(self._sides(made.near))
        self.lengths = [len(phrase) for phrase in self.phrases]

    def _atoms(self, clause: Clause) -> tuple[frozenset[int], int]:
        """Phrases as even numbers, those of the title alone as odd ones; and how often any occurs, by its rarest word."""
        atoms, often = [], 0
        for phrase in clause:
            cut = words(phrase.text)
            atoms.append(2 * self.phrases.setdefault(cut, len(self.phrases)) + phrase.title)
            often += min(self._frequency.get(word, 0) for word in cut)
        return frozenset(atoms), often

    def _sides(self, near: Near | None) -> tuple[int, frozenset[int], frozenset[int]] | None:
        return (near.words, self._atoms(near.left)[0], self._atoms(near.right)[0]) if near else None

    def hits(self, found: Mapping[int, list[int]], title_end: int, token_at: Callable[[int], int]) -> list[str]:
        """The ids of the rules that hold, given where each phrase begins, in the rival's own offsets."""
        atoms = {2 * phrase for phrase in found}
        atoms.update(2 * phrase + 1 for phrase, starts in found.items() if min(starts) < title_end)
        hit = []
        for number in {number for atom in atoms for number in self._posted.get(atom, ())}:
            if not self._none[number].isdisjoint(atoms) or any(one.isdisjoint(atoms) for one in self._clauses[number]):
                continue
            near = self._near[number]
            if near is None or self._close(near, found, title_end, token_at):
                hit.append(self._ids[number])
        return hit

    def _close(self, near, found, title_end, token_at) -> bool:
        distance, *sides = near
        left, right = (
            [
                (start < title_end, token_at(start), token_at(start) + self.lengths[atom >> 1])
                for atom in side
                for start in found.get(atom >> 1, ())
            ]
            for side in sides
        )
        return any(
            field == other and (0 <= begin - end <= distance or 0 <= start - finish <= distance)
            for field, start, end in left
            for other, begin, finish in right
        )


class Regular(InProcess):
    """`re`: an alternation for each clause of each rule, over the folded words."""

    name = "Python re"

    def __init__(self, rules: Sequence[Made], _frequency: Mapping[str, int]) -> None:
        self._rules = [
            (made.id, [self._pattern(one) for one in made.required], self._pattern(made.none_of), made.near)
            for made in rules
        ]

    def _pattern(self, clause: Clause) -> tuple[re.Pattern[str], bool] | None:
        rows = "|".join(" ".join(words(one.text)) for one in clause)
        return (re.compile(f" (?:{rows}) "), clause[0].title) if clause else None

    def hits(self, article: Article) -> list[str]:
        title = " ".join(("", *quick_words(article.title), ""))
        whole = f"{title}{_BETWEEN}{' '.join(('', *quick_words(article.body), ''))}"
        hit = []
        for name, required, none_of, near in self._rules:
            if not all(pattern.search(title if in_title else whole) for pattern, in_title in required):
                continue
            if none_of and none_of[0].search(whole):
                continue
            if near is None or self._close(near, whole):
                hit.append(name)
        return hit

    def _close(self, near: Near, whole: str) -> bool:
        texts = [part.split() for part in whole.split(_BETWEEN)]
        return any(
            0 <= begin - end <= near.words or 0 <= start - finish <= near.words
            for text in texts
            for start, end in self._spans(near.left, text)
            for begin, finish in self._spans(near.right, text)
        )

    def _spans(self, clause: Clause, text: list[str]) -> list[tuple[int, int]]:
        found = []
        for phrase in clause:
            sought = list(words(phrase.text))
            for start, word in enumerate(text):
                if word == sought[0] and text[start : start + len(sought)] == sought:
                    found.append((start, start + len(sought)))
        return found


class Aho(InProcess):
    """ahocorasick_rs over the bytes of the folded words, and rules decided in Python."""

    name = "ahocorasick_rs + Python"

    def __init__(self, rules: Sequence[Made], frequency: Mapping[str, int]) -> None:
        import ahocorasick_rs  # noqa: PLC0415 - not there unless rivals were installed

        self._deciding = Deciding(rules, frequency)
        rows = [f" {' '.join(phrase)} ".encode() for phrase in self._deciding.phrases]
        self._automaton = ahocorasick_rs.BytesAhoCorasick(rows)

    def hits(self, article: Article) -> list[str]:
        title = " ".join(("", *quick_words(article.title), _BETWEEN)).encode()
        text = title + " ".join(("", *quick_words(article.body), "")).encode()
        found: dict[int, list[int]] = defaultdict(list)
        for phrase, start, _ in self._automaton.find_matches_as_indexes(text, overlapping=True):
            found[phrase].append(start)
        spaces: list[int] = []

        def token_at(start: int) -> int:
            if not spaces:
                spaces.extend(match.start() for match in re.finditer(b" ", text))
            return bisect_right(spaces, start)

        return self._deciding.hits(found, len(title) - 1, token_at)


class Spacy(InProcess):
    """spaCy's PhraseMatcher over words that are cut already, and rules decided in Python."""

    name = "spaCy PhraseMatcher + Python"

    def __init__(self, rules: Sequence[Made], frequency: Mapping[str, int]) -> None:
        from spacy.matcher import PhraseMatcher  # noqa: PLC0415 - as above
        from spacy.tokens import Doc  # noqa: PLC0415
        from spacy.vocab import Vocab  # noqa: PLC0415

        self._deciding = Deciding(rules, frequency)
        self._doc, self._vocab = Doc, Vocab()
        self._matcher = PhraseMatcher(self._vocab, attr="ORTH", validate=False)
        self._numbers = {}
        for phrase, number in self._deciding.phrases.items():
            self._matcher.add(str(number), [Doc(self._vocab, words=list(phrase))])
            self._numbers[self._vocab.strings[str(number)]] = number

    def hits(self, article: Article) -> list[str]:
        title = [*quick_words(article.title), _BETWEEN]
        found: dict[int, list[int]] = defaultdict(list)
        for key, start, _ in self._matcher(self._doc(self._vocab, words=[*title, *quick_words(article.body)])):
            found[self._numbers[key]].append(start)
        return self._deciding.hits(found, len(title) - 1, int)


RIVALS: dict[str, Callable[[Sequence[Made], Mapping[str, int]], Engine]] = {
    "re": Regular,
    "ahocorasick": Aho,
    "spacy": Spacy,
    "postgres": Postgres,
}
_NEEDS = {"ahocorasick": ("ahocorasick_rs",), "spacy": ("spacy",), "postgres": ("psycopg",)}


def absent(rival: str) -> str | None:
    """Why a rival cannot run here, as a sentence; None when it can."""
    missing = [name for name in _NEEDS.get(rival, ()) if importlib.util.find_spec(name) is None]
    if missing:
        return f"{rival} is left out: {', '.join(missing)} is not installed (`make bench-matching` installs it)."
    if rival == "postgres" and not Postgres.programs():
        return "postgres is left out: no initdb and postgres on this machine."
    return None


def frequencies(articles: Iterable[Article]) -> Counter[str]:
    """In how many articles each word stands."""
    return Counter(word for one in articles for word in {*words(one.title), *words(one.body)})
