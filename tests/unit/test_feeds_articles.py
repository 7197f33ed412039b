from datetime import UTC, datetime

import pytest

from monitor.feeds.articles import canonical, make_articles
from monitor.feeds.entries import Entry, Raw, Reading, Warnings, clean_entry, language, web_link
from monitor.feeds.fetch import retry_after
from monitor.keys import article_key, text_hash
from monitor.model import Feed

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FEED = Feed(id="f", url="https://x.example/feed")


def entry(**fields) -> Entry:
    made = clean_entry(Raw(**({"title": "T", "body": "B"} | fields)), warnings=Warnings())
    assert made is not None
    return made


def articles(*entries, feed=FEED, outlets=None, kind="rss20", title=None, lang=None, **more):
    return make_articles(feed, Reading(format=kind, entries=entries, title=title, lang=lang), outlets or {}, **more)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (None, None),
        ("https://x.example/a", "https://x.example/a"),
        ("https://x.example/a#top", "https://x.example/a"),
        ("https://x.example/a?utm_source=rss&utm_medium=x", "https://x.example/a"),
        ("https://x.example/a?id=1&utm_source=rss&b=2#c", "https://x.example/a?id=1&b=2"),
        ("https://x.example/a?utm=1", "https://x.example/a?utm=1"),  # not of that family
        ("https://x.example/?fbclid=x", "https://x.example/"),
    ],
)
def test_canonical(url, expected):
    assert canonical(url) == expected


def test_identity():
    by_guid, by_url, by_title = articles(
        entry(guid="g", url="https://x.example/1"),
        entry(url="https://x.example/2?utm_source=a"),
        entry(published=NOW),
    )
    assert by_guid.key == article_key("f", guid="g", url=None, title="", published=None)
    assert by_url.key == article_key("f", guid=None, url="https://x.example/2", title="", published=None)
    assert by_url.url == "https://x.example/2?utm_source=a"  # shown as the feed gave it
    assert by_title.key == article_key("f", guid=None, url=None, title="T", published=NOW)
    assert by_guid.text_hash == text_hash("T", "B")


def test_guid_that_stands_at_two_addresses_identifies_nothing():
    made = articles(entry(guid="g", url="https://x.example/1"), entry(guid="g", url="https://x.example/2"))
    assert len({article.key for article in made}) == 2
    same = articles(entry(guid="g", url="https://x.example/1"), entry(guid="g", url="https://x.example/1#c"))
    assert len({article.key for article in same}) == 1


@pytest.mark.parametrize(
    ("feed", "own", "title", "expected"),
    [
        (Feed(id="f", url="u", outlet="desk"), "Own", "Feed", "The Desk"),  # what the operator says
        (Feed(id="f", url="u", outlet="other"), "Own", "Feed", "other"),  # even if nobody named it
        (FEED, "Own", "Feed", "Own"),  # of a feed that gathers others
        (Feed(id="f", url="u", title="Named"), None, "Feed", "Named"),
        (FEED, None, "Feed", "Feed"),
        (FEED, None, None, None),
    ],
)
def test_outlet(feed, own, title, expected):
    made = articles(entry(outlet=own), feed=feed, outlets={"desk": "The Desk"}, title=title)
    assert made[0].outlet == expected


@pytest.mark.parametrize(
    ("own", "said", "document", "expected"),
    [("ar", "ru", "en", "ar"), (None, "ru", "en", "ru"), (None, None, "en", "en"), (None, None, None, None)],
)
def test_language_of_an_article(own, said, document, expected):
    made = articles(entry(lang=own), feed=Feed(id="f", url="u", lang=said), lang=document)
    assert made[0].lang == expected


def test_file_of_one_article_is_known_by_its_name():
    made = articles(entry(), kind="text", name="sub/a.txt", changed=NOW)[0]
    assert (made.guid, made.published) == ("sub/a.txt", NOW)
    dated = articles(entry(published=datetime(2025, 1, 1, tzinfo=UTC)), kind="text", name="a.txt", changed=NOW)[0]
    assert dated.published == datetime(2025, 1, 1, tzinfo=UTC)
    of_a_feed = articles(entry(guid="g"), kind="rss20", name="a.xml", changed=NOW)[0]
    assert (of_a_feed.guid, of_a_feed.published) == ("g", None)


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("en", "en"),
        (" EN-gb ", "en"),
        ("zh_Hans", "zh"),
        ("rus", "rus"),
        ("english", None),
        ("", None),
        (None, None),
        ("e", None),
    ],
)
def test_language(tag, expected):
    assert language(tag) == expected


@pytest.mark.parametrize(
    ("url", "base", "expected"),
    [
        (" https://x.example/a b ", "", "https://x.example/ab"),
        ("HTTPS://x.example/a", "", "https://x.example/a"),
        ("a", "https://x.example/b/c", "https://x.example/b/a"),
        ("java\nscript:alert(1)", "https://x.example/", None),  # browsers drop the line break
        ("//y.example/a", "https://x.example/", "https://y.example/a"),
        ("https://x.example/\u202egpj.a", "", "https://x.example/gpj.a"),  # a link must not turn around
        ("https://[x/", "", None),
        (None, "https://x.example/", None),
    ],
)
def test_web_link(url, base, expected):
    assert web_link(url, base=base) == expected


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Sun, 01 Mar 2026 12:02:00 GMT", 120),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),  # past
        ("Sun, 01 Mar 2026 12:02:00", 120),  # without a zone
        ("999999999", 365 * 86_400),
        ("99999999999999999999", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 365 * 86_400),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after(value, seconds):
    wait = retry_after(value, NOW)
    assert (wait.total_seconds() if wait is not None else None) == seconds


def test_warnings_are_counted_and_bounded():
    warnings = Warnings()
    for number in range(200):
        warnings.add(f"sentence {number}")
        warnings.add("sentence 0")
    assert len(warnings.all()) == 50
    assert warnings.all()[0] == "sentence 0 (201 times)"
