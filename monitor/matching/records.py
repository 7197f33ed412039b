"""Matches as plain values, for those who write them down at once: JSON lines, and whatever else counts by the million."""

from monitor.model import Match

Record = dict[str, object]


def record_of(match: Match) -> Record:
    """What a match says: `rule`, `severity`, `score`, `clauses`, `spans` (`field`, `start`, `end`, `text`, `term`, `tier`)."""
    return {
        "rule": match.rule_id,
        "severity": match.severity.value,
        "score": match.score,
        "clauses": match.clauses,
        "spans": [
            {
                "field": span.field,
                "start": span.start,
                "end": span.end,
                "text": span.text,
                "term": span.term,
                "tier": span.tier.value,
            }
            for span in match.spans
        ],
    }
