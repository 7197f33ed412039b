"""From a set of rules to an index: the native one where its extension was built, else the one in plain Python."""

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from monitor.errors import RuleError
from monitor.matching.compile import Compiler
from monitor.matching.index import PythonIndex, RuleIndex
from monitor.matching.ruleset import RuleSet
from monitor.model import Rule


@dataclass(frozen=True, slots=True)
class Compiled:
    """A set of rules and what is wrong with it; rules with an error are not in the index."""

    index: RuleIndex
    errors: tuple[RuleError, ...]


def native_available() -> bool:
    """Whether the native index was built."""
    return find_spec("monitor.matching._index") is not None


def compile_rules(rules: Sequence[Rule], *, native: bool | None = None) -> Compiled:
    """Compile a set of rules together; raises nothing: every error of every rule is in the result.

    `native` is for tests: which index to make, whatever there is.
    """
    if native is None:
        native = native_available()
    if native:
        return _compile_native(rules)
    by_id = {rule.id: rule for rule in rules}
    compiler = Compiler(by_id)
    compiled = compiler.compile()
    return Compiled(PythonIndex(by_id, compiled), tuple(compiler.errors))


def _compile_native(rules: Sequence[Rule]) -> Compiled:
    from monitor.matching.native import NativeIndex, Part, flatten  # noqa: PLC0415 - not there without a compiler

    collecting = gc.isenabled()
    gc.disable()  # nothing made here goes in circles, and looking for that takes a fifth of the time
    try:
        together = RuleSet(rules)
        compiler = Compiler(together)
        flat, ids = flatten(compiler, together.values())
    finally:
        if collecting:
            gc.enable()
    compiler.find_cycles()
    broken = frozenset(compiler.broken())
    return Compiled(NativeIndex(together, [Part.of(flat, ids, dead=broken)], broken), tuple(compiler.errors))


def with_changes(index: RuleIndex, added: Sequence[Rule] = (), removed: Sequence[str] = ()) -> Compiled:
    """A new index in which rules were added or replaced, and others removed; the old one stays as it is.

    Errors are those of the rules that were compiled again. With the native index this costs next to nothing, whatever the
    number of the other rules.
    """
    if native_available():
        from monitor.matching.native import NativeIndex, changed  # noqa: PLC0415 - as above

        if isinstance(index, NativeIndex):
            made, compiler = changed(index, added, removed)
            return Compiled(made, tuple(compiler.errors))
    kept = {name: rule for name, rule in index.rules.items() if name not in removed}
    return compile_rules([*(kept | {rule.id: rule for rule in added}).values()], native=False)


def image_bytes(index: RuleIndex) -> bytes | None:
    """A native index as bytes, to be mapped later; None for a plain one, and one that was changed since it was compiled."""
    if native_available():
        from monitor.matching.image import image_of  # noqa: PLC0415 - as above
        from monitor.matching.native import NativeIndex  # noqa: PLC0415 - as above

        if isinstance(index, NativeIndex):
            return image_of(index)
    return None


def index_from_image(image: memoryview) -> RuleIndex | None:
    """The index that bytes hold, which must stay as they are; None if they are damaged or nothing here can use them."""
    if not native_available():
        return None
    from monitor.matching.image import index_of  # noqa: PLC0415 - as above

    return index_of(image)


def with_rules(index: RuleIndex, rules: Sequence[Rule]) -> RuleIndex | None:
    """The same index over rules that match alike, but may differ in what does not decide a match; None if it cannot be."""
    from monitor.matching.native import NativeIndex  # noqa: PLC0415 - as above

    together = RuleSet(rules)
    if not isinstance(index, NativeIndex) or together.version != index.version:
        return None
    return NativeIndex(together, index.parts, index.broken)
