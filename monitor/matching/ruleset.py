"""A set of rules by id that can be changed without copying it, with a version and with who refers to whom."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from monitor.model import Rule

_ENTITY: Final = re.compile(r"entity:([\w.-]+)")
_WRAP: Final = 1 << 128
_FOLD_AT: Final = 512  # changes; more are written into a new base


def rules_version(rules: Iterable[Rule]) -> str:
    """A hash over the versions of rules, in whatever order they come."""
    return _shown(sum(map(_digest, rules)))


def _digest(rule: Rule) -> int:
    return int.from_bytes(hashlib.blake2b(f"{rule.id} {rule.version}".encode(), digest_size=16).digest(), "big")


def _shown(total: int) -> str:
    return f"{total % _WRAP:032x}"[:16]


def _entities(rule: Rule) -> set[str]:
    """The rules that a rule names with `entity:`."""
    words = [word for word, _ in rule.score.words] if rule.score else []
    texts = [text for text in (rule.query, rule.needs, *words) if text and "entity:" in text]
    return {name for text in texts for name in _ENTITY.findall(text)}


class RuleSet(Mapping[str, Rule]):
    """Rules by id, in the order in which they were added. Immutable; `changed` makes another that shares the base."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._base: Mapping[str, Rule] = {rule.id: rule for rule in rules}
        self._changed: dict[str, Rule | None] = {}
        self._total = sum(map(_digest, self._base.values()))
        self._referrers: dict[str, set[str]] = {}
        for rule in self._base.values():
            for name in _entities(rule):
                self._referrers.setdefault(name, set()).add(rule.id)
        self._count = len(self._base)

    @classmethod
    def stored(cls, rules: Mapping[str, Rule], total: int, referrers: Mapping[str, Iterable[str]]) -> "RuleSet":
        """A set whose sums were taken before, so that no rule need be looked at."""
        made = cls(())
        made._base, made._total, made._count = rules, total, len(rules)
        made._referrers = {name: set(ids) for name, ids in referrers.items()}
        return made

    @property
    def total(self) -> int:
        """What `version` is made of."""
        return self._total % _WRAP

    @property
    def referred(self) -> Mapping[str, set[str]]:
        """Which rules name which with `entity:`, by the one that is named."""
        return self._referrers

    def __getitem__(self, rule_id: str) -> Rule:
        found = self._changed.get(rule_id) if rule_id in self._changed else self._base[rule_id]
        if found is None:
            raise KeyError(rule_id)
        return found

    def __iter__(self) -> Iterator[str]:
        for rule_id in self._base:
            if self._changed.get(rule_id, self) is not None:
                yield rule_id
        for rule_id, rule in self._changed.items():
            if rule is not None and rule_id not in self._base:
                yield rule_id

    def __len__(self) -> int:
        return self._count

    @property
    def version(self) -> str:
        """A hash over the versions of all rules."""
        return _shown(self._total)

    def referrers(self, ids: Iterable[str]) -> list[str]:
        """The rules that name one of these with `entity:`, and those that name them in turn."""
        found: dict[str, None] = {}
        left = list(ids)
        while left:
            for rule_id in sorted(self._referrers.get(left.pop(), ())):
                if rule_id not in found:
                    found[rule_id] = None
                    left.append(rule_id)
        return list(found)

    def changed(self, added: Sequence[Rule], removed: Sequence[str]) -> "RuleSet":
        """The set with rules added or replaced, and others removed."""
        made = RuleSet(())
        made._base, made._changed = self._base, dict(self._changed)
        made._referrers = dict(self._referrers)
        made._total, made._count = self._total, self._count
        for rule_id in removed:
            made._take_out(rule_id)
        for rule in added:
            made._take_out(rule.id)
            made._changed[rule.id] = rule
            made._total += _digest(rule)
            made._count += 1
            for name in _entities(rule):
                made._referrers[name] = made._referrers.get(name, set()) | {rule.id}
        if len(made._changed) > _FOLD_AT:
            made._base, made._changed = dict(made), {}
        return made

    def _take_out(self, rule_id: str) -> None:
        known = self.get(rule_id)
        if known is None:
            return
        self._changed[rule_id] = None
        self._total -= _digest(known)
        self._count -= 1
        for name in _entities(known):
            self._referrers[name] = self._referrers[name] - {rule_id}
