import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.feeds.encodings import decode

RUSSIAN = "Хмеймим и Тартус"


def xml(encoding: str, text: str = RUSSIAN) -> str:
    return f'<?xml version="1.0" encoding="{encoding}"?><t>{text}</t>'


@pytest.mark.parametrize(
    ("data", "content_type", "expected"),
    [
        (RUSSIAN.encode(), None, RUSSIAN),
        (b"\xef\xbb\xbf" + RUSSIAN.encode(), None, RUSSIAN),  # a byte order mark is no text
        (RUSSIAN.encode("utf-16"), None, RUSSIAN),
        (RUSSIAN.encode("utf-32"), None, RUSSIAN),
        (("\n <t>" + RUSSIAN).encode("utf-16-le"), None, "\n <t>" + RUSSIAN),  # no mark, blanks before the first tag
        (("\n\n<t>" + RUSSIAN).encode("utf-16-be"), None, "\n\n<t>" + RUSSIAN),
        (("<t>" + RUSSIAN).encode("utf-32-le"), None, "<t>" + RUSSIAN),
        (("<t>" + RUSSIAN).encode("utf-32-be"), None, "<t>" + RUSSIAN),
        (xml("windows-1251").encode("cp1251"), None, xml("windows-1251")),
        (xml("koi8-r").encode("koi8-r"), "text/xml; charset=windows-1251", xml("koi8-r")),  # the document knows best
        (RUSSIAN.encode("cp1251"), 'text/plain; charset="windows-1251"', RUSSIAN),  # it says nothing
        (xml("iso-8859-1").encode(), "text/xml; charset=us-ascii", xml("iso-8859-1")),  # UTF-8 whatever they say
        (xml("iso-8859-1", "“Señor”").encode("cp1252"), None, xml("iso-8859-1", "“Señor”")),  # as browsers read it
        (xml("gb2312", "塔尔图斯镕").encode("gbk"), None, xml("gb2312", "塔尔图斯镕")),
        (
            xml("iso-2022-jp", "タルトゥース").encode("iso-2022-jp"),
            None,
            xml("iso-2022-jp", "タルトゥース"),
        ),  # looks like ASCII
        (
            b'<html><meta charset="windows-1251">' + RUSSIAN.encode("cp1251"),
            None,
            '<html><meta charset="windows-1251">' + RUSSIAN,
        ),
        (xml("no-such-thing").encode(), None, xml("no-such-thing")),
        (xml("undefined").encode(), None, xml("undefined")),  # a codec that always raises
        (xml("punycode", "plain-").encode(), None, xml("punycode", "plain-")),
        (xml("utf-7", "+ADw-").encode(), None, xml("utf-7", "+ADw-")),  # never: it hides markup
        (xml("hex").encode(), None, xml("hex")),  # no encoding of text
        (b"", None, ""),
    ],
)
def test_decode(data, content_type, expected):
    assert decode(data, content_type) == (expected, None)


@pytest.mark.parametrize(
    ("data", "expected", "warning"),
    [
        (b"a" * 1_000 + b"\xff", "a" * 1_000 + "\ufffd", "some bytes are not valid utf-8"),
        (
            "“Señor” ".encode("cp1252") * 99,
            "“Señor” " * 99,
            "the encoding is not declared and not utf-8; read as windows-1252",
        ),
        (
            xml("euc-jp", "タ").encode("euc-jp") + b"\xff",
            xml("euc-jp", "タ") + "\ufffd",
            "some bytes are not valid euc_jp",
        ),
    ],
)
def test_what_is_wrong_is_said(data, expected, warning):
    assert decode(data) == (expected, warning)


@given(st.binary(max_size=200), st.none() | st.text(max_size=40).map("text/xml; charset={}".format))
def test_never_raises(data, content_type):
    text, _ = decode(data, content_type)
    text.encode("utf-8", "strict")
