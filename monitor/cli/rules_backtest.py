"""`monitor rules backtest`: what a rule would have found in the archive, day by day."""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from monitor.cli.archive import Seen, archived, listed, moment
from monitor.cli.rules import Chosen
from monitor.cli.samples import sample_json, sample_lines
from monitor.config.values import timezone
from monitor.matching import RuleIndex, compile_rules
from monitor.matching.replay import Changed, Day, Sample, Tally, alone

_WIDTH = 40
_MOST_DAYS = 100
"""A longer time is shown by weeks."""
_WEEK = 7
_MOST_SHOWN = 12


@dataclass(frozen=True)
class _Backtest:
    """What came of it."""

    rule_id: str
    articles: int
    tally: Tally
    changed: Changed | None


@click.command("backtest")
@click.argument("rule_id", metavar="RULE")
@click.option("--since", metavar="DURATION", help="Only articles of the last while, such as 90d; else all.")
@click.option(
    "--against",
    type=click.Path(exists=True, path_type=Path),
    help="A rule file with another version of the rule: what it would find more or less.",
)
@click.option(
    "--input",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Articles as JSON lines instead of the archive.",
)
@click.option("--samples", default=5, show_default=True, type=click.IntRange(0, 1000), help="Show so many articles.")
@click.option("--timezone", "zone", default="UTC", show_default=True, help="Whose days are counted.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def backtest(
    chosen: Chosen,
    *,
    rule_id: str,
    since: str | None,
    against: Path | None,
    file: Path | None,
    samples: int,
    zone: str,
    as_json: bool,
) -> None:
    """Replay the archive through RULE, enabled or not: hits and texts a day, matched words, outlets, samples.

    An article is replayed with its newest text and counts on the day when it was first seen. Copies of one text on one
    day count as one text.
    """
    begin, tally = moment(since), Tally(zone=_zone(zone), wanted=samples)
    chosen.rule(rule_id)
    index = _only(chosen.index, rule_id)
    other = _only(chosen.over(against), rule_id) if against is not None else None
    changed = Changed(wanted=samples) if other is not None else None
    articles = listed(file, begin) if file is not None else archived(chosen.store, begin=begin)
    count = _replay(articles, index, other, tally, changed)
    done = _Backtest(rule_id, count, tally, changed)
    if as_json:
        click.echo(json.dumps(_as_json(done), ensure_ascii=False))
    else:
        for line in _lines(done, against):
            click.echo(line)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(timezone(name))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--timezone") from error


def _only(index: RuleIndex, rule_id: str) -> RuleIndex:
    """The one rule, so that a replay pays for no other."""
    return compile_rules(alone(index.rules, rule_id)).index


def _replay(
    articles: Iterable[Seen], index: RuleIndex, other: RuleIndex | None, tally: Tally, changed: Changed | None
) -> int:
    count = 0
    for article, at in articles:
        count += 1
        hit = next(iter(index.match(article, now=at)), None)
        if hit is not None:
            tally.add(Sample(at, article, hit))
        if other is not None and changed is not None:
            variant = next(iter(other.match(article, now=at)), None)
            changed.add(article, at, hit, variant)
    return count


# for people


def _lines(done: _Backtest, against: Path | None) -> Iterator[str]:
    tally = done.tally
    texts = f", {_many(tally.texts, 'text')}" if tally.hits else ""
    yield f"{done.rule_id}: {_many(tally.hits, 'hit')} in {_many(done.articles, 'article')}{texts}"
    if tally.first is not None and tally.last is not None:
        yield from _found(done, tally.first, tally.last)
    if done.changed is not None:
        yield from _difference(done.changed, tally, str(against))


def _found(done: _Backtest, first: Sample, last: Sample) -> Iterator[str]:
    tally = done.tally
    yield f"first {first.at.astimezone(tally.zone):%Y-%m-%d %H:%M}, last {last.at.astimezone(tally.zone):%Y-%m-%d %H:%M}"
    yield ""
    yield from _chart(list(tally.all_days()))
    yield ""
    words = [f"{word} ({tier}) {count}" for (word, tier), count in tally.words.most_common(_MOST_SHOWN)]
    yield f"words, by articles: {_listed(words, len(tally.words))}"
    outlets = [f"{outlet} {count}" for outlet, count in tally.outlets.most_common(_MOST_SHOWN)]
    yield f"outlets: {_listed(outlets, len(tally.outlets))}"
    if tally.wanted:
        yield ""
        yield "samples, from the first to the last:"
        yield from sample_lines(tally.samples, tally.zone)


def _listed(shown: list[str], count: int) -> str:
    return ", ".join(shown) + (f" and {count - len(shown)} more" if count > len(shown) else "")


def _chart(days: list[tuple[date, Day]]) -> Iterator[str]:
    """A bar for each day, or for each week of a long time: hits, the full part of the bar the distinct texts."""
    rows = days
    if len(days) > _MOST_DAYS:
        rows = [(days[at][0], _together(days[at : at + _WEEK])) for at in range(0, len(days), _WEEK)]
        yield "a week from     hits (texts ██, copies of them ░░)"
    else:
        yield "day             hits (texts ██, copies of them ░░)"
    most = max(day.hits for _, day in rows)
    for when, day in rows:
        full = -(-day.texts * _WIDTH // most)
        bar = "█" * full + "░" * (-(-day.hits * _WIDTH // most) - full)
        numbers = f"{day.hits} ({day.texts})" if day.texts != day.hits else str(day.hits)
        yield f"{when:%Y-%m-%d %a}  {_coloured(bar)}{' ' if bar else ''}{numbers}"


def _coloured(bar: str) -> str:
    return click.style(bar, fg="cyan") if sys.stdout.isatty() else bar


def _together(days: list[tuple[date, Day]]) -> Day:
    return Day(hits=sum(day.hits for _, day in days), texts=sum(day.texts for _, day in days))


def _difference(changed: Changed, tally: Tally, against: str) -> Iterator[str]:
    yield ""
    yield (
        f"{against}: {_many(changed.after, 'hit')} instead of {changed.before}: "
        f"{changed.gained} gained, {changed.lost} lost"
    )
    for name, samples, count in (("gained", changed.gains, changed.gained), ("lost", changed.losses, changed.lost)):
        if count and tally.wanted:
            yield f"{name}:"
            yield from sample_lines(samples, tally.zone)


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


# for programs


def _as_json(done: _Backtest) -> dict[str, object]:
    tally, changed = done.tally, done.changed
    made: dict[str, object] = {
        "rule": done.rule_id,
        "articles": done.articles,
        "hits": tally.hits,
        "texts": tally.texts,
        "first": tally.first.at.astimezone(UTC).isoformat() if tally.first else None,
        "last": tally.last.at.astimezone(UTC).isoformat() if tally.last else None,
        "days": {str(when): {"hits": day.hits, "texts": day.texts} for when, day in sorted(tally.days.items())},
        "words": [[word, tier, count] for (word, tier), count in tally.words.most_common()],
        "outlets": dict(tally.outlets.most_common()),
        "samples": [sample_json(one) for one in tally.samples],
    }
    if changed is not None:
        made["against"] = {
            "hits": changed.after,
            "gained": changed.gained,
            "lost": changed.lost,
            "gains": [sample_json(one) for one in changed.gains],
            "losses": [sample_json(one) for one in changed.losses],
        }
    return made
