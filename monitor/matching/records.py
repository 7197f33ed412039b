"""Matches as JSON lines, for those who count them by the million."""

from functools import lru_cache

import orjson

from monitor.model import Match


def line_of(match: Match, article: object) -> str:
    """One JSON object in one line: `article` (a name for it), `rule`, `severity`, `score`, `clauses` and `spans` with
    `field`, `start`, `end`, `text`, `term` and `tier`.
    """
    spans = [
        span_text(span.field, span.start, span.end, quoted(span.text), quoted(span.term), span.tier.value)
        for span in match.spans
    ]
    head = head_text(match.rule_id, match.severity.value, match.score, match.clauses)
    return f'{{"article":{orjson.dumps(article).decode()},{head}{",".join(spans)}]}}\n'


def head_text(rule_id: str, severity: str, score: int | None, clauses: tuple[str, ...]) -> str:
    """The middle of a line: what is said of the rule, up to its spans."""
    told = {"rule": rule_id, "severity": severity, "score": score, "clauses": clauses}
    return f'{orjson.dumps(told).decode()[1:-1]},"spans":['


def span_text(field: str, start: int, end: int, text: str, term: str, tier: str) -> str:
    """A span; text and term in quotes already."""
    return f'{{"field":"{field}","start":{start},"end":{end},"text":{text},"term":{term},"tier":"{tier}"}}'


@lru_cache(maxsize=32_768)
def quoted(text: str) -> str:
    """A text as JSON writes it; remembered, since hits repeat the same few words. Half a surrogate pair becomes a mark."""
    return orjson.dumps(text.encode("utf-8", "replace").decode()).decode()
