"""Rule files: found, read, judged, and handed to `matching`; what that says is brought back to its line and column.

One bad rule does not hide the faults of the others: what holds is compiled in any case, with a stand-in for each rule
that does not, so that references to it are no faults of their own.
"""

import gc
import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Map
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from pydantic import ValidationError

from monitor.config.document import (
    Document,
    Mapping,
    Node,
    Scalar,
    parse_document,
    plain,
    quoted,
    read_document,
    read_text,
)
from monitor.config.document import Sequence as ListNode
from monitor.config.explain import faults_of
from monitor.config.images import Images
from monitor.config.offsets import index_of
from monitor.config.rule_build import RuleCache, build_rule, contradictions
from monitor.config.rules_file import RuleEntry, RulesFile
from monitor.errors import Fault, RuleError
from monitor.matching import Compiled, RuleIndex, compile_rules, rules_version, with_changes, with_rules
from monitor.model import Rule, RuleKind

_ID_LINE = re.compile(r"""^\s*(?:-\s+)?(?:\{\s*)?id:\s*["']?([a-z0-9][a-z0-9._-]*)""", re.MULTILINE)
_FEW = 4
"""A fourth of the rules: more changes than that are compiled anew together."""
_PART = re.compile(r"(?P<key>[a-z_]+)(?:\[(?P<place>\d+)\]|\.words\[(?P<word>.*)\])?", re.DOTALL)


@dataclass(slots=True)
class RuleSet:
    """What the rule files came to."""

    rules: list[Rule] = field(default_factory=list)
    places: dict[str, tuple[Path, int, int]] = field(default_factory=dict)
    """Where each rule stands, by id: its file, its place in the list there, its line."""
    spoilt: set[str] = field(default_factory=set)
    """Ids of rules that do not hold."""
    faults: list[Fault] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    watched: dict[Path, None] = field(default_factory=dict)
    _precise: Document | None = None
    """The file that was last read for the places in it. Most files never are."""

    def fault(self, rule_id: str, path: Sequence[str | int], offset: int | None, message: str) -> Fault:
        """A fault inside a rule: at an offset in the text of a value, or at the value."""
        document, node = self.written(rule_id)
        found = node
        for step in path:
            found = _below(found, step) or found
        if isinstance(found, Scalar) and offset is not None:
            return document.fault_at(index_of(document.text, found, offset), message, rule_id)
        return document.fault(found, message, rule_id)

    def score_words(self, rule_id: str) -> Node | None:
        """The words of a rule's score."""
        return _below(_below(self.written(rule_id)[1], "score"), "words")

    def written(self, rule_id: str) -> tuple[Document, Node | None]:
        """The file of a rule and what stands there of the rule; nothing, if the file was changed in between."""
        file, number, _ = self.places[rule_id]
        if self._precise is None or self._precise.file != file:
            self._precise = read_document(file)
        root = self._precise.root
        return self._precise, _below(root.get("rules"), number) if isinstance(root, Mapping) else None

    def note(self, document: Document) -> None:
        """Remember a file that was read precisely anyway."""
        self._precise = document


def _below(node: Node | None, step: str | int) -> Node | None:
    """A value below; of the words of a score, the word itself, since that is where faults are."""
    if isinstance(node, ListNode):
        return node.items[step] if isinstance(step, int) and step < len(node.items) else None
    if isinstance(node, Mapping) and isinstance(step, str):
        return node.key(step.removeprefix("key:")) if step.startswith("key:") else node.get(step)
    return None


