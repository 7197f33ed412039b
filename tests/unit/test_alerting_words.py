"""Times, durations, lists, links: the words that every format shares."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.made import NOW

from monitor.alerting.render.words import MAX_LINK, cut, lasting, line, listed, moment, safe_link, units


@pytest.mark.parametrize(
    ("at", "timezone", "expected"),
    [
        (NOW, "UTC", "2026-03-01 06:00 UTC"),
        (NOW, "Asia/Beirut", "2026-03-01 08:00 UTC+02:00"),
        (NOW, "Asia/Kathmandu", "2026-03-01 11:45 UTC+05:45"),
        (NOW, "America/New_York", "2026-03-01 01:00 UTC-05:00"),
        (datetime(2026, 7, 1, 6, tzinfo=UTC), "Asia/Beirut", "2026-07-01 09:00 UTC+03:00"),  # summer time
        (NOW, "Mars/Olympus", "2026-03-01 06:00 UTC"),  # a zone that this machine does not know
        (NOW, "../etc/passwd", "2026-03-01 06:00 UTC"),
        (datetime.min.replace(tzinfo=UTC), "America/New_York", "1-01-01 00:00 UTC"),  # the local year would be 0
    ],
)
def test_times_are_in_the_zone_of_the_subscriber_with_their_offset(at, timezone, expected):
    assert moment(at, timezone).lstrip("0") == expected


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (timedelta(seconds=-5), "under a minute"),
        (timedelta(seconds=59), "under a minute"),
        (timedelta(seconds=60), "1 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=2, minutes=5), "2 h 5 min"),
        (timedelta(hours=47, minutes=59), "47 h 59 min"),
        (timedelta(hours=48), "2 days"),
        (timedelta(days=400), "400 days"),
    ],
)
def test_durations(span, expected):
    assert lasting(span) == expected


def test_lists_say_how_many_more():
    assert listed(["a"], 10) == "a"
    assert listed(["a", "b", "c"], 10) == "a, b, c"
    assert listed(["aaaa", "bbbb", "cccc", "dddd"], 10) == "aaaa, bbbb (+2)"
    assert listed(["a" * 50, "b"], 10) == "a" * 50 + " (+1)"


@pytest.mark.parametrize(
    ("url", "made", "host"),
    [
        ("https://news.example/a?b=c&d=%20e#f", "https://news.example/a?b=c&d=%20e#f", "news.example"),
        ("http://news.example", "http://news.example/", "news.example"),
        ("https://news.example:8443/x", "https://news.example:8443/x", "news.example"),
        ("HTTPS://News.Example/x", "https://news.example/x", "news.example"),
        # user information is a secret or a trick
        ("https://bank.example@evil.example/x", "https://evil.example/x", "evil.example"),
        # what is not ASCII is coded
        ("https://news.example/مقال", "https://news.example/%D9%85%D9%82%D8%A7%D9%84", "news.example"),
        ("https://новости.рф/x", "https://xn--b1amnebsh.xn--p1ai/x", "новости.рф"),
        ("https://にほん語.jp/x", "https://xn--r9j6a7dy327b.jp/x", "xn--r9j6a7dy327b.jp"),
        ("https://日本語にほん.コム/x", "https://xn--r9j6a7dr34yzlbtz6h.xn--tckwe/x", "日本語にほん.コム"),
        # hosts that mix scripts look like others
        ("https://аpple.example/", "https://xn--pple-43d.example/", "xn--pple-43d.example"),
        ("https://☃.example/", "https://xn--n3h.example/", "xn--n3h.example"),
        ("https://" + "я" * 80 + ".рф/", "https://xn--41" + "a" * 80 + ".xn--p1ai/", None),  # too long for IDNA
        # signs that end a link, or start markup, are coded
        ('https://news.example/a b<c>|d"e`f\\g', "https://news.example/a%20b%3Cc%3E%7Cd%22e%60f%5Cg", "news.example"),
        ("https://news.example/?a=<b>#<c>", "https://news.example/?a=%3Cb%3E#%3Cc%3E", "news.example"),
        ("https://[2001:db8::1]:80/x", "https://[2001:db8::1]:80/x", "2001:db8::1"),
        # not links of ours
        (None, None, None),
        ("", None, None),
        ("javascript:alert(1)", None, None),
        ("data:text/html,x", None, None),
        ("ftp://news.example/x", None, None),
        ("//news.example/x", None, None),
        ("https:///x", None, None),
        ("https://[news.example/x", None, None),
        ("https://news.example:99999/x", None, None),
        ("https://news.example:x/x", None, None),
        ("https://a b.example/", None, None),
        ("https://a<b>.example/", None, None),
        ("https://news.example/" + "x" * MAX_LINK, None, None),
    ],
)
def test_links(url, made, host):
    link = safe_link(url)
    if made is None:
        assert link is None
    else:
        assert link.url == made
        assert host is None or link.host == host


@settings(deadline=None)  # the machine may be busy
@given(st.text() | st.text().map(lambda tail: f"https://{tail}") | st.text().map(lambda tail: f"http://a.b/{tail}"))
def test_any_link_is_bounded_ascii_that_no_markup_can_end(url):
    link = safe_link(url)
    if link is not None:
        assert link.url.isascii()
        assert link.url.startswith(("http://", "https://"))
        assert not set(link.url) & set('<>"|`\\^{} ')
        assert link.url.isprintable()
        assert len(link.url) <= MAX_LINK


@settings(deadline=None)  # the machine may be busy
@given(
    st.text(alphabet=st.characters(codec=None) | st.sampled_from("\U0001f600\r\n\u2028\u202e"), max_size=80),
    st.integers(1, 60),
)
def test_lines_are_one_line_within_their_limit(text, limit):
    shown = line(text, limit, "-")
    assert 1 <= units(shown) <= limit
    assert shown.isprintable() or set(shown) <= set(shown) - set("\r\n\t\x0b\x0c\x1b\x85\u2028\u2029\u202e")
    assert cut(text, 1000) == text
