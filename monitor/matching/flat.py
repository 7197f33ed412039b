"""From compiled rules to arrays that the native index runs on: words, phrases, and the flat code of each rule.

A *word* is a matcher of folded tokens (a name's word with its forms, a wildcard). An *atom* is a row of words side by
side; rules that ask for the same row share it. The code of a rule is its query with leaves made into atoms, as numbers:

    operator, length in numbers, operands…          leaves: atom and bits (fields, tier, doubt), then their terms

Whatever the native code cannot decide (written forms, slop, regular expressions, values of fields) becomes a *soft*
part: it is held to be possible when its words occur, and the evaluator decides. So the code never says no to a rule that
hits, nor yes to one that does not. Pieces of code are put together in `flat_parts.py`.

Longer than a sitting: the one class has a case for each form of the language, over tables that all of them fill.
"""

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from monitor.matching._index import Forms, edge_tables
from monitor.matching.compile import Bag, CompiledRule, Names, Node, Pattern, Row
from monitor.matching.flat_parts import (
    ANY,
    ATLEAST,
    CLAUSE,
    FIRST,
    LEAD,
    MAYBE,
    NAMES,
    NEAR,
    NEVER,
    NOT,
    SCORE,
    SCREEN,
    Part,
    Trigger,
    all_of,
    cost_of,
    either,
    holds,
    one_of,
    rarest,
    softened,
)
from monitor.matching.literals import literals_of
from monitor.matching.names import NameWord, Variant
from monitor.matching.packed import Strings
from monitor.matching.query import (
    TEXT_FIELDS,
    VALUE_FIELDS,
    WORD_FIELDS,
    And,
    AtLeast,
    Field,
    First,
    Join,
    Named,
    Near,
    Not,
    Or,
)
from monitor.model import Tier

NOTNEAR: Final = 2
_INNER: Final = 8
JOINS: Final = {Join.NEAR: 0, Join.ONEAR: 1, Join.NOTNEAR: NOTNEAR, Join.SENTENCE: 3, Join.PARAGRAPH: 4}
TIERS: Final = (Tier.EXACT, Tier.ALIAS, Tier.INFLECTED, Tier.TRANSLITERATED)
_TIER_NUMBER: Final = {tier: number for number, tier in enumerate(TIERS)}
_FIELD_BIT: Final = {name: 1 << number for number, name in enumerate(WORD_FIELDS)}
_TEXT: Final = sum(_FIELD_BIT[name] for name in TEXT_FIELDS)
_SOFT_BIT: Final = 1 << 7
_DECIDING: Final = _SOFT_BIT | 31
_ATOM: Final = 8
_ANY_WORD: Final = 0xFFFFFFFF
_LONGEST: Final = (
    48  # words of a phrase that the trie holds; of a longer one it holds so many, and the rest is in doubt
)
_WITHIN: Final = {"article": -1, "sentence": -2, "paragraph": -3}
"""What `within` is when it is no number of words."""
_PLAIN, _BEHIND_ARTICLE, _ANY_CHILD = 1, 2, 4
_ARTICLE_FIRST: Final = 1
_PYTHON, _RESTRICTED = 1, 2

Section = bytes | bytearray | memoryview
AnyWord = NameWord | re.Pattern[str]
Leaf = tuple[int, int]
"""Atom << 8 with a bit for each field, two for the tier and one for doubt; and the term."""
Atom = tuple[int, ...]
"""Words; an article may stand in front of a first word that is one of a name with its article."""


@dataclass(slots=True)
class FlatRules:
    """What `Segment` is made of, with what only Python needs."""

    sections: dict[str, Section]
    fields: int
    flags: bytes
    """Of each rule: 1 if only the evaluator can tell its places, 2 if it is restricted to languages, feeds and so on."""
    terms: Sequence[str]
    clauses: Sequence[str]
    patterns: list[tuple[int, str]]
    """Wildcards: word and pattern."""
    keys: dict[str, list[int]]
    """Sound key -> words."""


