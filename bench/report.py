"""Where benchmarks write: sections of docs/benchmarks.md, each between two comments of its own key."""

import os
import platform
import re
from pathlib import Path

REPORT = Path(__file__).parents[1] / "docs" / "benchmarks.md"
_HEAD = """# Benchmarks

Each section is written by the command that it names. CPU time of one process, unless a column says otherwise.
"""


def machine() -> str:
    """The machine in one line, without its name."""
    return (
        f"Machine: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, shared with other "
        "work: trust ratios."
    )


def write_section(key: str, markdown: str) -> None:
    """Replace what stands between `<!-- key -->` and `<!-- /key -->`, or add it at the end."""
    text = REPORT.read_text("utf-8") if REPORT.exists() else _HEAD
    section = f"<!-- {key} -->\n{markdown.strip()}\n<!-- /{key} -->\n"
    found = re.compile(rf"<!-- {re.escape(key)} -->.*?<!-- /{re.escape(key)} -->\n", re.DOTALL)
    changed = found.sub(lambda _: section, text, count=1) if found.search(text) else f"{text.rstrip()}\n\n{section}"
    REPORT.write_text(changed, "utf-8")
