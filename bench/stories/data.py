"""What stories are measured on: development data in a folder `shared/data` beside the project, and the project's own cases."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from monitor.cli.match import read_article
from monitor.model import Article

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
OWN = ROOT / "tests" / "data" / "stories.jsonl"
TEASER = 45  # words
OTHERS = 300  # headlines that belong to no story


class Told(NamedTuple):
    """An article, and the story that people put it in; None where nobody was asked."""

    article: Article
    story: str | None


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from (json.loads(line) for line in file if line.strip())


def article(key: str, title: str, body: str, lang: str) -> Article:
    """An article without a time or an address: the text alone must tell."""
    return Article(key=key, feed_id="", guid=None, url=None, title=title, body=body, lang=lang)


def own() -> list[Told]:
    """The written cases, by time."""
    rows = sorted(_lines(OWN), key=lambda row: row["published"])
    return [Told(read_article(row), row["story"]) for row in rows]


def ecb(half: int | None = None) -> list[Told]:
    """ECB+ in the order of the file; `half` 0 or 1 takes every second topic, whose two stories are much alike."""
    rows = list(_lines(DATA / "stories_ecbplus_en.jsonl"))
    topics = sorted({row["topic"] for row in rows}, key=int)
    kept = set(topics if half is None else topics[half::2])
    return [Told(article(row["id"], "", row["body"], "en"), row["story"]) for row in rows if row["topic"] in kept]


def teasers(half: int | None = None) -> list[Told]:
    """The same as a feed has them: a headline where there is one, and some words."""
    found = []
    for told in ecb(half):
        title, _, rest = _headline(told.article.body)
        text = " ".join(rest.split()[:TEASER])
        found.append(Told(article(told.article.key, title, text, "en"), told.story))
    return found


def headlines() -> list[Told]:
    """Headlines of UCI in the order of the file."""
    rows = _lines(DATA / "stories_uci_headlines_en.jsonl")
    return [Told(article(row["id"], row["title"], "", "en"), row["story"]) for row in rows]


def mixed_headlines(half: int | None = None) -> list[Told]:
    """Those, the headlines of ECB+ and some hundred of the BBC, which count as a story each, in one random order."""
    of_ecb = [(told, _headline(told.article.body)[0]) for told in ecb(half)]
    found = headlines() + [
        Told(article(told.article.key, title, "", "en"), told.story) for told, title in of_ecb if title
    ]
    chance = random.Random(2)
    others = [
        row["title"] for row in _lines(DATA / "news_bench_en.jsonl") if row["title"] and not row["title"].isupper()
    ]
    others = chance.sample(others, OTHERS)
    found += [Told(article(f"other:{at}", title, "", "en"), f"other:{at}") for at, title in enumerate(others)]
    chance.shuffle(found)
    return found


def _headline(body: str) -> tuple[str, str, str]:
    """Those texts of ECB+ that begin with an address have their headline in the second line."""
    first, _, rest = body.partition("\n")
    if not first.startswith("http"):
        return "", "", body
    return rest.partition("\n")


def pairs(half: int | None = None) -> list[tuple[str, bool, Article, Article]]:
    """Labelled pairs in Russian and English: language, whether people called them one story, and both."""
    rows = list(_lines(DATA / "story_pairs_ru_en.jsonl"))
    found = [
        (
            row["lang"],
            row["gold"] == "OK",
            *(article(side, row[side]["title"], row[side]["body"], row["lang"]) for side in "ab"),
        )
        for row in rows
    ]
    return found if half is None else found[half::2]


def parallel() -> list[tuple[str, Told]]:
    """News in many languages: language, and the article in it."""
    rows = _lines(DATA / "ntrex_parallel_news.jsonl")
    return [(row["lang"], Told(article(row["id"], row["title"], row["body"], row["lang"]), row["doc"])) for row in rows]


def sentences() -> dict[str, list[str]]:
    """Real sentences by language, to make long streams of; the project's own documents where nothing else is there."""
    if not DATA.exists():
        text = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "docs").rglob("*.md")))
        return {"en": [line for line in text.splitlines() if line.strip()]}
    found = {}
    for lang in ("en", "ar", "ru"):
        text = "\n".join(row["body"] or row["title"] for row in _lines(DATA / f"news_bench_{lang}.jsonl"))
        found[lang] = [one.strip() for line in text.splitlines() for one in line.split(". ") if one.strip()]
    return found
