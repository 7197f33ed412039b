"""Feeds that flood and flap: whatever they do, an article is told once."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from support.beat import Beat
from support.webhost import WebHost, reply

from monitor.model import AlertKind, DigestReason
from monitor.store.protocol import HitFilter

START = datetime(2026, 3, 1, 6, tzinfo=UTC)


def item(number, *, guid=None, link="http://news.example/{}", text="Planes at Khmeimim.", day=0):
    date = format_datetime(START + timedelta(days=day, minutes=number))
    return (
        f"<item><guid isPermaLink='false'>{guid or number}</guid><title>Report {number}</title>"
        f"<link>{link.format(number)}</link><pubDate>{date}</pubDate><description>{text}</description></item>"
    )


def document(*items):
    return f"<rss version='2.0'><channel><title>T</title>{''.join(items)}</channel></rss>".encode()


def told(folder, documents):
    """Poll these documents one after the other; the titles of the alerts, and how many articles and hits are stored."""

    async def run():
        async with WebHost({}) as host, Beat(folder, host.url("/feed")) as beat:
            for one in documents:
                host.routes["/feed"] = reply(body=one)
                await beat.poll()
            keys = [one.alert_key for one in await beat.parts.store.deliveries(limit=5_000)]
            titles = [one.article.title for one in (await beat.parts.store.alerts(keys)).values() if one.article]
            await beat.engine.sweep()
            hits = await beat.parts.store.hits(HitFilter(limit=5_000))
            return sorted(titles), beat.engine.pulse.figures.articles, len(hits)

    return asyncio.run(run())


def test_ids_that_change_at_each_poll_make_no_new_articles(tmp_path):
    documents = [document(*(item(n, guid=f"{n}-{poll}") for n in range(6))) for poll in range(5)]
    titles, articles, hits = told(tmp_path, documents)
    assert titles == [f"Report {n}" for n in range(6)]
    assert (articles, hits) == (6, 6)


def test_news_among_ids_that_change_is_news(tmp_path):
    documents = [document(*(item(n, guid=f"{n}-{poll}") for n in range(poll, poll + 6))) for poll in range(5)]
    titles, articles, _ = told(tmp_path, documents)
    assert titles == [f"Report {n}" for n in range(10)]
    assert articles == 10


def test_a_feed_of_one_item_whose_id_changes(tmp_path):
    titles, _, _ = told(tmp_path, [document(item(1, guid=f"g{poll}")) for poll in range(4)])
    assert titles == ["Report 1"]


def test_the_same_words_again_are_news_when_they_have_another_link_or_another_time_or_when_others_stayed(tmp_path):
    same = "Storm warning for Khmeimim"
    again = [
        document(item(1, guid="a", link="http://news.example/storm", text=same)),
        document(item(1, guid="b", link="http://news.example/storm", text=same, day=1)),  # another time
        document(item(1, guid="c", link="http://news.example/storm2", text=same, day=1)),  # another link
        document(
            item(1, guid="c", link="http://news.example/storm2", text=same, day=1),
            item(1, guid="d", link="http://news.example/storm2", text=same, day=1),  # beside the other one
        ),
    ]
    titles, articles, _ = told(tmp_path, again)
    assert (titles, articles) == (["Report 1"] * 4, 4)


def test_an_item_that_comes_and_goes_is_told_once(tmp_path):
    with_it, without = document(item(1), item(2)), document(item(2))
    titles, articles, hits = told(tmp_path, [with_it, without] * 4)
    assert titles == ["Report 1", "Report 2"]
    assert (articles, hits) == (2, 2)


@pytest.mark.parametrize(("forms", "count"), [(("At Khmeimim.", "At Khmeimim!"), 1), (("At Khmeimim.", "At home."), 2)])
def test_a_text_that_flaps_is_told_once_each_way(tmp_path, forms, count):
    """It hits in both forms, then in one of the two: that it does not hit any more is told as well, once."""
    titles, articles, _ = told(tmp_path, [document(item(1, text=forms[poll % 2])) for poll in range(6)])
    assert titles == ["Report 1"] * count
    assert articles == 1


def test_a_flood_of_matches_in_one_fetch_is_stored_whole_once(tmp_path):
    flood = document(*(item(n) for n in range(1_000)))
    titles, articles, hits = told(tmp_path, [flood, flood + b" ", flood])
    assert (len(titles), articles, hits) == (1_000, 1_000, 1_000)


def test_a_flood_is_twenty_alerts_and_one_digest_of_all_others(tmp_path):
    async def run():
        flood = document(*(item(n) for n in range(1_000)))
        async with WebHost({"/feed": reply(body=flood)}) as host, Beat(tmp_path, host.url("/feed"), desk="") as beat:
            await beat.poll()
            keys = [one.alert_key for one in await beat.parts.store.deliveries(limit=5_000)]
            singles = await beat.parts.store.alerts(keys)
            beat.now += timedelta(hours=1, minutes=1)
            assert await beat.engine.alert_due() == 1
            await beat.engine.settle()
            keys = [one.alert_key for one in await beat.parts.store.deliveries(limit=5_000)]
            after = await beat.parts.store.alerts(keys)
            (digest,) = [one for key, one in after.items() if key not in singles]
            (line,) = await beat.parts.store.ledger()
            return list(singles.values()), digest, line

    singles, digest, line = asyncio.run(run())
    assert [one.kind for one in singles] == [AlertKind.ARTICLE] * 20
    assert (digest.kind, digest.period.reason, len(digest.lines)) == (AlertKind.DIGEST, DigestReason.CAP, 980)
    told_alone = {one.article.title for one in singles}
    assert told_alone | {one.title for one in digest.lines} == {f"Report {n}" for n in range(1_000)}
    assert (line.taken, line.pending + line.delivered, line.even) == (1_000, 1_000, True)
