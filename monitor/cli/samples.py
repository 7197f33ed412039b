"""Samples of what rules found, as lines for people: when, where, the title, and the matched words in their sentence."""

from collections.abc import Iterable, Iterator
from datetime import tzinfo

from monitor import alerting
from monitor.matching.replay import Sample


def sample_lines(samples: Iterable[Sample], zone: tzinfo, indent: str = "  ") -> Iterator[str]:
    """Two lines and more for each."""
    for one in samples:
        article = one.article
        place = article.outlet or article.feed_id or article.key
        yield f"{indent}{one.at.astimezone(zone):%Y-%m-%d %H:%M}  {place}: {article.title or '(no title)'}"
        for excerpt in alerting.excerpts(article, one.match.spans, 2):
            left, right = "… " if excerpt.cut_left else "", " …" if excerpt.cut_right else ""
            yield f"{indent}    {left}{_marked(excerpt.text, excerpt.marks)}{right}"


def sample_json(sample: Sample) -> dict[str, object]:
    """The same for programs."""
    return {
        "at": sample.at.isoformat(),
        "article": sample.article.key,
        "title": sample.article.title,
        "outlet": sample.article.outlet,
        "url": sample.article.url,
        "words": [[span.text, span.tier.value] for span in sample.match.spans],
    }


def _marked(text: str, marks: Iterable[tuple[int, int]]) -> str:
    pieces, at = [], 0
    for start, end in marks:
        pieces.append(f"{text[at:start]}«{text[start:end]}»")
        at = end
    return " ".join("".join([*pieces, text[at:]]).split())
