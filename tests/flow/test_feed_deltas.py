"""New items only (RFC 3229, `A-IM: feed`), from a host that keeps every version of its feed to what is stored."""

import asyncio

import pytest
from support.beat import Beat, rss
from support.webhost import WebHost, reply

from monitor.model import FeedCondition, Validators

HUB = "<a:link xmlns:a='x' rel='hub' href='https://hub.example/'/>"


class Publisher:
    """A feed with an ETag for each version, that answers with what is new since the one that is asked for."""

    def __init__(self, *titles, status=226, im=("IM: feed",), window=6, head=""):
        self.versions = [list(titles)]
        self.status, self.im, self.window, self.head = status, im, window, head
        self.asked = []

    def publish(self, *titles):
        self.versions.append([*reversed(titles), *self.versions[-1]][: self.window])

    async def __call__(self, request, writer):
        known, now = request.headers.get("if-none-match", "").strip('"'), len(self.versions) - 1
        wish = request.headers.get("a-im")
        self.asked.append((known, wish))
        headers = {"ETag": f'"{now}"', "Vary": "A-IM, If-None-Match"}
        if known == str(now):
            await reply(304, headers=headers)(request, writer)
        elif known and wish == "feed":
            new = [title for title in self.versions[-1] if title not in self.versions[int(known)]]
            body = self.answer(new)
            headers |= dict(line.split(": ") for line in self.im)
            await reply(self.status, body=body, headers=headers)(request, writer)
        else:
            await reply(body=rss(*self.versions[-1], head=self.head), headers=headers)(request, writer)

    def answer(self, new):
        return rss(*new)


class Torn(Publisher):
    """One whose differences cannot be read."""

    def answer(self, new):
        return b"VCD\x00 nothing that a feed begins with"


def run(folder, publisher, story, **more):
    async def inner():
        async with WebHost({"/feed": publisher}) as host, Beat(folder, host.url("/feed"), **more) as beat:
            return await story(beat)

    return asyncio.run(inner())


async def stored(beat):
    return [one.article.title for one in await beat.parts.store.archive()]


OLD = tuple(f"Old {number}" for number in range(6))


@pytest.mark.parametrize(
    ("status", "im"), [(226, ("IM: feed",)), (226, ("IM: Feed;q=1",)), (226, ()), (200, ("IM: feed",))]
)
def test_new_items_are_stored_and_nothing_is_inferred_of_the_rest(tmp_path, status, im):
    publisher = Publisher(*OLD, status=status, im=im)

    async def story(beat):
        first = await beat.poll()
        publisher.publish("Khmeimim 1", "Khmeimim 2")
        second = await beat.poll()
        publisher.publish("Khmeimim 3")
        third = await beat.poll()
        publisher.publish("Khmeimim 4")
        publisher.status, publisher.im, whole = 200, (), Publisher.answer
        publisher.answer = lambda _: whole(publisher, publisher.versions[-1])
        return first, second, third, await beat.poll(), await stored(beat)

    first, second, third, fourth, titles = run(tmp_path, publisher, story)
    assert sorted(titles) == sorted([*OLD, *(f"Khmeimim {number}" for number in range(1, 5))])
    assert publisher.asked == [("", None), ("0", "feed"), ("1", "feed"), ("2", "feed")]
    for state in (second, third):
        assert (state.body_hash, state.wire_hash, state.fingerprints) == (
            first.body_hash,
            first.wire_hash,
            first.fingerprints,
        )
        assert (state.gaps, state.pace.listed, state.pace.format) == (0, 6, "rss20")
        assert state.health.condition is FeedCondition.OK
    assert [state.validators for state in (second, third)] == [Validators(etag='"1"'), Validators(etag='"2"')]
    assert fourth.gaps == 0
    assert fourth.body_hash != first.body_hash
    assert (third.last_new, third.pace.gaps_seen) != (second.last_new, 0)


def test_hits_of_new_items_raise_alerts(tmp_path):
    publisher = Publisher(*OLD)

    async def story(beat):
        await beat.poll()
        publisher.publish("Planes at Khmeimim")
        await beat.poll()
        return await beat.parts.store.deliveries()

    assert len(run(tmp_path, publisher, story)) == 1


def test_a_hub_that_new_items_do_not_repeat_stays(tmp_path):
    publisher = Publisher(*OLD, head=HUB)

    async def story(beat):
        await beat.poll()
        publisher.publish("New")
        await beat.poll()
        return [one.hub for one in await beat.parts.store.subscriptions_due(beat.now, 9) if one.wanted]

    web = "{listen: '127.0.0.1:0', public_url: 'https://x.example'}"
    assert run(tmp_path, publisher, story, http=web) == ["https://hub.example/"]


@pytest.mark.parametrize(
    "publisher", [Torn(*OLD), Publisher(*OLD, im=("IM: vcdiff",)), Torn(*OLD, im=("IM: feed, gzip",))]
)
def test_after_a_difference_that_cannot_be_read_the_whole_is_asked_for(tmp_path, publisher):
    async def story(beat):
        await beat.poll()
        publisher.publish("New 1")
        failed = await beat.poll()
        publisher.publish("New 2")
        again = await beat.poll()
        publisher.publish("New 3")
        await beat.poll()
        return failed, again, await stored(beat)

    failed, again, titles = run(tmp_path, publisher, story)
    assert (failed.failures, failed.validators) == (1, Validators())
    assert (again.failures, again.last_error) == (0, None)
    assert {"New 1", "New 2"} <= set(titles)
    assert publisher.asked == [("", None), ("0", "feed"), ("", None), ("2", "feed")]


def test_a_difference_to_nothing_is_refused(tmp_path):
    state = run(tmp_path, reply(226, body=rss("A"), headers={"IM": "feed", "ETag": '"1"'}), lambda beat: beat.poll())
    assert (state.failures, state.last_error, state.validators) == (1, "status: HTTP 226 IM Used", Validators())


class Broken(Publisher):
    """One whose second version is no feed."""

    async def __call__(self, request, writer):
        if len(self.versions) == 2:
            self.asked.append((request.headers["if-none-match"].strip('"'), request.headers["a-im"]))
            await reply(body=b"this is no feed", headers={"ETag": '"1"'})(request, writer)
        else:
            await super().__call__(request, writer)


def test_to_a_document_that_could_not_be_read_no_difference_is_asked_for(tmp_path):
    publisher = Broken(*OLD)

    async def story(beat):
        await beat.poll()
        publisher.publish("In the broken one")
        broken = await beat.poll()
        for title in ("After it", "Last"):
            publisher.publish(title)
            await beat.poll()
        return broken, await stored(beat)

    broken, titles = run(tmp_path, publisher, story)
    assert broken.validators == Validators(etag='"1"')
    assert {"In the broken one", "After it", "Last"} <= set(titles)
    assert publisher.asked == [("", None), ("0", "feed"), ("1", None), ("2", "feed")]
