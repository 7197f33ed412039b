"""Evaluate a compiled rule on an article: the meaning of the language, plainly.

A query holds or not, and has *occurrences*: places in a field, each with the spans that made it. Positions count the
tokens of a field; title and body are separate, and nothing reaches from one into the other. This is the oracle: the
index only decides which rules are worth asking.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from monitor.matching.compile import Bag, Names, Node, Pattern, Row
from monitor.matching.names import NameWord, Variant, article_before, is_article, sound_key, worse
from monitor.matching.places import (
    NOTHING,
    Held,
    Mark,
    Neighbours,
    Place,
    apart,
    count,
    distinct,
    keep,
    longest_only,
    near_any,
    outside,
    pairs,
    together,
    window,
)
from monitor.matching.query import (
    TEXT_FIELDS,
    VALUE_FIELDS,
    And,
    AtLeast,
    Field,
    First,
    Join,
    Named,
    Near,
    Not,
    Or,
    Phrase,
    Word,
)
from monitor.model import Article, Tier
from monitor.text.fold import fold
from monitor.text.scripts import scripts_in
from monitor.text.tokens import Tokens, tokenise

_MOST_FOUND = 10_000
"""Of a regular expression in a field: the number that ATLEAST can ask for, and no text has that was written for people."""
_HALF = re.compile("[\\ud800-\\udfff]")
"""Half of a surrogate pair, which RE2 cannot read."""


_FIELDS = ("title", "body", "author", "url", "category")


def texts_of(article: Article) -> tuple[str, str, str, str, str]:
    """What is searched of an article: title, body, author, URL, categories."""
    categories = "\n\n".join(article.categories) if article.categories else ""
    return article.title, article.body, article.author or "", article.url or "", categories


class Text:
    """An article as the evaluator sees it: fields tokenised once, tokens looked up by their folded form."""

    def __init__(self, article: Article) -> None:
        self.article = article
        self.texts: dict[str, str] = dict(zip(_FIELDS, texts_of(article), strict=True))
        self._tokens: dict[str, Tokens] = {}
        self._at: dict[str, dict[str, list[int]]] = {}
        self._sounds: dict[str, dict[str, list[str]]] = {}
        self.names: dict[tuple[int, str], tuple[Place, ...]] = {}
        """Occurrences of names that several rules share, by identity and field."""

    def tokens(self, name: str) -> Tokens:
        """The tokens of a field."""
        if name not in self._tokens:
            self._tokens[name] = tokenise(self.texts[name])
        return self._tokens[name]

    def at(self, name: str) -> Mapping[str, list[int]]:
        """Where each folded token of a field stands."""
        if name not in self._at:
            places: dict[str, list[int]] = {}
            for position, token in enumerate(self.tokens(name).folded):
                places.setdefault(token, []).append(position)
            self._at[name] = places
        return self._at[name]

    def sounds(self, name: str) -> Mapping[str, list[str]]:
        """The tokens of a field by how they sound."""
        if name not in self._sounds:
            found: dict[str, list[str]] = {}
            for token in self.at(name):
                key = sound_key(token)
                if key is not None:
                    found.setdefault(key, []).append(token)
            self._sounds[name] = found
        return self._sounds[name]

    @cached_property
    def scripts(self) -> frozenset[str]:
        """The scripts of title and body."""
        return scripts_in(f"{self.article.title} {self.article.body}")

    def value(self, name: str) -> tuple[str, ...]:
        """What a value field may be compared with."""
        match name:
            case "feed":
                return (self.article.feed_id,)
            case "outlet":
                return (self.article.outlet or "",)
            case "lang":
                lang = self.article.lang or ""
                return (lang, lang.partition("-")[0])
            case _:
                return tuple(self.scripts)


@dataclass(slots=True)
class Evaluation:
    """One rule on one article. `clauses` collects the named clauses that held."""

    text: Text
    clauses: list[str] = field(default_factory=list)

    # conditions

    def node(self, node: Node, fields: Sequence[str]) -> Held:
        """Whether a query holds in these fields, and where. Clauses named inside what does not hold are forgotten."""
        fired = len(self.clauses)
        held = self._node(node, fields)
        if not held.holds:
            del self.clauses[fired:]
        return held

    def _node(self, node: Node, fields: Sequence[str]) -> Held:
        match node.query:
            case And():
                return self._and(node, fields)
            case Or():
                found = [self.node(part, fields) for part in node.parts]
                places = tuple(place for one in found for place in one.places)
                return Held(any(one.holds for one in found), distinct(places))
            case Not():
                return Held(not Evaluation(self.text).node(node.parts[0], fields).holds)
            case Near():
                return self._near(node, node.query, fields)
            case Field(name, _) if name in VALUE_FIELDS:
                return Held(_equal(node.parts[0], self.text.value(name)))
            case Field(name, _):
                return self.node(node.parts[0], (name,))
            case _:
                return self._filtered(node, fields)

    def _and(self, node: Node, fields: Sequence[str]) -> Held:
        places: list[Place] = []
        for part in node.parts:
            held = self.node(part, fields)
            if not held.holds:
                return NOTHING
            places += held.places
        return Held(holds=True, places=distinct(places))

    def _filtered(self, node: Node, fields: Sequence[str]) -> Held:
        """Unary forms that keep some of the places of their part, and leaves."""
        if node.leaf is not None:
            places = tuple(place for name in fields for place in self._leaf(node, name))
            return Held(bool(places), places)
        held = self.node(node.parts[0], fields)
        match node.query:
            case AtLeast(least, _):
                return held if count(held.places) >= least else NOTHING
            case First(words, _):
                return keep(held, lambda place: place.last < words)
            case Named(name, _):
                if held.holds and name not in self.clauses:
                    self.clauses.append(name)
                return held
            case _:  # LEAD
                return keep(held, self._leads)

    def _leads(self, place: Place) -> bool:
        tokens = self.text.tokens(place.field)
        return place.field == "title" or (place.field == "body" and tokens.paragraphs[place.last] == 0)

    # nearness

    def _near(self, node: Node, query: Near, fields: Sequence[str]) -> Held:
        left = self.node(node.parts[0], fields).places
        if not left:
            return NOTHING
        if query.join is Join.NOTNEAR:
            others = Neighbours(Evaluation(self.text).node(node.parts[1], fields).places)
            return keep(Held(holds=True, places=left), lambda place: not near_any(place, others, query))
        right = self.node(node.parts[1], fields).places
        if query.join in {Join.SENTENCE, Join.PARAGRAPH}:
            places = together(left, right, lambda place: self._unit(place, query.join))
        else:
            places = pairs(left, right, query)
        return Held(bool(places), places)

    def _unit(self, place: Place, join: Join) -> tuple[str, int] | None:
        """The sentence or paragraph that a place lies in; None when it crosses a border."""
        tokens = self.text.tokens(place.field)
        numbers = tokens.sentences if join is Join.SENTENCE else tokens.paragraphs
        return (place.field, numbers[place.first]) if numbers[place.first] == numbers[place.last] else None

    # leaves

    def _leaf(self, node: Node, name: str) -> Iterable[Place]:
        leaf = node.leaf
        if isinstance(leaf, Row):
            return self._rows(leaf, name)
        if isinstance(leaf, Bag):
            return self._bag(leaf, name)
        if isinstance(leaf, Pattern):
            return self._pattern(leaf, name)
        return self.named(leaf, name) if isinstance(leaf, Names) else ()

    def _rows(self, row: Row, name: str) -> list[Place]:
        """Where words stand side by side."""
        tokens = self.text.tokens(name)
        begin, word = next((at, word) for at, word in enumerate(row.words) if word is not None)
        found = []
        for position in self._positions(word, name):
            first = position - begin
            tiers = self._fits(row, first, tokens)
            if tiers is not None:
                last = first + len(row.words) - 1
                mark = Mark(name, tokens.starts[first], tokens.ends[last], row.term, tiers)
                found.append(Place(name, first, last, (mark,)))
        return found

    def _fits(self, row: Row, first: int, tokens: Tokens) -> Tier | None:
        if first < 0 or first + len(row.words) > len(tokens):
            return None
        tier = Tier.EXACT
        for offset, word in enumerate(row.words):
            at = first + offset
            if word is None:
                continue
            found = _accepts(word, tokens.folded[at])
            if found is None or (row.exact is not None and not _written(row.exact[offset], tokens, at)):
                return None
            tier = worse(tier, found)
        return tier

    def _positions(self, word: "NameWord | re.Pattern[str]", name: str) -> Sequence[int]:
        """Where a word of a row stands in a field."""
        at = self.text.at(name)
        if isinstance(word, NameWord):
            tokens = word.forms.keys() & at.keys()
            if word.key is not None:
                tokens.update(self.text.sounds(name).get(word.key, ()))
        else:
            tokens = {token for token in at if word.fullmatch(token)}
        if len(tokens) > 1:
            return sorted(position for token in tokens for position in at[token])
        return at[tokens.pop()] if tokens else ()

    def _bag(self, bag: Bag, name: str) -> Iterable[Place]:
        """Phrases whose words may stand apart."""
        rows = [self._rows(word, name) for word in bag.words]
        if bag.quorum is not None:
            present = [places for places in rows if places]
            return [place for places in present for place in places] if len(present) >= bag.quorum else ()
        if not all(rows):
            return ()
        return window(rows, len(bag.words) + (bag.slop or 0))

    def _pattern(self, pattern: Pattern, name: str) -> Iterable[Place]:
        tokens = self.text.tokens(name)
        text = _HALF.sub("\ufffd", self.text.texts[name])
        for match in islice(pattern.compiled.finditer(text), _MOST_FOUND):
            start, end = match.span()
            first, last = bisect_right(tokens.ends, start), bisect_left(tokens.starts, end) - 1
            if start < end and first <= last:
                yield Place(name, first, last, (Mark(name, start, end, pattern.term, Tier.EXACT),))

    # names

    def named(self, names: Names, name: str) -> tuple[Place, ...]:
        """The occurrences of an entity's names in a field, as its rule counts them: blanks and needs applied."""
        known = self.text.names
        key = (id(names), name)
        if key not in known:
            known[key] = ()  # a cycle, which the compiler refuses, would end here
            known[key] = self._named(names, name)
        return known[key]

    def _named(self, names: Names, name: str) -> tuple[Place, ...]:
        longest = self._unblanked(names, name)
        return longest if names.needs is None else self._needed(longest, names)

    def _unblanked(self, names: Names, name: str) -> tuple[Place, ...]:
        found = [place for variant in names.variants for place in self._variant(variant, name)]
        if not found:
            return ()
        blanked = {
            position
            for blank in names.blanks
            for place in (self._rows(blank, name) if isinstance(blank, Row) else self._variant(blank, name))
            for position in range(place.first, place.last + 1)
        }
        return longest_only(one for one in found if blanked.isdisjoint(range(one.first, one.last + 1)))

    def unguarded(self, names: Names) -> tuple[Place, ...]:
        """The occurrences of names in the text, no guard applied; for explanations."""
        found = (place for name in TEXT_FIELDS for one in names.variants for place in self._variant(one, name))
        return tuple(found)

    def unblanked(self, names: Names) -> tuple[Place, ...]:
        """Those that no `not` phrase covers, needs not applied; for explanations."""
        return tuple(place for name in TEXT_FIELDS for place in self._unblanked(names, name))

    def _variant(self, variant: Variant, name: str) -> Iterable[Place]:
        words = variant.words
        tokens = self.text.tokens(name)
        for start in self._positions(words[0], name):
            tier = worse(variant.tier, _accepts(words[0], tokens.folded[start]) or Tier.EXACT)
            at = start
            for word in words[1:]:
                at += 1
                if (
                    word.article
                    and at + 1 < len(tokens)
                    and is_article(tokens.folded[at])
                    and article_before(tokens, at + 1)
                ):
                    at += 1
                accepted = _accepts(word, tokens.folded[at]) if at < len(tokens) else None
                if accepted is None:
                    break
                tier = worse(tier, accepted)
            else:
                first = start - 1 if words[0].article and article_before(tokens, start) else start
                mark = Mark(name, tokens.starts[first], tokens.ends[at], variant.term, tier)
                yield Place(name, first, at, (mark,))

    def _needed(self, places: tuple[Place, ...], names: Names) -> tuple[Place, ...]:
        """Those occurrences that have the company that the rule asks for."""
        if not places or names.needs is None:
            return ()
        held = Evaluation(self.text).node(names.needs, TEXT_FIELDS)
        if names.within == "article":
            # The name itself is no company.
            return places if held.holds and (not held.places or outside(held.places, places)) else ()
        if names.within in {"sentence", "paragraph"}:
            return self._in_company(places, held.places, Join(names.within.upper()))
        near, others = Near(Word(""), Word(""), Join.NEAR, int(names.within)), Neighbours(held.places)
        return tuple(place for place in places if near_any(place, others, near))

    def _in_company(self, places: tuple[Place, ...], others: tuple[Place, ...], join: Join) -> tuple[Place, ...]:
        """Those that share their sentence or paragraph with another place, and are not that place themselves."""
        company: dict[tuple[str, int] | None, tuple[list[Place], list[Place]]] = {}
        for side, found in enumerate((places, others)):
            for one in found:
                company.setdefault(self._unit(one, join), ([], []))[side].append(one)
        company.pop(None, None)
        kept = {place for named, near in company.values() for place in apart(named, near)}
        return tuple(place for place in places if place in kept)


def _accepts(word: "NameWord | re.Pattern[str]", token: str) -> Tier | None:
    """The tier by which a word is this token, or None."""
    if isinstance(word, NameWord):
        tier = word.forms.get(token)
        if tier is None and word.key is not None and sound_key(token) == word.key:
            return Tier.TRANSLITERATED
        return tier
    return Tier.EXACT if word.fullmatch(token) else None


def _written(wanted: str, tokens: Tokens, at: int) -> bool:
    """Whether a token is written just so, case and marks included."""
    shown = tokens.text[tokens.starts[at] : tokens.ends[at]]
    return unicodedata.normalize("NFC", shown) == unicodedata.normalize("NFC", wanted)


def _equal(node: Node, values: Sequence[str]) -> bool:
    """Whether one of the words or phrases of a value field, which the parser allows alone, is one of the values."""
    if node.parts:
        return any(_equal(part, values) for part in node.parts)
    wanted = " ".join(node.query.words) if isinstance(node.query, Phrase) else getattr(node.query, "text", "")
    return fold(wanted) in {fold(value) for value in values if value}
