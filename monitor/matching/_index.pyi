from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, overload

from monitor.matching._scan import Scan

Section: TypeAlias = bytes | bytearray | memoryview

class Forms:
    def add(self, token: str, entry: int) -> None: ...
    def tables(self) -> tuple[bytearray, bytearray, list[int], bytearray]: ...

def edge_tables(edges: Mapping[tuple[int, int], int]) -> tuple[bytearray, bytearray, bytearray]: ...

class Scratch:
    def __init__(self, segment: Segment) -> None: ...

class Segment:
    atoms: int
    rules: int
    names: int
    def __init__(
        self, sections: Mapping[str, Section], fields: int, resolver: Callable[[str], Sequence[int]] | None
    ) -> None: ...
    @overload
    def match(
        self, scan: Scan, scratch: Scratch, dead: bytes | bytearray, ids: None
    ) -> tuple[list[int], list[int], list[int]]: ...
    @overload
    def match(
        self, scan: Scan, scratch: Scratch, dead: bytes | bytearray, ids: list[str]
    ) -> tuple[list[str], list[int], list[int]]: ...
    def candidates(self, scratch: Scratch) -> int: ...
    def marks(
        self, rule: int, scan: Scan, scratch: Scratch
    ) -> tuple[list[int], int, list[tuple[int, int, int, int, int]]] | None: ...
