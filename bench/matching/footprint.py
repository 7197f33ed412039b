"""How much memory a compiled set takes, in a process that does nothing else: `python -m bench.matching.footprint FILE`.

FILE holds pickled rules, or the image of a compiled set. Prints one JSON object: megabytes of the rules themselves, of what
compiling adds to them, and CPU seconds of compiling; or those of a set that is mapped, its rules included. What the allocator has free is given back before each look, so that peaks do not count.
"""

import ctypes
import gc
import json
import mmap
import os
import pickle
import sys
import time
from pathlib import Path

from monitor.matching import compile_rules, image_blocks, index_from_image

_MEGABYTE = 1 << 20


def resident() -> float:
    """Megabytes of this process in memory now."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / _MEGABYTE


def main() -> None:
    """Load, compile, look."""
    file = Path(sys.argv[1])
    compile_rules([])  # what the code itself takes does not count
    empty = resident()
    if file.suffix == ".image":
        with file.open("rb") as image:
            index = index_from_image(memoryview(mmap.mmap(image.fileno(), 0, access=mmap.ACCESS_READ)))
        assert index is not None
        print(json.dumps({"known": len(index.rules), "mapped_mb": resident() - empty}))
        return
    rules = pickle.loads(file.read_bytes())
    loaded = resident()
    began = time.process_time()
    compiled = compile_rules(rules)
    seconds = time.process_time() - began
    after = resident()
    with file.with_suffix(".image").open("wb") as image:
        image.writelines(image_blocks(compiled.index) or [])
    known = len(compiled.index.rules)
    print(json.dumps({"known": known, "rules_mb": loaded - empty, "set_mb": after - loaded, "compile_s": seconds}))


if __name__ == "__main__":
    main()