@dataclass(slots=True)
class Flattener:
    """Collects rules; `finish` makes the arrays. One for a segment."""

    _forms: Forms = field(default_factory=Forms)
    _words: dict[object, int] = field(default_factory=dict)
    _kept: list[object] = field(default_factory=list)
    """What is known by its identity must live as long as this."""
    _articles: bytearray = field(default_factory=bytearray)
    _rarity: list[float] = field(default_factory=list)
    _keys: dict[str, list[int]] = field(default_factory=dict)
    _patterns: list[tuple[int, str]] = field(default_factory=list)
    _atoms: dict[Atom, int] = field(default_factory=dict)
    _atom_cost: list[float] = field(default_factory=list)
    _plain_rows: dict[tuple[str, ...], int] = field(default_factory=dict)
    """Rows of words that stand for themselves alone, as leaves of no field: most rows of a large set, many times over."""
    _atom_word: "array[int]" = field(default_factory=lambda: array("i"))
    """The rarest word of each atom."""
    _posts: dict[int, "array[int]"] = field(default_factory=dict)
    _names: dict[int, tuple[int, Part]] = field(default_factory=dict)
    _names_at: list[list[int]] = field(default_factory=list)
    _terms: dict[str, int] = field(default_factory=dict)
    _clauses: dict[str, int] = field(default_factory=dict)
    _code: "array[int]" = field(default_factory=lambda: array("i"))
    _rule_at: "array[int]" = field(default_factory=lambda: array("i"))
    _flags: bytearray = field(default_factory=bytearray)
    _always: "array[int]" = field(default_factory=lambda: array("i"))
    _fields: int = _TEXT
    _inside: int = 0
    """How many NEAR, FIRST and ATLEAST stand around what is taken now."""

    # rules

    def add(self, compiled: CompiledRule) -> int:
        """Take a rule; returns its number. A disabled one is never found."""
        number = len(self._rule_at)
        rule = compiled.rule
        parts: list[Part] = []
        if compiled.names is not None:
            parts.append(self._named(compiled.names, _TEXT))
        if compiled.query is not None:
            parts.append(self._node(compiled.query, _TEXT))
        if rule.score is not None:
            parts.append(self._score(compiled))
        whole = all_of(parts)
        self._rule_at.append(len(self._code))
        self._code.extend(whole.code if rule.enabled else [NEVER, 2])
        restricted = rule.lang or rule.script or rule.feeds or rule.outlets or rule.max_age
        self._flags.append((0 if whole.plain else _PYTHON) | (_RESTRICTED if restricted else 0))
        if not rule.enabled:
            return number
        if whole.trigger is None:
            self._always.append(number)
        else:
            direct = whole.code[0] == ANY and all(
                leaf & _DECIDING == _TEXT for leaf in whole.code[3 : 3 + whole.code[2]]
            )
            post = (number << 1 | direct, *self._screen(whole.also))
            for atom in dict.fromkeys(whole.trigger[1]):
                self._posts.setdefault(atom, array("i")).extend(post)
        return number

    def _screen(self, also: Trigger | None) -> tuple[int, int]:
        """Two numbers: four words of which one must be in the article, or -1."""
        if also is None:
            return -1, -1
        words = [self._atom_word[atom] & _PRESENT for atom in also[1]]
        words += words[:1] * (SCREEN - len(words))
        one, two = words[0] | words[1] << 16, words[2] | words[3] << 16
        return one - (one >> 31 << 32), two - (two >> 31 << 32)

    def _score(self, compiled: CompiledRule) -> Part:
        score = compiled.rule.score
        assert score is not None  # noqa: S101 - asked by the caller
        parts = [(one.weight, self._node(one.node, _TEXT)) for one in compiled.weighted]
        trigger = either(part for weight, part in parts if weight > 0) if score.threshold > 0 else None
        if not all(part.places for _, part in parts):
            return Part([MAYBE, 2], trigger=trigger, plain=False)
        code = [score.threshold]
        for weight, part in parts:
            code += [weight, *part.code]
        return Part(
            [SCORE, len(code) + 2, *code],
            trigger=trigger,
            plain=all(part.plain and not part.clauses for _, part in parts),
        )

    # queries

    def _node(self, node: Node, mask: int) -> Part:  # noqa: C901, PLR0911, PLR0912 - one case for each form
        if node.leaf is not None:
            return self._leaf(node.leaf, mask)
        match node.query:
            case And():
                return all_of([self._node(part, mask) for part in node.parts])
            case Or():
                rows = [part.leaf for part in node.parts if isinstance(part.leaf, Row)]
                if len(rows) == len(node.parts):
                    return self._any([self._row(row, mask) for row in rows])
                return one_of([self._node(part, mask) for part in node.parts])
            case Not():
                part = self._node(node.parts[0], mask)
                return Part([NOT, len(part.code) + 2, *part.code])
            case Near():
                return self._near(node, mask)
            case Field(name, _) if name in VALUE_FIELDS:
                return Part([MAYBE, 2], plain=False)
            case Field(name, _):
                self._fields |= _FIELD_BIT[name]
                return self._node(node.parts[0], _FIELD_BIT[name])
            case AtLeast(count, _):
                return self._filtered(ATLEAST, count, node, mask)
            case First(words, _):
                return self._filtered(FIRST, words, node, mask)
            case Named(name, _):
                part = self._node(node.parts[0], mask)
                number = self._clauses.setdefault(name, len(self._clauses))
                code = [CLAUSE, len(part.code) + 3, number, *part.code]
                return Part(code, part.places, part.trigger, part.plain, clauses=True, also=part.also)
            case _:  # LEAD
                part = self._node(node.parts[0], mask)
                if not part.places:
                    return softened(part)
                code = [LEAD, len(part.code) + 2, *part.code]
                plain = part.plain and not holds(node, (Near, Named))
                return Part(code, True, part.trigger, plain, also=part.also)

    def _near(self, node: Node, mask: int) -> Part:
        query = node.query
        assert isinstance(query, Near)  # noqa: S101 - asked by the caller
        self._inside += 1
        left, right = (self._node(part, mask) for part in node.parts)
        self._inside -= 1
        join = JOINS[query.join]
        if not (left.places and right.places):
            return softened(left if query.join is Join.NOTNEAR else all_of([left, right]))
        needed = [left] if join == NOTNEAR else [left, right]
        # NEAR's own places stand for two: what a NEAR around it would show must come from the evaluator
        plain = left.plain and right.plain and not holds(node, (Near, Named))
        code = [NEAR, 0, join | (_INNER if self._inside else 0), query.words, *left.code, *right.code]
        code[1] = len(code)
        trigger, also = rarest(needed)
        return Part(code, places=True, trigger=trigger, plain=plain, also=also)

    def _filtered(self, operator: int, number: int, node: Node, mask: int) -> Part:
        """Some of the places of a part."""
        self._inside += 1
        part = self._node(node.parts[0], mask)
        self._inside -= 1
        if not part.places:
            return softened(part)
        plain = part.plain and not holds(node, (Near, Named))
        code = [operator, len(part.code) + 3, number, *part.code]
        return Part(code, True, part.trigger, plain, also=part.also)

    def _leaf(self, leaf: object, mask: int) -> Part:
        if isinstance(leaf, Row):
            return self._any([self._row(leaf, mask)])
        if isinstance(leaf, Names):
            return self._named(leaf, mask)
        if isinstance(leaf, Bag):
            return self._bag(leaf, mask)
        assert isinstance(leaf, Pattern)  # noqa: S101 - the last of them
        # A regular expression has no places here; its letters must be in some word
        found = [self._any([self._wild(f".*{re.escape(one)}.*", mask)]) for one in literals_of(leaf.term[1:-1])]
        return softened(all_of(found)) if found else Part([MAYBE, 2], plain=False)

    def _bag(self, bag: Bag, mask: int) -> Part:
        rows = [self._any([self._row(word, mask)]) for word in bag.words]
        if bag.quorum is None:
            return softened(all_of(rows))
        ranked = sorted(rows, key=cost_of)[: len(rows) - bag.quorum + 1]
        whole = one_of(rows)
        whole.trigger = either(ranked)
        return softened(whole)

    def _any(self, leaves: Sequence[Leaf]) -> Part:
        """One of several leaves."""
        packed, terms = zip(*leaves, strict=True)
        code = [ANY, 3 + 2 * len(leaves), len(leaves), *packed, *terms]
        atoms = tuple([leaf >> _ATOM for leaf in packed])
        costs = self._atom_cost
        trigger = (sum([costs[atom] for atom in atoms]), atoms)
        return Part(code, places=True, trigger=trigger, plain=not any(map(_SOFT_BIT.__and__, packed)))

    # names

    def _named(self, names: Names, mask: int) -> Part:
        known = self._names.get(id(names))
        if known is None:
            number = len(self._names_at)
            self._names_at.append([])
            self._names[id(names)] = number, Part([], trigger=None)  # what a cycle, which is refused, would find
            self._kept.append(names)
            known = self._names[id(names)] = number, self._make_names(number, names)
        number, part = known
        if not part.code:
            return Part([MAYBE, 2], trigger=part.trigger, plain=False, also=part.also)
        return Part([NAMES, 4, number, mask], places=True, trigger=part.trigger, plain=part.plain, also=part.also)

    def _make_names(self, number: int, names: Names) -> Part:
        """The code of names; none when the native code must not decide about them."""
        variants = [self._variant(one) for one in names.variants]
        blanks = [self._variant(one) if isinstance(one, Variant) else self._row(one, _TEXT) for one in names.blanks]
        found = self._any(variants) if variants else Part([NEVER, 2], trigger=(0.0, ()))
        if any(leaf & _SOFT_BIT for leaf, _ in (*variants, *blanks)):
            return Part([], trigger=found.trigger, plain=False)
        needs = self._node(names.needs, _TEXT) if names.needs is not None else None
        within = _WITHIN.get(names.within)
        if within is None:
            within = int(names.within)
        sure = needs is not None and needs.places
        code = [within, int(sure), len(needs.code) if needs else 0, len(variants)]
        code += [leaf for leaf, _ in variants] + [term for _, term in variants]
        code += [len(blanks), *(leaf for leaf, _ in blanks)]
        if needs is not None:
            code += needs.code
        self._names_at[number] = code
        names.variants, names.blanks = (), ()  # taken in; a large set must not hold the forms of all its names
        trigger, also = rarest([found] if needs is None else [found, needs])
        return Part(code, trigger=trigger, plain=needs is None or sure, also=also)

    def _variant(self, variant: Variant) -> Leaf:
        words = tuple(self._name_word(word) for word in variant.words)
        return self._leaf_of(words, _TEXT, variant.term, variant.tier)

    # leaves

    def _row(self, row: Row, mask: int) -> Leaf:
        plain = row.plain
        if plain is not None and row.exact is None:
            known = self._plain_rows.get(plain)
            if known is not None:
                return known | mask, self._terms.setdefault(row.term, len(self._terms))
        words = tuple([_ANY_WORD if word is None else self._word(word) for word in row.words])
        leaf, term = self._leaf_of(words, mask, row.term, soft=row.exact is not None)
        if plain is not None and row.exact is None:
            self._plain_rows[plain] = leaf & ~mask
        return leaf, term

    def _wild(self, pattern: str, mask: int) -> Leaf:
        return self._leaf_of((self._pattern(pattern),), mask, pattern, soft=True)

    def _leaf_of(self, atom: Atom, mask: int, term: str, tier: Tier = Tier.EXACT, *, soft: bool = False) -> Leaf:
        soft = soft or len(atom) > _LONGEST
        key = atom[:_LONGEST]
        number = self._atoms.get(key)
        if number is None:
            number = self._atoms[key] = len(self._atoms)
            # all words must meet: rarer than the rarest of them
            costs = sorted((self._rarity[word], word) for word in key if word != _ANY_WORD)
            self._atom_cost.append(costs[0][0] * (0.2 if len(costs) > 1 else 1.0))
            self._atom_word.append(costs[0][1])
        bits = mask | _TIER_NUMBER[tier] << 5 | (_SOFT_BIT if soft else 0)
        return number << _ATOM | bits, self._terms.setdefault(term, len(self._terms))

    def _word(self, word: AnyWord) -> int:
        return self._name_word(word) if isinstance(word, NameWord) else self._pattern(word.pattern)

    def _name_word(self, word: NameWord) -> int:
        forms = word.forms
        if len(forms) == 1 and word.key is None and not word.article:
            key: object = next(iter(forms.items()))
        else:  # equal words of several names are one; a hash of the forms tells them apart and holds nothing
            key = (hash(frozenset(forms.items())), len(forms), word.key, word.article)
        number = self._words.get(key)
        if number is None:
            number = self._new_word(key, min(map(len, forms), default=1), article=word.article)
            for token, tier in forms.items():
                self._forms.add(token, number << 2 | _TIER_NUMBER[tier])
            if word.key is not None:
                self._keys.setdefault(word.key, []).append(number)
        return number

    def _pattern(self, pattern: str) -> int:
        key = ("pattern", pattern)
        number = self._words.get(key)
        if number is None:
            letters = len(re.sub(r"\W", "", pattern))
            number = self._new_word(key, letters)
            self._rarity[number] *= 4.0
            self._patterns.append((number, pattern))
        return number

    def _new_word(self, key: object, letters: int, *, article: bool = False) -> int:
        number = self._words[key] = len(self._rarity)
        self._articles.append(article)
        self._rarity.append(_COMMON_BY_LETTERS[min(letters, len(_COMMON_BY_LETTERS) - 1)])
        return number

    # arrays

    def finish(self) -> FlatRules:
        """The arrays of all that was added."""
        sections: dict[str, Section] = {}
        keys, values, lists, sieve = self._forms.tables()
        sections |= {"token_keys": keys, "token_values": values, "lists": array("I", lists).tobytes(), "sieve": sieve}
        sections |= self._trie()
        names_at = array("i")
        for code in self._names_at:
            names_at.append(len(self._code))
            self._code.extend(code)
        posts, atoms = array("i"), array("i")
        for words in self._atoms:
            atoms.append(-1)
            atoms.append(_ARTICLE_FIRST if self._articles[words[0]] else 0)
        for atom, rules in self._posts.items():
            atoms[2 * atom] = len(posts)
            posts.append(len(rules) // _POST)
            posts.extend(rules)
        sections |= {
            "word_article": bytes(self._articles) or b"\0",
            "atoms": atoms.tobytes(),
            "posts": posts.tobytes(),
            "rule_at": self._rule_at.tobytes(),
            "names_at": names_at.tobytes(),
            "code": self._code.tobytes(),
            "always": self._always.tobytes(),
            "flags": bytes(self._flags) or b"\0",
        }
        clauses, terms = list(self._clauses), Strings.of(self._terms)
        return FlatRules(sections, self._fields, bytes(self._flags), terms, clauses, self._patterns, self._keys)

    def _trie(self) -> dict[str, Section]:
        """Nodes and edges of the trie over words. The node behind a first word has that word's number."""
        edges: dict[tuple[int, int], int] = {}
        flags = bytearray(len(self._rarity))
        ends: dict[int, int] = {}
        for words, atom in self._atoms.items():
            node = words[0]
            for word in words[1:]:
                child = edges.get((node, word))
                if child is None:
                    child = edges[node, word] = len(flags)
                    flags.append(0)
                    flags[node] |= (
                        _ANY_CHILD if word == _ANY_WORD else _BEHIND_ARTICLE if self._articles[word] else _PLAIN
                    )
                node = child
            ends[node] = atom
        nodes = array("i", [-1, 0]) * max(1, len(flags))
        nodes[1::2] = array("i", list(flags or b"\0"))
        for node, atom in ends.items():
            nodes[2 * node] = atom
        edge_keys, edge_values, edge_sieve = edge_tables(edges)
        return {
            "nodes": nodes.tobytes(),
            "edge_keys": edge_keys,
            "edge_values": edge_values,
            "edge_sieve": edge_sieve,
        }


_POST: Final = 3  # numbers of a post
_PRESENT: Final = 0x3FFF  # the bits of a word's number by which an article is screened
_COMMON_BY_LETTERS: Final = (1.0, 1.0, 0.8, 0.5, 0.3, 0.15, 0.1, 0.07, 0.05)
"""How likely a word of so many letters is to occur in an article; the last goes for longer ones. A wrong guess costs time only."""
