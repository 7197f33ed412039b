"""Many small values in one block of bytes: what a large set of rules holds for each rule, without an object for each."""

from array import array
from collections.abc import Iterable, Sequence


class Strings(Sequence[str]):
    """Texts in one block of bytes, each made when it is asked for."""

    def __init__(self, ends: memoryview, block: memoryview) -> None:
        self._ends = ends
        self._block = block

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Strings":
        """Texts, packed."""
        ends, block = packed(text.encode("utf-8", "surrogatepass") for text in texts)
        return cls(memoryview(ends).cast("Q"), memoryview(block))

    def __getitem__(self, at: int) -> str:  # type: ignore[override]  # slices are never asked for
        return str(piece(self._ends, self._block, at), "utf-8", "surrogatepass")

    def __len__(self) -> int:
        return len(self._ends)


def piece(ends: memoryview, block: memoryview, at: int) -> memoryview:
    """One of the pieces that a block consists of."""
    return block[ends[at - 1] if at else 0 : ends[at]]


def packed(pieces: Iterable[bytes]) -> tuple[bytes, bytes]:
    """Pieces as one block, and where each ends."""
    ends, block = array("Q"), bytearray()
    for one in pieces:
        block += one
        ends.append(len(block))
    return ends.tobytes(), bytes(block)
