"""Pieces of the flat code of a rule, and how they are put together: what must occur for a piece to hold is kept with it.

The numbers of operators stand in `_index.pyx` too. Which words and phrases there are is the business of `flat.py`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.matching.compile import Node

(ANY, NAMES, OR, AND, NOT, NEAR, FIRST, ATLEAST, SOFT, MAYBE, NEVER, SCORE, CLAUSE, LEAD) = range(1, 15)
SCREEN: Final = 4
"""Atoms of a second clause that a post has room for."""
_SLOW: Final = frozenset({NEAR, SCORE, NAMES, SOFT})

Trigger = tuple[float, tuple[int, ...]]
"""How common, as a guess, and the atoms of which one must occur."""


@dataclass(slots=True)
class Part:
    """A piece of code: its numbers, whether it has places, and the atoms of which one must occur for it to hold."""

    code: list[int]
    places: bool = False
    trigger: "Trigger | None" = None
    """None when nothing in particular must occur."""
    plain: bool = True
    """Whether the native code can also tell the places for a hit."""
    clauses: bool = False
    """Whether a clause in it has a name."""
    also: "Trigger | None" = None
    """Another clause that must hold too, of few atoms: a rule is not asked when none of its words is there."""


def cost_of(part: Part) -> float:
    """How common what a piece needs is; without end when it needs nothing."""
    return part.trigger[0] if part.trigger is not None else float("inf")


def rarest(parts: Sequence[Part]) -> tuple[Trigger | None, Trigger | None]:
    """Of parts that must all hold: by which to find the rule, and by which else to screen it."""
    chosen = min(parts, key=cost_of)
    others = [part.trigger for part in parts if part is not chosen and part.trigger is not None]
    others += [part.also for part in parts if part.also is not None]
    return chosen.trigger, min((one for one in others if 0 < len(one[1]) <= SCREEN), default=None)


def either(parts: Iterable[Part]) -> Trigger | None:
    """What must occur when one of several parts must hold: anything of any; nothing if one of them needs nothing."""
    cost: float = 0.0
    atoms: list[int] = []
    for part in parts:
        if part.trigger is None:
            return None
        cost += part.trigger[0]
        atoms += part.trigger[1]
    return cost, tuple(atoms)


def all_of(parts: Sequence[Part]) -> Part:
    """The pieces that must all hold, as one."""
    if len(parts) == 1:
        return parts[0]
    clauses = any(part.clauses for part in parts)
    trigger, also = rarest(parts)
    # What is quick to tell first, and what the rule is found by last, for it holds nearly always. Where clauses are named
    # they are told in the order of the query.
    ordered = parts if clauses else sorted(parts, key=lambda one: (one.code[0] in _SLOW, one.trigger is trigger))
    code = [AND, 0]
    for part in ordered:
        code += part.code
    code[1] = len(code)
    return Part(code, trigger=trigger, plain=all(part.plain for part in parts), clauses=clauses, also=also)


def one_of(parts: Sequence[Part]) -> Part:
    """The pieces of which one must hold, as one."""
    trigger = either(parts)
    plain, places = all(part.plain for part in parts), all(part.places for part in parts)
    if all(part.code[0] == ANY for part in parts):
        leaves = [leaf for part in parts for leaf in part.code[3 : 3 + part.code[2]]]
        code = [ANY, 0, len(leaves), *leaves, *(term for part in parts for term in part.code[3 + part.code[2] :])]
    else:
        code = [OR, 0]
        for part in parts:
            code += part.code
    code[1] = len(code)
    return Part(code, places, trigger, plain, any(part.clauses for part in parts))


def softened(part: Part) -> Part:
    """Possible when the part holds; the evaluator decides."""
    code = part.code if part.code[0] in {SOFT, MAYBE} else [SOFT, len(part.code) + 2, *part.code]
    return Part(code, trigger=part.trigger, plain=False, also=part.also)


def holds(node: Node, kinds: tuple[type, ...]) -> bool:
    """Whether one of these forms stands somewhere below a node."""
    return any(isinstance(part.query, kinds) or holds(part, kinds) for part in node.parts)
