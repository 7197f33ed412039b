"""Large sets of rules change while articles are matched: every article is matched by one whole set, and none is missed."""

import json
import threading
from pathlib import Path

from monitor.config import Loaded, RuleCache, load
from monitor.matching import example

COUNT = 800
SETTINGS = "store: sqlite:///monitor.db\nrules: [rules]\nhttp: {enabled: false}\n"


def _write(folder: Path, word: str) -> None:
    """Every rule hits the word, and nothing else does."""
    for start in range(0, COUNT, 200):
        lines = [
            json.dumps({"id": f"r{number}", "kind": "topic", "title": f"R{number}", "query": f"shared AND {word}"})
            for number in range(start, start + 200)
        ]
        new = folder / f"rules{start}.new"
        new.write_text("rules:\n" + "\n".join(f"  - {line}" for line in lines) + "\n", "utf-8")
        new.replace(folder / f"rules{start}.yaml")


def test_no_article_is_matched_by_half_a_set(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    _write(rules, "alpha")
    (tmp_path / "monitor.yaml").write_text(SETTINGS, "utf-8")
    cache = RuleCache()
    held: list[Loaded] = [load(tmp_path / "monitor.yaml", {}, cache)]
    done = threading.Event()

    def reload() -> None:
        for turn in range(6):
            _write(rules, "beta" if turn % 2 == 0 else "alpha")
            held[0] = load(tmp_path / "monitor.yaml", {}, cache)
        done.set()

    reloading = threading.Thread(target=reload)
    reloading.start()
    seen: dict[str, int] = {"alpha": 0, "beta": 0}
    while not done.is_set():
        index = held[0].index
        for word, other in (("alpha", "beta"), ("beta", "alpha")):
            found = index.match(example(f"shared {word}"))
            assert len(found) in {0, COUNT}
            assert len(index.match(example(f"shared {other}"))) == COUNT - len(found)
            seen[word] += len(found) == COUNT
    reloading.join()
    assert min(seen.values()) > 0
    assert len(held[0].index.match(example("shared alpha"))) == COUNT
