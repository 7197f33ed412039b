"""Values of the store, through real columns of SQLite: what is read equals what was written, and writing never raises."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysqlite3 import dbapi2

from monitor.model import (
    Alert,
    AlertKind,
    Article,
    ArticleCard,
    ChannelState,
    DigestLine,
    Excerpt,
    Feed,
    FeedKind,
    FeedState,
    Match,
    Reason,
    RuleKind,
    Severity,
    Span,
    Tier,
    Validators,
)
from monitor.store.sql import values

TEXT = st.text(st.characters(exclude_categories=()), max_size=12)  # lone surrogates, NUL and all else
MAYBE = st.none() | TEXT
TIMES = st.datetimes(datetime(1900, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive
MAYBE_TIMES = st.none() | TIMES
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
LABELS = st.dictionaries(TEXT, TEXT, max_size=3)
SMALL = st.integers(0, 2**31)
HEX = st.text("0123456789abcdef", min_size=8, max_size=8)

FEEDS = st.builds(
    Feed, id=TEXT, url=TEXT, kind=st.sampled_from(FeedKind), title=MAYBE, outlet=MAYBE, lang=MAYBE, categories=TEXTS,
    labels=LABELS, every=st.none() | st.timedeltas(timedelta(0), timedelta(days=400)),
)  # fmt: skip
STATES = st.builds(
    FeedState, next_due=TIMES, validators=st.builds(Validators, etag=MAYBE, last_modified=MAYBE),
    body_hash=st.none() | HEX, title=MAYBE, lang=MAYBE, last_polled=MAYBE_TIMES, last_ok=MAYBE_TIMES,
    last_new=MAYBE_TIMES, failures=SMALL, last_error=MAYBE,
)  # fmt: skip
ARTICLES = st.builds(
    Article, key=HEX, feed_id=TEXT, guid=MAYBE, url=MAYBE, title=TEXT, body=TEXT, author=MAYBE, categories=TEXTS,
    lang=MAYBE, outlet=MAYBE, published=MAYBE_TIMES, text_hash=HEX,
)  # fmt: skip
SPANS = st.builds(
    Span, field=st.sampled_from(["title", "body"]), start=SMALL, end=SMALL, text=TEXT, term=TEXT,
    tier=st.sampled_from(Tier),
)  # fmt: skip
MATCHES = st.builds(
    Match, rule_id=TEXT, rule_version=HEX, severity=st.sampled_from(Severity), score=st.none() | SMALL, clauses=TEXTS,
    spans=st.lists(SPANS, max_size=3).map(tuple),
)  # fmt: skip
CHANNELS = st.builds(
    ChannelState, channel=TEXT, failures=SMALL, open_until=MAYBE_TIMES, probes=SMALL, broken=MAYBE,
    noticed_at=MAYBE_TIMES, since=MAYBE_TIMES,
)  # fmt: skip
MARKS = st.lists(st.tuples(SMALL, SMALL), max_size=2).map(tuple)
REASONS = st.builds(
    Reason, rule_id=TEXT, rule_title=TEXT, rule_version=HEX, kind=st.sampled_from(RuleKind),
    severity=st.sampled_from(Severity), clauses=TEXTS,
    excerpts=st.lists(st.builds(Excerpt, field=TEXT, text=TEXT, marks=MARKS, rtl=st.booleans()), max_size=2).map(tuple),
    words=st.lists(st.tuples(TEXT, st.sampled_from(Tier)), max_size=2).map(tuple), score=st.none() | SMALL,
    labels=LABELS,
)  # fmt: skip
CARDS = st.builds(
    ArticleCard, key=HEX, title=TEXT, url=MAYBE, outlet=MAYBE, feed_title=MAYBE, author=MAYBE, lang=MAYBE,
    published=MAYBE_TIMES, first_seen=TIMES, rtl=st.booleans(),
)  # fmt: skip
LINES = st.builds(
    DigestLine, alert_key=HEX, title=TEXT, url=MAYBE, outlet=MAYBE, severity=st.sampled_from(Severity), rules=TEXTS,
    at=TIMES, rtl=st.booleans(),
)  # fmt: skip
ALERTS = st.builds(
    Alert, key=HEX, kind=st.sampled_from(AlertKind), subscriber_id=TEXT, severity=st.sampled_from(Severity),
    created_at=TIMES, article=st.none() | CARDS, reasons=st.lists(REASONS, max_size=2).map(tuple), dropped=TEXTS,
    lines=st.lists(LINES, max_size=2).map(tuple), subject=TEXT, text=TEXT, timezone=TEXT,
)  # fmt: skip


def replaced(value):
    """The value with every lone surrogate replaced, which is all that writing may change."""
    if isinstance(value, str) and type(value) is str:
        return "".join("\ufffd" if "\ud800" <= one <= "\udfff" else one for one in value)
    if isinstance(value, tuple):
        return tuple(replaced(one) for one in value)
    if isinstance(value, dict):
        return {replaced(key): replaced(one) for key, one in value.items()}
    if dataclasses.is_dataclass(value):
        changed = {one.name: replaced(getattr(value, one.name)) for one in dataclasses.fields(value)}
        return dataclasses.replace(value, **changed)
    return value


def stored(columns):
    """The columns as SQLite gives them back."""
    connection = dbapi2.connect(":memory:")
    connection.row_factory = dbapi2.Row
    try:
        names = ", ".join(f"? AS {name}" for name in columns)
        return connection.execute(f"SELECT {names}", tuple(columns.values())).fetchone()
    finally:
        connection.close()


@given(FEEDS)
def test_feeds(feed):
    assert values.feed(stored(values.feed_columns(feed))) == replaced(feed)


@given(STATES)
def test_states_of_feeds(state):
    assert values.feed_state(stored(values.state_columns(state))) == replaced(state)


@given(ARTICLES)
def test_articles(article):
    assert values.article(stored(values.article_columns(article))) == replaced(article)


@given(MATCHES)
def test_matches(match):
    assert values.match(stored(values.match_columns(match))) == replaced(match)


@given(CHANNELS)
def test_states_of_channels(state):
    assert values.channel_state(stored(values.channel_columns(state))) == replaced(state)


@given(ALERTS)
def test_alerts(alert):
    row = stored({"snapshot": values.dump_alert(alert)})
    assert values.load_alert(row["snapshot"]) == replaced(alert)


def test_text_of_other_scripts_is_kept_readable_in_the_file():
    assert json.loads(values.dumped(["Мир"])) == ["Мир"]
    assert "Мир" in values.dumped(["Мир"])


def test_two_surrogates_that_look_like_a_pair_are_two_replacements():
    # Written as escapes, JSON would read them back as one emoji, and offsets behind it would be off by one.
    assert values.dumped(["\ud83d\ude00"]) == '["\ufffd\ufffd"]'


@pytest.mark.parametrize(
    "at",
    [
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),  # before the epoch, where division rounds down
        datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC),  # one microsecond
        datetime.max.replace(tzinfo=UTC),
    ],
)
def test_times_lose_nothing(at):
    assert values.time(values.stamp(at)) == at
    assert values.time_or_none(values.stamp_or_none(at)) == at
    assert values.time_or_none(values.stamp_or_none(None)) is None
