"""How well names are found: `make bench-names` prints these tables, with the worst misses and false alarms, and writes them.

Reads development data from a folder `shared/data` beside the project, and the project's own cases. The texts of others are
shown on the terminal only; what is written to docs/benchmarks.md are figures.
"""

import sys

from bench.names import arabic, bsnlp, core, ntrex, own, places, speed
from bench.names.corpora import DATA
from bench.report import machine, write_section

WORST = 20


def main() -> None:
    """All tables, then the worst."""
    modules = (own, bsnlp, core, ntrex, arabic, places, speed) if DATA.exists() else (own, speed)
    told = ["## Names: what is found of them, and what is found wrongly (`make bench-names`)", "", machine(), ""]
    if not DATA.exists():
        told += ["The development data is not beside this checkout: only the project's own cases were run.", ""]
    for module in modules:
        told += [*module.rows(), ""]
    write_section("names", "\n".join(told))
    print("\n".join(told))
    if DATA.exists():
        _, wrong = core.measure()
        print("\n".join(f"Written case, wrong: {line}" for line in wrong))
        found = bsnlp.measure()
        print(f"The worst {WORST} misses and false alarms among Slavic news (language, name, text, times):")
        print("\n".join(f"  missed  {lang} {name}: {count}" for (lang, name), count in found.misses.most_common(WORST)))
        print(
            "\n".join(
                f"  wrong   {lang} {name}: {text} {count}"
                for (lang, name, text), count in found.alarms.most_common(WORST)
            )
        )


if __name__ == "__main__":
    sys.exit(main())
