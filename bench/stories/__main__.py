"""How well and how fast articles are grouped into stories: `make bench-stories` prints these tables and writes them.

Reads development data from a folder `shared/data` beside the project, and the project's own cases. `fit [SECONDS]` searches
for better numbers; `speed SIZE` is one measurement in a process of its own.
"""

import sys

from bench.report import machine, write_section
from bench.stories import data, fit, quality, speed
from monitor.config.story_lists import lexicon

_NOTE = (
    "ECB+ has two much alike stories a topic (one team fires a coach, and hires the same one years before). Where the numbers of "
    "the decision come from, and what was looked at before they stood, is said in "
    "[stories](stories.md#where-the-numbers-come-from)."
)


def main() -> None:
    """All tables, or what the arguments ask for."""
    match sys.argv[1:]:
        case ["speed", size]:
            speed.measure(int(size))
            return
        case ["fit", *seconds]:
            fit.search(float(seconds[0]) if seconds else 120.0)
            return
    told = ["## Stories: articles that tell the same news (`make bench-stories`)", "", machine(), ""]
    if not data.DATA.exists():
        told += ["The development data is not beside this checkout: only the project's own cases were run.", ""]
    else:
        told += [_NOTE, ""]
    told += [*quality.rows(lexicon()), "", *speed.rows()]
    write_section("stories", "\n".join(told))
    print("\n".join(told))


if __name__ == "__main__":
    main()
