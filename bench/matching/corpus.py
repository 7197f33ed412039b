"""Articles to match and rules to match them against.

News lies beside the project where its developers keep it (never in it: the texts are their publishers'); a checkout that
stands alone takes its own texts. Either way the articles are split at random, by a fixed seed, into a half that rules are
made from and a half that is matched: names recur between them, texts do not.
"""

import importlib.util
import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

from bench.matching.made import Made, from_tree
from bench.matching.own_rules import OwnRules
from monitor import config
from monitor.model import Article

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
SEED = 1
_NEWS = "news_bench_*.jsonl"
_WORDS = 100
"""News of fewer words is a headline or a flash; the figures are about articles."""
_OWN_WORDS = 12
_OF_A_LANGUAGE = 60
"""Articles that a language needs for rules to be made from it."""
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass
class Corpus:
    """Articles in two halves, and the rules made from the first. Rules are made once, in order, as they are asked for."""

    name: str
    """For the table: what it is."""
    rules_half: list[Article]
    stream: list[Article]
    generator: ModuleType | None
    """The shared generator, with an oracle of its own; None when the rules are made by `own_rules`."""
    _rules: list[Made] = field(default_factory=list)

    def rules(self, count: int) -> list[Made]:
        """The first rules; a larger set begins with a smaller one."""
        if count > len(self._rules):
            self._rules += islice(self._making, count - len(self._rules))
        return self._rules[:count]

    @cached_property
    def _making(self) -> Iterator[Made]:
        if self.generator is None:
            return OwnRules(self.rules_half).make(1 << 30, SEED)
        records = [{"title": one.title, "body": one.body, "lang": one.lang} for one in self.rules_half]
        return map(from_tree, self.generator.generate(records, 1 << 30, SEED))

    @cached_property
    def described(self) -> str:
        """One sentence."""
        sizes = sorted(len(f"{one.title} {one.body}".split()) for one in self.stream)
        langs = Counter(one.lang or "unknown" for one in self.stream)
        shares = ", ".join(f"{count / len(self.stream):.0%} {lang}" for lang, count in langs.most_common(4))
        mean, median = sum(sizes) / len(sizes), sizes[len(sizes) // 2]
        return (
            f"{self.name}: {len(self.stream):,} articles to match (mean {mean:.0f} words, median {median}; {shares}), and "
            f"{len(self.rules_half):,} others that the rules were made from"
        )


def load(*, own: bool = False) -> Corpus:
    """The news beside the project where there is some, else (or when asked) the project's own texts."""
    news = [] if own else _news()
    articles = news or _own()
    random.Random(SEED).shuffle(articles)
    half = len(articles) // 2
    generator = _generator() if news else None
    name = (
        f"News in {_NEWS}, bodies of {_WORDS} words and more" if news else "The project's own seeds, examples and docs"
    )
    made_by = "gen_rules.py" if generator else "bench/matching/own_rules.py"
    return Corpus(f"{name}; rules by {made_by}", articles[:half], articles[half:], generator)


def _generator() -> ModuleType | None:
    path = SHARED / "tools" / "gen_rules.py"
    if not path.exists():
        return None
    spec = importlib.util.spec_from_file_location("gen_rules", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _article(key: str, title: str, body: str, lang: str | None = None) -> Article:
    return Article(key=key, feed_id="bench", guid=key, url=None, title=" ".join(title.split()), body=body, lang=lang)


def _news() -> list[Article]:
    found: dict[str, dict[str, Any]] = {}
    for path in sorted((SHARED / "data").glob(_NEWS)):
        for line in path.read_text("utf-8").splitlines():
            record = json.loads(line)
            if len(record["body"].split()) >= _WORDS:
                found[record["id"]] = record
    langs = Counter(record["lang"] for record in found.values())
    return [
        _article(key, record["title"], record["body"], record["lang"])
        for key, record in sorted(found.items())
        if langs[record["lang"]] >= _OF_A_LANGUAGE
    ]


def _own() -> list[Article]:
    """Paragraphs of the seeds, examples of the shipped rules, sections of the docs."""
    articles: list[Article] = []
    for path in sorted((ROOT / "seeds").glob("*.txt")):
        title, _, rest = path.read_text("utf-8").partition("\n")
        for number, part in enumerate(rest.split("\n\n")):
            articles.append(_article(f"{path.stem}/{number}", title, part))
    for rule in config.load_rules([ROOT / "rules"]):
        for number, text in enumerate((*rule.examples.match, *rule.examples.ignore)):
            articles.append(_article(f"{rule.id}/{number}", rule.title, text))
    for path in sorted((*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))):
        if path.name == "benchmarks.md":
            continue  # what is written here must not change what is measured
        parts = _HEADING.split(path.read_text("utf-8"))
        for number, (heading, body) in enumerate(zip(parts[1::2], parts[2::2], strict=True)):
            articles.append(_article(f"{path.stem}/{number}", heading, body, "en"))
    return [one for one in articles if len(one.body.split()) >= _OWN_WORDS]