def read_rules(places: Iterable[Path], cache: RuleCache | None = None) -> RuleSet:
    """Every rule of every file below these places, and everything that is wrong with them. Compiles nothing.

    With a cache, files that have not changed since it saw them are not read again.
    """
    with _no_search_for_cycles():
        return _read_rules(places, RuleCache() if cache is None else cache)


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """A large set makes millions of values that all live on; looking for cycles among them takes a sixth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _read_rules(places: Iterable[Path], cache: RuleCache) -> RuleSet:
    found = RuleSet()
    read: dict[Path, None] = {}
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
                read[file] = None
                _read_file(file, found, cache)
    cache.keep_only(read)
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


def _read_file(file: Path, found: RuleSet, cache: RuleCache) -> None:
    """A file in which all is well is read at once; any other precisely, for the places of its mistakes."""
    text = read_text(file)
    if isinstance(text, Fault):
        found.faults.append(text)
        return
    rules = cache.rules(text, file)
    if rules is None or any(rule.id in found.places for rule in rules):
        _read_precisely(parse_document(text, file), found)
        return
    found.rules.extend(rules)
    found.places.update((rule.id, (file, number, rule.line or 1)) for number, rule in enumerate(rules))


def _read_precisely(document: Document, found: RuleSet) -> None:
    found.note(document)
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
        for number, node in enumerate(listed.items):
            _read_rule(node, document, found, number)
    elif listed is not None and not (isinstance(listed, Scalar) and (listed.value is None or listed.broken)):
        found.faults.append(document.fault(listed, "rules: expected a list of rules"))
    others = Mapping(entries={key: entry for key, entry in root.entries.items() if key != "rules"}, start=root.start)
    try:
        RulesFile.model_validate(plain(others))
    except ValidationError as error:
        found.faults.extend(faults_of(error, document, RulesFile, others))


def _read_rule(node: Node, document: Document, found: RuleSet, number: int) -> None:
    line = document.place(node.start)[0]
    named = node.get("id") if isinstance(node, Mapping) else None
    rule_id = named.value if isinstance(named, Scalar) and isinstance(named.value, str) else None
    taken = found.places.get(rule_id or "")
    if taken and rule_id:
        message = f"the id {quoted(rule_id)} is taken by the rule at {taken[0]}:{taken[2]}"
        found.faults.append(document.fault(named, message, rule_id))
    elif rule_id and isinstance(node, Mapping):
        found.places[rule_id] = (document.file, number, line)
    try:
        entry = RuleEntry.model_validate(plain(node))
    except ValidationError as error:
        found.faults.extend(faults_of(error, document, RuleEntry, node, rule=rule_id))
        found.spoilt.update({rule_id} if rule_id and not taken else ())
        return
    if taken:
        return
    faults = [found.fault(entry.id, (key,), None, message) for key, message in contradictions(entry)]
    found.faults.extend(faults)
    if faults:
        found.spoilt.add(entry.id)
    else:
        found.rules.append(build_rule(entry, str(document.file), line))


def compile_set(found: RuleSet, before: RuleIndex | None = None, images: Images | None = None) -> RuleIndex:
    """Compile what holds; faults go to the set. Look at them before using the index.

    `before` is an index without a fault: where few rules differ from its own, only those are compiled. `images` may hold
    what the same rules were compiled to at an earlier start.
    """
    if before is None and images is not None and not found.spoilt:
        return _compile_or_map(found, images)
    if before is not None and not found.spoilt:
        added, removed = _differences(found.rules, before.rules)
        if not (added or removed):
            return before
        few = len(added) + len(removed) <= len(found.rules) // _FEW
        compiled = with_changes(before, added, removed) if few else compile_rules(found.rules)
    else:
        names = sorted(found.spoilt)
        stand_ins = [Rule(id=name, kind=RuleKind.TOPIC, title=name, names=("stand-in",)) for name in names]
        compiled = compile_rules((*found.rules, *stand_ins))
    return _told(found, compiled)


def _compile_or_map(found: RuleSet, images: Images) -> RuleIndex:
    """From an image of the same rules, if there is one; else compiled, and kept for the next start."""
    parts = ("rules", rules_version(found.rules))
    stored = images.load(parts)
    known = with_rules(stored, found.rules) if stored is not None else None
    if known is not None:
        return known
    compiled = compile_rules(found.rules)
    if not compiled.errors:
        images.save(parts, compiled.index)
    return _told(found, compiled)


def _told(found: RuleSet, compiled: Compiled) -> RuleIndex:
    """Bring the complaints of `matching` to their places."""
    for error in compiled.errors:
        if error.rule in found.places and error.rule not in found.spoilt:
            found.faults.append(_compile_fault(found, error))
    return compiled.index


def contents_of(places: Iterable[Path]) -> list[str]:
    """What the rule files below these places are, and a hash of what each holds; nothing if one cannot be read."""
    told: list[str] = []
    for place in places:
        for file in _files(place):
            try:
                told += [str(file), blake2b(file.read_bytes(), digest_size=16).hexdigest()]
            except OSError:
                return []
    return told


def _differences(rules: Iterable[Rule], before: Map[str, Rule]) -> tuple[list[Rule], list[str]]:
    """The rules that are new or not as they were, and the ids of those that are gone."""
    now = {rule.id: rule for rule in rules}
    added = [rule for rule in now.values() if (old := before.get(rule.id)) is not rule and old != rule]
    return added, [name for name in before if name not in now]


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
