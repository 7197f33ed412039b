"""Rule files: found, read, judged, and handed to `matching`; what that says is brought back to its line and column.

One bad rule does not hide the faults of the others: what holds is compiled in any case, with a stand-in for each rule
that does not, so that references to it are no faults of their own.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from monitor import keys
from monitor.config.document import Document, Mapping, Node, Scalar, plain, quoted, read_document
from monitor.config.document import Sequence as ListNode
from monitor.config.explain import faults_of
from monitor.config.offsets import index_of
from monitor.config.rules_file import RuleEntry, RulesFile
from monitor.errors import Fault, RuleError
from monitor.matching import RuleIndex, compile_rules
from monitor.model import Examples, Rule, RuleKind, Score, Severity

_ID_LINE = re.compile(r"""^\s*(?:-\s+)?(?:\{\s*)?id:\s*["']?([a-z0-9][a-z0-9._-]*)""", re.MULTILINE)
_PHRASE = re.compile(r"[^\s\"/:()#=&|~<>-][^\"/:()#=&|~<>]*\s[^\"/:()#=&|~<>]*")
_OPERATOR = re.compile(r"\b(AND|OR|NOT|O?NEAR|NOTNEAR|SENTENCE|PARAGRAPH|ATLEAST|FIRST|LEAD)\b")
_PART = re.compile(r"(?P<key>[a-z_]+)(?:\[(?P<place>\d+)\]|\.words\[(?P<word>.*)\])?", re.DOTALL)


@dataclass(slots=True)
class RuleSet:
    """What the rule files came to."""

    rules: list[Rule] = field(default_factory=list)
    places: dict[str, tuple[Document, Mapping]] = field(default_factory=dict)
    """Where each rule stands, by id."""
    spoilt: set[str] = field(default_factory=set)
    """Ids of rules that do not hold."""
    faults: list[Fault] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    watched: dict[Path, None] = field(default_factory=dict)

    def fault(self, rule_id: str, path: Sequence[str | int], offset: int | None, message: str) -> Fault:
        """A fault inside a rule: at an offset in the text of a value, or at the value."""
        document, node = self.places[rule_id]
        found: Node = node
        for step in path:
            found = _below(found, step) or found
        if isinstance(found, Scalar) and offset is not None:
            return document.fault_at(index_of(document.text, found, offset), message, rule_id)
        return document.fault(found, message, rule_id)

    def score_words(self, rule_id: str) -> Node | None:
        """The words of a rule's score."""
        return _below(_below(self.places[rule_id][1], "score"), "words")


def _below(node: Node | None, step: str | int) -> Node | None:
    """A value below; of the words of a score, the word itself, since that is where faults are."""
    if isinstance(node, ListNode):
        return node.items[step] if isinstance(step, int) and step < len(node.items) else None
    if isinstance(node, Mapping) and isinstance(step, str):
        return node.key(step.removeprefix("key:")) if step.startswith("key:") else node.get(step)
    return None


def read_rules(places: Iterable[Path]) -> RuleSet:
    """Every rule of every file below these places, and everything that is wrong with them. Compiles nothing."""
    found = RuleSet()
    read: set[Path] = set()
    for place in places:
        found.watched[place] = None
        if not place.exists():
            found.faults.append(Fault(message="this rule file or folder does not exist", file=place))
            continue
        files = _files(place)
        if not files:
            found.warnings.append(f"{place}: there is no rule file (*.yaml) in it")
        found.watched.update(dict.fromkeys(folder for file in files for folder in _folders(file, place)))
        for file in files:
            found.watched[file] = None
            if file not in read:
                read.add(file)
                _read_file(file, found)
    return found


def _files(place: Path) -> tuple[Path, ...]:
    """The file itself, or all rule files below a folder, in order; hidden ones are passed over."""
    if not place.is_dir():
        return (place,)
    below = sorted((*place.rglob("*.yaml"), *place.rglob("*.yml")))
    hidden = (any(part.startswith(".") for part in file.relative_to(place).parts) for file in below)
    return tuple(file for file, is_hidden in zip(below, hidden, strict=True) if file.is_file() and not is_hidden)


def _folders(file: Path, top: Path) -> Iterator[Path]:
    """The folders between a file and the top one, which are watched for new files."""
    for folder in file.parents:
        if folder == top or not folder.is_relative_to(top):
            return
        yield folder


def _read_file(file: Path, found: RuleSet) -> None:
    document = read_document(file)
    found.faults.extend(document.faults)
    root = document.root
    if root is None or (isinstance(root, Scalar) and root.value is None):
        found.spoilt.update(_ID_LINE.findall(document.text) if document.faults else ())
        return
    if not isinstance(root, Mapping):
        found.faults.append(document.fault(root, "expected the key rules: with a list of rules"))
        return
    listed = root.get("rules")
    if isinstance(listed, ListNode):
        for node in listed.items:
            _read_rule(node, document, found)
    elif listed is not None and not (isinstance(listed, Scalar) and (listed.value is None or listed.broken)):
        found.faults.append(document.fault(listed, "rules: expected a list of rules"))
    others = Mapping(entries={key: entry for key, entry in root.entries.items() if key != "rules"}, start=root.start)
    try:
        RulesFile.model_validate(plain(others))
    except ValidationError as error:
        found.faults.extend(faults_of(error, document, RulesFile, others))


def _read_rule(node: Node, document: Document, found: RuleSet) -> None:
    named = node.get("id") if isinstance(node, Mapping) else None
    rule_id = named.value if isinstance(named, Scalar) and isinstance(named.value, str) else None
    first = found.places.get(rule_id or "")
    if first and rule_id:
        there, other = first
        message = f"the id {quoted(rule_id)} is taken by the rule at {there.file}:{there.place(other.start)[0]}"
        found.faults.append(document.fault(named, message, rule_id))
    elif rule_id and isinstance(node, Mapping):
        found.places[rule_id] = (document, node)
    try:
        entry = RuleEntry.model_validate(plain(node))
    except ValidationError as error:
        found.faults.extend(faults_of(error, document, RuleEntry, node, rule=rule_id))
        found.spoilt.update({rule_id} if rule_id and not first else ())
        return
    if first:
        return
    faults = list(_contradictions(entry, found))
    found.faults.extend(faults)
    if faults:
        found.spoilt.add(entry.id)
    else:
        found.rules.append(_rule(entry, document, node))


def _contradictions(entry: RuleEntry, found: RuleSet) -> Iterator[Fault]:
    """What is wrong between two keys of a rule."""
    if not (entry.names or entry.query or entry.score):
        yield found.fault(entry.id, ("id",), None, "a rule needs names, a query or a score")
    if entry.aliases and not entry.names:
        yield found.fault(entry.id, ("aliases",), None, "aliases are other names; give names too")
    if entry.within != "article" and entry.needs is None:
        yield found.fault(entry.id, ("within",), None, "within says how near needs must be; there is no needs")


def _rule(entry: RuleEntry, document: Document, node: Node) -> Rule:
    score = entry.score
    rule = Rule(
        id=entry.id,
        kind=RuleKind(entry.kind),
        title=entry.title or (entry.names[0] if entry.names else entry.id),
        names=entry.names,
        aliases=entry.aliases,
        query=entry.query,
        score=Score(threshold=score.threshold, words=tuple(_leaves(score.words))) if score else None,
        needs=entry.needs,
        within=entry.within,
        not_=entry.not_,
        severity=Severity(entry.severity),
        labels=MappingProxyType(dict(entry.labels)),
        lang=entry.lang,
        script=entry.script,
        feeds=entry.feeds,
        outlets=entry.outlets,
        exact=entry.exact,
        variants=MappingProxyType({str(tier): on for tier, on in entry.variants.items()}),
        enabled=entry.enabled,
        max_age=entry.max_age,
        examples=Examples(match=entry.examples.match, ignore=entry.examples.ignore),
        file=str(document.file),
        line=document.place(node.start)[0],
    )
    return replace(rule, version=keys.rule_version(rule))


def _leaves(words: Map[str, int]) -> Iterator[tuple[str, int]]:
    """The words of a score as query leaves: several words are a phrase, for which YAML has taken the quotes away."""
    for word, weight in words.items():
        phrase = _PHRASE.fullmatch(word) and not _OPERATOR.search(word)
        yield (f'"{word}"' if phrase else word), weight


def compile_set(found: RuleSet) -> RuleIndex:
    """Compile what holds; faults go to the set. Look at them before using the index."""
    stand_ins = [Rule(id=name, kind=RuleKind.TOPIC, title=name, names=("stand-in",)) for name in sorted(found.spoilt)]
    compiled = compile_rules((*found.rules, *stand_ins))
    for error in compiled.errors:
        if error.rule in found.places and error.rule not in found.spoilt:
            found.faults.append(_compile_fault(found, error))
    return compiled.index


def _compile_fault(found: RuleSet, error: RuleError) -> Fault:
    """A complaint of `matching` at its place in the file."""
    part, offset = _PART.fullmatch(error.part), error.offset
    path: list[str | int] = []
    if part:
        path.append(part["key"])
        if part["place"] is not None:
            path.append(int(part["place"]))
        elif part["word"] is not None:
            path += ["words", f"key:{part['word']}"]
            if _below(found.score_words(error.rule or ""), path[-1]) is None:  # a phrase, in the quotes of `_leaves`
                path[-1] = f"key:{part['word'].strip(chr(34))}"
                offset = max(0, offset - 1) if offset is not None else None
    return found.fault(error.rule or "", path, offset, f"{error.part}: {error.message}")
