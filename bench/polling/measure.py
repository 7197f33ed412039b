"""CPU and memory of a process with all that it starts."""

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LOOK_EVERY = 0.1
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one run."""

    cpu: float
    """Seconds, user and system, of the process and all that it waited for."""
    wall: float
    peak: int
    """Bytes resident, the sum over its processes, as seen ten times a second."""


def run(command: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None, log: Path) -> Cost:
    """Run a command to its end; its output goes to a file. What it exits with is not judged."""
    began = time.monotonic()
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=cwd, env=None if env is None else {**os.environ, **env}, stdout=output, stderr=output
        )
        peaks = [0]
        done = threading.Event()
        watcher = threading.Thread(target=_watch, args=(process.pid, peaks, done))
        watcher.start()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        done.set()
        watcher.join()
    return Cost(cpu=used.ru_utime + used.ru_stime, wall=time.monotonic() - began, peak=peaks[0])


def _watch(pid: int, peaks: list[int], done: threading.Event) -> None:
    while not done.wait(_LOOK_EVERY):
        peaks[0] = max(peaks[0], resident(pid))


def resident(pid: int) -> int:
    """Bytes resident of a process and all below it, now."""
    return sum(_rss(one) for one in tree(pid))


def cpu(pid: int) -> float:
    """CPU seconds that a process and all below it have used, those that ended included."""
    ticks = 0
    for one in tree(pid):
        try:
            fields = Path(f"/proc/{one}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for one in found:
        try:
            for task in Path(f"/proc/{one}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text("ascii").split()]
        except OSError:
            continue
    return found


def _rss(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * _PAGE
    except OSError:
        return 0
