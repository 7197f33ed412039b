"""A native index as bytes, and back: what was compiled once is mapped at the next start.

An image is a header (`marshal`), and sections at offsets that suit their numbers; arrays are used where they lie, and
rules, ids and terms are read when they are asked for. It holds a checksum, and whoever keeps images names them by all that
went into them (`monitor.config.images`): an image of other rules or of other code must never be loaded.
"""

import marshal
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from hashlib import blake2b
from typing import Any, Final

from monitor.matching.flat import FlatRules
from monitor.matching.native import NativeIndex
from monitor.matching.packed import Strings, packed, piece
from monitor.matching.part import Part
from monitor.matching.ruleset import RuleSet
from monitor.model import Examples, Rule, RuleKind, Score, Severity

_MAGIC: Final = b"monitor rules 1\n"
_ALIGNED: Final = 64
_LENGTH: Final = 8
_SUM: Final = 16


class StoredRules(Mapping[str, Rule]):
    """Rules in one block of bytes, each made when it is asked for."""

    def __init__(self, numbers: Mapping[str, int], ends: memoryview, block: memoryview) -> None:
        self._numbers = numbers
        self._ends = ends
        self._block = block
        self._made: dict[str, Rule] = {}

    def __getitem__(self, rule_id: str) -> Rule:
        made = self._made.get(rule_id)
        if made is None:
            made = self._made[rule_id] = _rule(marshal.loads(piece(self._ends, self._block, self._numbers[rule_id])))  # noqa: S302 - checked by its sum
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


def image_of(index: NativeIndex) -> list[bytes] | None:
    """An index as blocks of bytes, one after the other: without changes since it was compiled, and without a broken rule.

    None for any other. In blocks, so that a large one is not in memory twice.
    """
    if len(index.parts) != 1 or index.broken:
        return None
    part = index.parts[0]
    flat, rules = part.flat, index.rule_set
    sections: dict[str, bytes | bytearray | memoryview] = dict(flat.sections)
    sections["term_ends"], sections["terms"] = packed(term.encode("utf-8", "surrogatepass") for term in part.terms)
    sections["record_ends"], sections["records"] = packed(marshal.dumps(_record(rule)) for rule in rules.values())
    told = marshal.dumps(
        {
            "ids": list(rules),
            "total": rules.total,
            "referrers": {name: sorted(ids) for name, ids in rules.referred.items()},
            "fields": flat.fields,
            "clauses": list(part.clauses),
            "patterns": flat.patterns,
            "keys": flat.keys,
            "lengths": {name: len(section) for name, section in sections.items()},
        }
    )
    blocks = [piece for block in (told, *sections.values()) for piece in (bytes(block), _filling(len(block)))]
    length = len(told).to_bytes(_LENGTH, "little")
    begin = _MAGIC + _sum(length, blocks) + length
    return [begin, _filling(len(begin)), *blocks]


def _filling(length: int) -> bytes:
    """What brings the next block to where its numbers may begin."""
    return b"\0" * (-length % _ALIGNED)


def index_of(image: memoryview) -> NativeIndex | None:
    """The index of an image, which must stay as it is as long as the index lives; None if it is damaged."""
    told, kept = len(_MAGIC) + _SUM, len(_MAGIC) + _SUM + _LENGTH
    length, body = bytes(image[told:kept]), image[kept + -kept % _ALIGNED :]
    if bytes(image[:told]) != _MAGIC + _sum(length, [body]):
        return None
    size = int.from_bytes(length, "little")
    header: dict[str, Any] = marshal.loads(body[:size])  # noqa: S302 - checked by its sum
    sections: dict[str, memoryview] = {}
    at = size + -size % _ALIGNED
    for name, taken in header["lengths"].items():
        sections[name] = body[at : at + taken]
        at += taken + -taken % _ALIGNED
    return _assembled(header, sections)


def _sum(length: bytes, blocks: Iterable[bytes | memoryview]) -> bytes:
    digest = blake2b(length, digest_size=_SUM)
    for block in blocks:
        digest.update(block)
    return digest.digest()


def _assembled(header: dict[str, Any], sections: dict[str, memoryview]) -> NativeIndex:
    numbers = {rule_id: number for number, rule_id in enumerate(header["ids"])}
    records = StoredRules(numbers, sections.pop("record_ends").cast("Q"), sections.pop("records"))
    terms = Strings(sections.pop("term_ends").cast("Q"), sections.pop("terms"))
    rules = RuleSet.stored(records, header["total"], header["referrers"])
    flat = FlatRules(
        sections=dict(sections),
        fields=header["fields"],
        flags=bytes(sections["flags"][: len(header["ids"])]),
        terms=terms,
        clauses=header["clauses"],
        patterns=header["patterns"],
        keys=header["keys"],
    )
    # Without broken rules the segment has all of them, in the same order.
    return NativeIndex(rules, [Part.of(flat, header["ids"], numbers)], frozenset())


def _record(rule: Rule) -> tuple[Any, ...]:
    """A rule as what `marshal` knows, in the order of `_rule`."""
    score = (rule.score.threshold, rule.score.words) if rule.score else None
    age = rule.max_age.total_seconds() if rule.max_age is not None else None
    return (
        *(rule.id, rule.kind.value, rule.title, rule.names, rule.aliases, rule.query, score, rule.needs, rule.within),
        *(rule.not_, rule.severity.value, dict(rule.labels), rule.lang, rule.script, rule.feeds, rule.outlets),
        *(rule.exact, dict(rule.variants), rule.enabled, age, rule.examples.match, rule.examples.ignore),
        *(rule.version, rule.file, rule.line),
    )


def _rule(record: tuple[Any, ...]) -> Rule:
    rule_id, kind, title, names, aliases, query, score, needs, within = record[:9]
    not_, severity, labels, lang, script, feeds, outlets = record[9:16]
    exact, variants, enabled, age, match, ignore, version, file, line = record[16:]
    return Rule(
        id=rule_id, kind=RuleKind(kind), title=title, names=names, aliases=aliases, query=query,
        score=Score(threshold=score[0], words=score[1]) if score else None, needs=needs, within=within, not_=not_,
        severity=Severity(severity), labels=labels, lang=lang, script=script, feeds=feeds, outlets=outlets, exact=exact,
        variants=variants, enabled=enabled, max_age=timedelta(seconds=age) if age is not None else None,
        examples=Examples(match=match, ignore=ignore), version=version, file=file, line=line,
    )  # fmt: skip
