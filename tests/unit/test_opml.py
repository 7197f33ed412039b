"""OPML in and out: folders to categories, what is refused, what is only warned of, and that nothing is lost."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import load_settings
from monitor.config.opml import Outline, category_path, merge_into_folder, opml_files, parse_opml, read_opml, write_opml
from monitor.errors import ConfigError

FILE = Path("a.opml")
SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "opml"


def body(inner, head='<?xml version="1.0"?>'):
    return f'{head}<opml version="2.0"><head/><body>{inner}</body></opml>'.encode()


def outlines(inner):
    opml = parse_opml(body(inner), FILE)
    assert opml.fault is None
    return opml


def test_folders_are_category_paths():
    got = outlines(
        """
        <outline text="News" title="The News">
          <outline text=" Middle   East "><outline text="A" xmlUrl="https://a.org/"/></outline>
          <outline type="rss" text="B" title="Bee" xmlUrl="https://b.org/" category="/World,Politics/EU, " language="en-gb"/>
        </outline>
        <outline text="C" XMLURL="https://c.org/" unknown="x" description="y"/>
        """
    )
    a, b, c = got.outlines
    assert (a.title, a.categories, a.line) == ("A", ("/The News/Middle East",), 3)
    assert (b.title, b.categories, b.lang) == ("Bee", ("/The News", "/World", "/Politics/EU"), "en")
    assert (c.url, c.title, c.categories, c.lang) == ("https://c.org/", "C", (), None)
    assert got.warnings == []


def test_a_feed_in_two_folders_is_one_feed_with_two_categories():
    got = outlines(
        '<outline text="x"><outline text="A" xmlUrl="https://a.org/"/></outline>'
        '<outline text="y"><outline text="B" xmlUrl="https://a.org/"/></outline>'
    )
    assert [(one.title, one.categories) for one in got.outlines] == [("A", ("/x", "/y"))]
    assert got.doubles == 1


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ('<outline type="rss" text="T"/>', "T: has no xmlUrl"),
        ('<outline type="rss"/>', "an outline: has no xmlUrl"),
        ('<outline text="T" xmlUrl="javascript:alert(1)"/>', "begins with http"),
        ('<outline text="T" xmlUrl="file:///etc/passwd"/>', "begins with http"),
        ('<outline text="T" xmlUrl="https://"/>', "with a host"),
        ('<outline text="https://u:hunter2@x.org" xmlUrl="https://u:hunter2@x.org:y/"/>', "cannot be read"),
        (f'<outline text="T" xmlUrl="https://t.org/" category="{"/a" * 30}"/>', "was cut"),
    ],
)
def test_a_broken_outline_is_a_warning_and_the_rest_goes_on(broken, words):
    got = outlines(f'\n{broken}\n<outline text="A" xmlUrl="https://a.org/"/>')
    assert got.outlines[-1].url == "https://a.org/"
    assert len(got.warnings) == 1
    assert got.warnings[0].startswith("a.opml:2: ")
    assert words in got.warnings[0]
    assert "hunter2" not in got.warnings[0]


def test_what_is_commented_out_stays_out_with_all_below():
    got = outlines(
        '<outline text="x" isComment="true"><outline text="A" xmlUrl="https://a.org/"/>'
        '<outline text="y" isComment="true"/></outline><outline text="B" xmlUrl="https://b.org/"/>'
    )
    assert [one.url for one in got.outlines] == ["https://b.org/"]


LAUGHS = '<?xml version="1.0"?><!DOCTYPE opml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (body("&b;", LAUGHS), "DOCTYPE"),
        (body("", '<!DOCTYPE opml SYSTEM "file:///etc/passwd">'), "DOCTYPE"),
        (body("<outline>"), "mismatched tag"),
        (b"<html><body/></html>", "this is no OPML: the first element is <html>"),
        (b"", "no element found"),
        (b"{}", "no valid XML"),
        (body("<outline>" * 100 + "</outline>" * 100), "deeper than 64"),
        (b'<?xml version="1.0" encoding="x-none"?><opml/>', "encoding"),
        (b'<?xml version="1.0" encoding="utf-7"?><opml/>', "encoding"),
        (b"<opml>\xff</opml>", "no valid XML"),
        (b" " * 50_000_001, "larger than 50 MB"),
    ],
)
def test_what_is_no_opml_is_a_fault(raw, words):
    opml = parse_opml(raw, FILE)
    assert opml.outlines == ()
    assert words in opml.fault.message


MENDED = [
    # (attributes, the title, the address)
    ('text="A & B" xmlUrl="https://a.org/?x=1&y=2&lang=en"', "A & B", "https://a.org/?x=1&y=2&lang=en"),
    ('text="A &amp; B & C" xmlUrl="https://a.org/"', "A & B & C", "https://a.org/"),
    ('text="A&nbsp;B &copy; &nosuch;" xmlUrl="https://a.org/"', "A B © &nosuch;", "https://a.org/"),
    ('text="The "Paper". News" title="The "Paper"" xmlUrl="https://a.org/"', 'The "Paper"', "https://a.org/"),
    ("text='It's new' xmlUrl='https://a.org/'", "It's new", "https://a.org/"),
    ('text="A" text="B" xmlUrl="https://a.org/"', "A", "https://a.org/"),
    ('text="A"xmlUrl="https://a.org/"\ntitle="x "y" "', 'x "y"', None),  # what is glued together is lost
]


@pytest.mark.parametrize(("attributes", "title", "url"), MENDED)
def test_what_nobody_escaped_is_mended_with_a_warning(attributes, title, url):
    got = parse_opml(body(f'<outline {attributes}/>\n<outline text="Z" xmlUrl="https://z.org/"/>'), FILE)
    assert got.fault is None
    assert "mended" in got.warnings[0]
    assert got.outlines[-1].url == "https://z.org/"
    assert got.outlines[-1].line == 2 + attributes.count("\n")
    assert [(one.title, one.url) for one in got.outlines[:-1]] == ([(title, url)] if url else [])


def test_mending_takes_no_time_to_speak_of():
    for piece in ("<outline ", "<outline a=", "&", '<outline a="', "<outline >", "> "):
        began = time.monotonic()
        assert parse_opml(b"<opml>" + piece.encode() * (500_000 // len(piece)), FILE).fault is not None
        assert time.monotonic() - began < 5, piece


def test_other_encodings_are_read():
    latin = '<?xml version="1.0" encoding="iso-8859-1"?><opml><body><outline text="Café" xmlUrl="https://c.org/"/></body></opml>'
    assert parse_opml(latin.encode("latin-1"), FILE).outlines[0].title == "Café"
    assert parse_opml(latin.replace("iso-8859-1", "utf-16").encode("utf-16"), FILE).outlines[0].title == "Café"


def test_a_file_that_is_not_there(tmp_path):
    assert "cannot be read" in read_opml(tmp_path / "none.opml").fault.message


@given(st.binary(max_size=300) | st.text(alphabet='<>/"=outlineopmlbody &;xmlUrhtps:.', max_size=300).map(str.encode))
def test_any_bytes_give_outlines_or_a_fault(raw):
    opml = parse_opml(raw, FILE)
    assert opml.fault is not None or isinstance(opml.outlines, tuple)


NAMES = st.text(
    alphabet=st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=12
)
TITLES = NAMES.map(lambda text: " ".join(text.split())).filter(bool)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join).map(category_path).filter(bool)
FEEDS = st.builds(
    Outline,
    url=st.integers(0, 999).map(lambda n: f"https://example.org/{n}?a=1&b=2"),
    title=st.none() | TITLES,
    categories=st.lists(PATHS, max_size=3, unique=True).map(tuple),
    lang=st.none() | st.sampled_from(["en", "ru", "ar"]),
)


@given(st.lists(FEEDS, max_size=8, unique_by=lambda one: one.url))
def test_what_is_written_reads_back(feeds):
    opml = parse_opml(write_opml(feeds, "T & Co").encode(), FILE)
    assert opml.fault is None
    assert opml.warnings == []

    def sort(outlines):
        return {one.url: (one.title, sorted(tidy(path) for path in one.categories), one.lang) for one in outlines}

    assert sort(opml.outlines) == sort(feeds)


def tidy(path):
    """What XML cannot hold is left out when writing."""
    return category_path("".join(char for char in path if char not in "\ufffe\uffff"))


# ── In the settings ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_feeds_of_a_folder_come_with_the_defaults_of_their_entry(tmp_path):
    feeds = tmp_path / "feeds"
    (feeds / "deep").mkdir(parents=True)
    (feeds / "a.opml").write_bytes(body('<outline text="A" xmlUrl="https://a.org/" language="ar"/>'))
    (feeds / "deep" / "b.opml").write_bytes(
        body('<outline text="A" xmlUrl="https://a.org/"/>\n<outline text="B" xmlUrl="https://b.org/"/>')
    )
    (feeds / ".hidden.opml").write_bytes(b"no XML")
    file = tmp_path / "monitor.yaml"
    file.write_text("feeds: [{opml: feeds, lang: en, every: 5m, labels: {x: y}}, {id: b, url: 'https://b.org/'}]")
    settings = load_settings(file, {})
    b, a = settings.feeds  # those of the settings file come first, and win
    assert (b.id, b.title) == ("b", None)
    assert (a.url, a.title, a.lang, a.every.seconds, a.labels) == ("https://a.org/", "A", "ar", 300, {"x": "y"})
    assert set(settings.watched) == {file, feeds, feeds / "a.opml", feeds / "deep" / "b.opml"}


def test_a_broken_list_in_the_settings_is_a_fault_with_its_place(tmp_path):
    (tmp_path / "a.opml").write_bytes(b"<opml>\n<body>\n</opml>")
    file = tmp_path / "monitor.yaml"
    file.write_text("feeds: [{opml: a.opml}]")
    with pytest.raises(ConfigError) as caught:
        load_settings(file, {})
    (fault,) = caught.value.faults
    assert (fault.file, fault.line) == (tmp_path / "a.opml", 3)


def test_import_adds_what_is_new_and_counts_the_rest(tmp_path):
    source = parse_opml(
        body("".join(f'<outline text="{n}" xmlUrl="https://x.org/{n}"/>' for n in (1, 2, 3, 3, 4))),
        Path("/x/mine.opml"),
    )
    folder = tmp_path / "feeds"
    first = merge_into_folder(source, folder, ["https://x.org/1"])
    assert (first.target, first.added, first.known, first.doubles) == (folder / "mine.opml", 3, 1, 1)
    again = merge_into_folder(source, folder, [])
    assert (again.added, again.known) == (1, 3)
    assert [one.url[-1] for one in read_opml(folder / "mine.opml").outlines] == ["2", "3", "4", "1"]
    (folder / "other.opml").write_bytes(body('<outline text="5" xmlUrl="https://x.org/5"/>'))
    more = parse_opml(body('<outline text="5" xmlUrl="https://x.org/5"/>'), Path("more.opml"))
    assert merge_into_folder(more, folder, []).added == 0
    (folder / "more.opml").write_text("no list")
    with pytest.raises(ConfigError, match="no valid XML"):  # what somebody wrote is not written over
        merge_into_folder(more, folder, [])
    (folder / "more.opml").unlink()
    assert opml_files(folder) == (folder / "mine.opml", folder / "other.opml")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the lists of feeds by country are not there")
def test_real_lists_are_read_whole():
    files = opml_files(SHARED)
    assert len(files) >= 20
    for file in files:
        opml = read_opml(file)
        assert opml.fault is None, file
        broken = [one for one in opml.warnings if "mended" not in one]
        assert len(opml.outlines) + opml.doubles + len(broken) == file.read_text("utf-8").count("xmlUrl="), file
        again = parse_opml(write_opml(opml.outlines, "x").encode(), file)
        assert {(one.url, one.title) for one in again.outlines} == {(one.url, one.title) for one in opml.outlines}
