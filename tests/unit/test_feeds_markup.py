import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.feeds.markup import looks_like_html, text_of

TEXTS = [
    ("plain text", "plain text"),
    ("  much \n space ", "much space"),
    ("one\n\ntwo", "one\n\ntwo"),  # paragraphs of plain text stay
    ("<p>one</p><p>two</p>", "one\n\ntwo"),
    ("<p>one<p>two", "one\n\ntwo"),  # nothing need be closed
    ("a<br>b<br/>c", "a\nb\nc"),
    ("a<br><br><br>b", "a\n\nb"),
    ("<div><div><p>x</p></div></div>", "x"),
    ("Khmei<b>mim</b> base", "Khmeimim base"),  # inline elements part no word
    ("<ul><li>a</li><li>b</li></ul>", "a\n\nb"),
    ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
    ("x<script>alert('</p>')</script>y", "xy"),
    ("x<STYLE>p{}</style >y", "xy"),
    ("x<script src='a'/>y", "xy"),  # as XHTML has it
    ("x<script>never closed", "x"),
    ("a<!-- <p>no</p> -->b", "ab"),
    ("a<!-- never closed <p>no</p>", "a"),
    ("a<!doctype html><?php no ?>b", "ab"),
    ("<![CDATA[kept]]>", "kept]]>"),
    ("<a title=\"a > b\" href='x>y'>link</a>", "link"),  # a bracket inside quotes
    ("<p don't>text</p>", "text"),  # a quote that opens nothing
    ('<a href="never closed>text</a>', "text"),
    ("1 < 2 and <3", "1 < 2 and <3"),
    ("cut off <a hre", "cut off"),
    ("caf&eacute; &amp; &#1058;&#x430;", "café & Та"),
    ("&amp;lt;", "&lt;"),  # unescaped once
    ("&#xD800;&#99999999999999999999;&#0;", "\ufffd\ufffd\ufffd"),
    ("&#" + "9" * 5_000 + ";", "\ufffd"),  # more digits than int() takes
    ("&nbsp;a&nbsp;", "a"),
    ("\x1e\x1d", ""),
    ("", ""),
    ("قاعدة <b>حميميم</b> الجوية", "قاعدة حميميم الجوية"),
]


@pytest.mark.parametrize(("markup", "expected"), TEXTS)
def test_text_of(markup, expected):
    assert text_of(markup) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AT&T <3 you", False),
        ("a < b > c", False),
        ("<generic<T>>", False),
        ("if x<y and y>z", False),
        ("<p>x", True),
        ("x<br/>y", True),
        ("caf&eacute;", True),
        ("&#8217;", True),
    ],
)
def test_looks_like_html(text, expected):
    assert looks_like_html(text) is expected


FLOODS = [
    "<div>",
    "<b>",
    "<!--",
    "<",
    "<a ",
    "<a b='",
    '<a b="',
    "<a b=",
    "&",
    "&#",
    "</",
    "<!",
    "<?",
    "<script>",
    "<p></p>",
]


@pytest.mark.parametrize("part", FLOODS)
def test_time_is_linear(part):
    def seconds(count):
        began = time.process_time()
        text_of(part * count)
        return time.process_time() - began

    small, large = seconds(5_000), seconds(80_000)
    assert large < max(0.05, small * 16 * 6)  # sixteen times the size; squared it would be 256 times


@given(st.text(alphabet="<>&;/!-?='\"abp #x1\n", max_size=80))
def test_never_raises(markup):
    text_of(markup)
    looks_like_html(markup)


@given(
    st.text(
        alphabet=st.characters(exclude_characters="<&\x1d\x1e\x1f", exclude_categories=["Zs", "Zl", "Zp", "Cc"]),
        min_size=1,
    )
)
def test_text_without_markup_stays(text):
    assert text_of(f"<p>{text}</p>") == text
