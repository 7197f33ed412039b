"""Items that are known are cut out, and what is left is read as it would be in the whole."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sieving import document, missed, prints, sieved, slice_document, whole

from monitor.feeds import slices

HEAD = '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>F</title><link>http://p.test/</link>'
TAIL = "</channel></rss>"


def item(number, extra="", title="Title"):
    return (
        f"<item><guid>g{number}</guid><link>http://p.test/{number}</link><title>{title} {number}</title>"
        f"<description><![CDATA[<p>Text &amp; more of {number}</p>]]></description>{extra}</item>"
    )


def rss(*items, head=HEAD, tail=TAIL):
    return f'<?xml version="1.0"?>\n{head}{"".join(items)}{tail}'.encode()


def atom(*numbers):
    entries = "".join(
        f'<entry><id>tag:{n}</id><title>T {n}</title><link href="/{n}"/><content type="html">a&lt;b&gt;{n}</content></entry>'
        for n in numbers
    )
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="http://p.test/"><title>F</title>{entries}</feed>'.encode()
    )


def feed_json(*numbers):
    return json.dumps({"items": [{"id": n, "title": f"T {n}", "content_text": "x"} for n in numbers]}).encode()


NEW = "<m:x>y</m:x>"
FIVE = [item(number) for number in range(5)]
WITH_NEW = [
    (rss(*FIVE), rss(item(9), *FIVE)),
    (atom(1, 2, 3), atom(4, 1, 2)),
    (feed_json(1, 2, 3), feed_json(4, 1, 2)),
    (rss(*FIVE).decode().encode("utf-16"), rss(item(9), *FIVE).decode().encode("utf-16")),
    # Each item brings a namespace of its own.
    (
        rss(*[one.replace("<item", f'<item xmlns:a{at}="b"') for at, one in enumerate(FIVE)]),
        rss(*[one.replace("<item", f'<item xmlns:a{at}="b"') for at, one in enumerate([*FIVE, item(9)])][::-1]),
    ),
    # Broken: the end is missing, and an item in the middle is not well-formed.
    (rss(*FIVE, tail=""), rss(item(9), *FIVE, tail="")),
    (rss(*FIVE, item(7, "<b>"), item(8)), rss(item(9), *FIVE, item(7, "<b>"), item(8))),
    # Mended: an entity of HTML and a bare ampersand.
    (rss(*FIVE, item(7, "&nbsp;a & b")), rss(item(9), *FIVE, item(7, "&nbsp;a & b"))),
    # A prefix that nobody declared.
    (rss(item(7, NEW), *FIVE), rss(item(9, NEW), item(7, NEW), *FIVE)),
]


@pytest.mark.parametrize(("before", "after"), WITH_NEW)
def test_only_what_is_new_is_parsed(before, after):
    known = b"".join(prints(before))
    (new, *others), came, (asked,) = sieved(after, known)
    assert new == whole(after)[0]
    assert len(others) <= 2
    assert came.listed in {len(whole(after)), None}
    assert len(asked.data) < len(after)
    assert missed(before, after) == []


@pytest.mark.parametrize("data", [one for one, _ in WITH_NEW])
def test_nothing_new_is_not_parsed_at_all(data):
    articles, came, asked = sieved(data, b"".join(prints(data)))
    assert (articles, asked, came.reading.format, came.listed) == ((), [], "rss20", len(whole(data)))
    assert len(came.fingerprints) == slices.SIZE * came.listed


def test_edited_item_is_read_again():
    after = rss(*FIVE[:2], item(2, title="Corrected"), *FIVE[3:])
    (edited,), _, _ = sieved(after, b"".join(prints(rss(*FIVE))))
    assert edited == whole(after)[2]


@pytest.mark.parametrize(
    "head",
    [
        HEAD.replace("2.0", "0.92"),
        HEAD.replace("<rss ", '<rss xml:base="http://other.test/" '),
        HEAD.replace("<rss ", '<rss xml:lang="de" '),
        HEAD.replace("purl.org/dc/elements/1.1/", "other.test/ns"),
    ],
)
def test_what_stands_around_an_item_belongs_to_it(head):
    articles, _, _ = sieved(rss(*FIVE, head=head), b"".join(prints(rss(*FIVE))))
    assert len(articles) == 5


def test_head_that_says_nothing_of_items_may_change():
    _, _, asked = sieved(rss(*FIVE, head=HEAD.replace("F<", "G<")), b"".join(prints(rss(*FIVE))))
    assert asked == []


NO_GUID = "<item><link>http://p.test/{}</link><title>T</title></item>"


@pytest.mark.parametrize(
    "data",
    [
        rss(item(1, item(2))),  # an item in an item
        rss(item(1), item(1, title="Other")),  # one identity twice
        rss(NO_GUID.format("1?utm_source=a"), NO_GUID.format("1")),
        rss("<item><title>T</title></item>", "<item><title> T </title></item>"),
        rss("<item/>"),
        rss("<item/>", item(1)),
        rss("<!-- <![CDATA[ -->", item(1)),
        rss(item(1, "<a>" * 300 + "</a>" * 300)),
        rss(item(1, "<a " + " ".join(f'b{n}=""' for n in range(300)) + "/>")),
        rss(item(1), "</item>", item(2)),
        rss(item(1), "<description><b></description>", item(2)),  # broken outside of items
        rss(item(1), "<!-- open", item(2), tail=""),
        b'{"items": [1]}',
        b'{"items": {}}',
        b'{"items": [{"id": 1}, {"id": "1"}]}',
        b'{"items": [{"id": 1e999}]}',
        b"[" * 100_000,
        b"no feed",
        rss(*FIVE) + b" " * 2_000_000,
    ],
)
def test_what_is_odd_is_left_to_the_parser(data):
    assert len(data) > 2_000_000 or slice_document(document(data), b"") is None
    try:
        _, came, asked = sieved(data, b"")
    except Exception as error:  # noqa: BLE001 - it must be the very same as for the whole
        with pytest.raises(type(error)):
            whole(data)
    else:
        assert (came.fingerprints, len(asked)) == (b"", 1)


def test_items_that_swallow_others_are_never_known():
    swallowing = rss(item(1), "<item><guid>x</guid><description><b>open", item(3), item(4), tail="")
    assert missed(swallowing, rss(item(5), item(1), "<item><guid>x</guid><description><b>open", item(3), tail="")) == []


def test_items_beyond_the_limit_are_not_known():
    assert len(prints(rss(*FIVE), max_entries=3)) == 3
    assert prints(feed_json(1, 2, 3), max_entries=2) == []


def test_rest_that_cannot_be_read_is_no_reason_to_give_up():
    before, after = (
        rss(*FIVE),
        rss(*FIVE[1:], item(8, "<geo:lat xmlns:geo='http://www.w3.org/2003/01/geo/wgs84_pos#'>x</geo:lat>")),
    )
    assert missed(before, after) == []


def test_long_documents_are_sliced_beside_the_loop():
    many = [item(number, "<description>" + "word " * 200 + "</description>") for number in range(200)]
    articles, _, _ = sieved(rss(item(999), *many), b"".join(prints(rss(*many))))
    assert [one.guid for one in articles] == ["g999"]


@pytest.mark.parametrize(
    "data",
    [
        HEAD.encode() + b"<item>" * 150_000,
        HEAD.encode() + b"<item></item>" * 80_000,
        HEAD.encode() + b"<item><b></item>" * 60_000,
        HEAD.encode() + b"<item><![CDATA[" * 60_000,
        HEAD.encode() + b"<item>" + b"<guid" * 150_000,
        HEAD.encode() + b"<item " * 150_000,
        HEAD.encode() + b"<x:" * 250_000 + b"<item>",
        HEAD.encode() + b"<" * 900_000,
    ],
)
def test_no_document_makes_it_slow(data):
    began = time.process_time()
    slice_document(document(data), b"")
    half = time.process_time() - began
    assert half < 20  # quadratic ways take minutes for these


# ── Properties ────────────────────────────────────────────────────────────────────────────────────────────────────────

BREAKS = [
    "",
    "",
    "",
    "<b>",
    "</b>",
    "&nbsp;",
    " & ",
    "<",
    "\x01",
    "]]>",
    "<![CDATA[",
    "<!-- x -->",
    "</title>",
    "<item>",
    "<u:v>w</u:v>",
    "<content:encoded>",
    "<guid>g1</guid>",
]
PIECES = st.builds(
    item, st.integers(0, 12), st.sampled_from(BREAKS), st.sampled_from(["Title", "Other", "&amp;", "<b>x"])
)
DOCUMENTS = st.builds(
    lambda items, between, tail, gone: rss(*items, between, tail=tail)[: -gone or None],
    st.lists(PIECES, max_size=8),
    st.sampled_from(["", "", "", "<b>", "</item>", "<image><url>u</url></image>"]),
    st.sampled_from([TAIL, TAIL, TAIL, ""]),
    st.sampled_from([0, 0, 0, 0, 1, 8, 20, 60]),
)


@settings(max_examples=300, deadline=None)
@given(DOCUMENTS, st.data())
def test_nothing_is_missed_whatever_changes(before, data):
    """A later document that shares items with an earlier one: all that is new or changed in it is read, as in the whole."""
    after = data.draw(DOCUMENTS)
    try:
        whole(before), whole(after)
    except Exception:  # noqa: BLE001 - no feed at all: nothing is read either way
        return
    assert missed(before, after) == []


@settings(max_examples=150, deadline=None)
@given(DOCUMENTS, st.randoms())
def test_any_set_may_be_known(data, random):
    try:
        full = whole(data)
    except Exception:  # noqa: BLE001 - as above
        return
    stored = prints(data)
    known = [one for one in stored if random.random() < 0.5]
    read, _, _ = sieved(data, b"".join(known))
    assert all(one in full for one in read)
    assert len(read) >= len(full) - len(known)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 400))
def test_damaged_bytes_are_no_fault(junk, at):
    data = rss(*FIVE)
    slice_document(document(data[:at] + junk + data[at:]), b"")
