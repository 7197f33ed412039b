"""Single values of the files: what is taken, and that every refusal says what was expected."""

import contextlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import values
from monitor.config.feed_list import feed_id


@given(st.integers(1, 3_660 * 86_400))
def test_durations_read_as_they_are_shown(seconds):
    span = timedelta(seconds=seconds)
    assert values.duration(values.shown_duration(span)) == span


@given(st.text(max_size=20))
def test_parsers_take_any_text_or_say_what_they_wanted(text):
    parsers = (
        values.duration, values.size, values.slug, values.lang, values.script, values.timezone, values.web_url,
        values.mail_address, values.sender, values.host, values.network, values.listen, values.store_url,
        values.category, values.country, values.one_line, values.secret,
    )  # fmt: skip
    for parser in parsers:
        with contextlib.suppress(ValueError):
            parser(text)
            continue
        with pytest.raises(ValueError, match=r"expected|is empty|must be"):
            parser(text)


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("a@example.org", True),
        ("a.b+c@sub.example.org", True),
        ("monitor@localhost", True),
        ("a@b@c.org", False),
        ("a..b@example.org", False),
        ("a@-example.org", False),
        ("a@example.org\nBcc: x@y.org", False),  # no second header by way of an address
        ("à@example.org", False),
        ("a@" + "x" * 250 + ".org", False),
        ("a b@example.org", False),
    ],
)
def test_mail_addresses(address, good):
    if good:
        assert values.mail_address(address) == address
    else:
        with pytest.raises(ValueError, match="expected a mail address"):
            values.mail_address(address)


@pytest.mark.parametrize(
    ("address", "start"),
    [
        ("https://www.example.org/news/feed.xml", "example-org-news-feed-xml-"),
        ("https://user:hunter2@example.org/f?token=hunter2", "example-org-f-"),  # no secret in an id
        ("seeds", "seeds-"),
        ("https://пример.рф/", ""),  # nothing that fits in a slug but the hash
    ],
)
def test_ids_are_made_from_addresses(address, start):
    made = feed_id(address)
    assert made.startswith(start)
    assert "hunter2" not in made
    assert made == feed_id(address) != feed_id(f"{address}x")
    assert values.slug(made) == made
