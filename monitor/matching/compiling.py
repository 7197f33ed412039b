"""From a set of rules to an index: the native one where its extension was built, else the one in plain Python."""

import gc
from collections.abc import Sequence

from monitor.matching.compile import Compiler
from monitor.matching.index import Compiled, RuleIndex, compile_plain
from monitor.matching.ruleset import RuleSet
from monitor.model import Rule


def native_available() -> bool:
    """Whether the native index was built."""
    try:
        import monitor.matching._index  # noqa: F401, PLC0415 - not there without a compiler
    except ImportError:
        return False
    return True


def compile_rules(rules: Sequence[Rule], *, native: bool | None = None) -> Compiled:
    """Compile a set of rules together; raises nothing: every error of every rule is in the result.

    `native` is for tests: which index to make, whatever there is.
    """
    collecting = gc.isenabled()
    gc.disable()  # nothing made here goes in circles, and looking for that takes a fifth of the time
    try:
        use_native = native_available() if native is None else native
        return _compile_native(rules) if use_native else compile_plain(rules)
    finally:
        if collecting:
            gc.enable()


def _compile_native(rules: Sequence[Rule]) -> Compiled:
    from monitor.matching.native import NativeIndex, flatten  # noqa: PLC0415 - as above
    from monitor.matching.part import Part  # noqa: PLC0415 - as above

    together = RuleSet(rules)
    compiler = Compiler(together)
    flat, ids = flatten(compiler, together.values())
    compiler.find_cycles()
    broken = frozenset(compiler.broken())
    return Compiled(NativeIndex(together, [Part.of(flat, ids, dead=broken)], broken), tuple(compiler.errors))


def with_changes(index: RuleIndex, added: Sequence[Rule] = (), removed: Sequence[str] = ()) -> Compiled:
    """A new index in which rules were added or replaced, and others removed; the old one stays as it is.

    Errors are those of the rules that were compiled again. With the native index this costs next to nothing, whatever the
    number of the other rules.
    """
    return index.changed(added, removed)


def image_blocks(index: RuleIndex) -> list[bytes] | None:
    """A native index as blocks of bytes, to be written one after the other and mapped later; None for a plain one, and
    for one that was changed since it was compiled.
    """
    return index.image()


def index_from_image(image: memoryview, *, native: bool | None = None) -> RuleIndex | None:
    """The index that bytes hold, which must stay as they are; None if they are damaged or nothing here can use them."""
    if not (native_available() if native is None else native):
        return None
    from monitor.matching.image import index_of  # noqa: PLC0415 - as above

    return index_of(image)


def with_rules(index: RuleIndex, rules: Sequence[Rule]) -> RuleIndex | None:
    """The same index over rules that match alike, but may differ in what does not decide a match; None if it cannot be."""
    return index.over(rules)
