"""From an entry of a rule file to a rule, and whole files at once where nothing is wrong with them.

`RuleCache` remembers what files came to, by their content, so that a reload reads anew only what was changed.
"""

import re
from collections.abc import Collection, Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from monitor import keys
from monitor.config.plain_yaml import read_plain
from monitor.config.rules_file import ExamplesEntry, RuleEntry
from monitor.matching import RuleIndex
from monitor.model import Examples, Rule, RuleKind, Score, Severity

_PHRASE = re.compile(r"[^\s\"/:()#=&|~<>-][^\"/:()#=&|~<>]*\s[^\"/:()#=&|~<>]*")
_OPERATOR = re.compile(r"\b(AND|OR|NOT|O?NEAR|NOTNEAR|SENTENCE|PARAGRAPH|ATLEAST|FIRST|LEAD)\b")
_KINDS = {one.value: one for one in RuleKind}
_SEVERITIES = {one.value: one for one in Severity}
_NO_LABELS: Map[str, str] = MappingProxyType({})
_NO_VARIANTS: Map[str, bool] = MappingProxyType({})
_NO_EXAMPLES = Examples()


def contradictions(entry: RuleEntry) -> Iterator[tuple[str, str]]:
    """What is wrong between two keys of a rule: the key to look at, and a sentence."""
    if not (entry.names or entry.query or entry.score):
        yield "id", "a rule needs names, a query or a score"
    if entry.aliases and not entry.names:
        yield "aliases", "aliases are other names; give names too"
    if entry.within != "article" and entry.needs is None:
        yield "within", "within says how near needs must be; there is no needs"


def build_rule(entry: RuleEntry, file: str, line: int) -> Rule:
    """The rule of an entry that holds."""
    score = entry.score
    rule = Rule(
        id=entry.id,
        kind=_KINDS[entry.kind],
        title=entry.title or (entry.names[0] if entry.names else entry.id),
        names=entry.names,
        aliases=entry.aliases,
        query=entry.query,
        score=Score(threshold=score.threshold, words=tuple(_leaves(score.words))) if score else None,
        needs=entry.needs,
        within=entry.within,
        not_=entry.not_,
        severity=_SEVERITIES[entry.severity],
        labels=MappingProxyType(dict(entry.labels)) if entry.labels else _NO_LABELS,
        lang=entry.lang,
        script=entry.script,
        feeds=entry.feeds,
        outlets=entry.outlets,
        exact=entry.exact,
        variants=MappingProxyType({str(tier): on for tier, on in entry.variants.items()})
        if entry.variants
        else _NO_VARIANTS,
        enabled=entry.enabled,
        max_age=entry.max_age,
        examples=_examples(entry.examples),
        file=file,
        line=line,
    )
    object.__setattr__(rule, "version", keys.rule_version(rule))  # nobody else has seen it yet, and a copy costs more
    return rule


def _examples(entry: ExamplesEntry) -> Examples:
    """Most rules of a large set have none: they share one."""
    if not (entry.match or entry.ignore):
        return _NO_EXAMPLES
    return Examples(match=entry.match, ignore=entry.ignore)


def _leaves(words: Map[str, int]) -> Iterator[tuple[str, int]]:
    """The words of a score as query leaves: several words are a phrase, for which YAML has taken the quotes away."""
    for word, weight in words.items():
        phrase = _PHRASE.fullmatch(word) and not _OPERATOR.search(word)
        yield (f'"{word}"' if phrase else word), weight


def sound_rules(text: str, file: Path) -> tuple[Rule, ...] | None:
    """The rules of a file in which nothing is wrong or unusual; else None, and the precise reader has to look at it."""
    read = read_plain(text)
    if read is None or read.value.keys() != {"rules"}:
        return None
    entries = read.value["rules"]
    if not isinstance(entries, tuple) or len(entries) != len(read.lines):
        return None
    try:
        checked = [RuleEntry.model_validate(entry) for entry in entries]
    except ValidationError:
        return None
    if len({entry.id for entry in checked}) != len(checked) or any(any(contradictions(entry)) for entry in checked):
        return None
    name = str(file)
    return tuple(build_rule(entry, name, line) for entry, line in zip(checked, read.lines, strict=True))


@dataclass(slots=True)
class RuleCache:
    """Files without a fault as they were last read, and what was compiled of them. Whoever reloads keeps one; a file is
    known by its content.
    """

    read: int = 0
    """How many files were read anew, ever."""
    index: RuleIndex | None = None
    """The rules that were last taken, all of them without a fault."""
    _held: dict[Path, tuple[bytes, tuple[Rule, ...]]] = field(default_factory=dict)

    def rules(self, text: str, file: Path) -> tuple[Rule, ...] | None:
        """As `sound_rules`, without reading again what has not changed."""
        digest = blake2b(text.encode(), digest_size=16).digest()
        held = self._held.get(file)
        if held is not None and held[0] == digest:
            return held[1]
        self.read += 1
        rules = sound_rules(text, file)
        self._held.pop(file, None)
        if rules is not None:
            self._held[file] = digest, rules
        return rules

    def keep_only(self, files: Collection[Path]) -> None:
        """Forget all others: they are gone."""
        gone = [file for file in self._held if file not in files]
        for file in gone:
            del self._held[file]
