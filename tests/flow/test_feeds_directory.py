"""A folder as a feed: what is read, what is left out, and what a hostile folder cannot do."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.feeds import FeedReader
from monitor.feeds import directory as folders
from monitor.feeds.endings import ENDINGS
from monitor.model import Feed, FeedKind, FeedState, FetchErrorKind, NotModified, ParsedFeed, Validators
from monitor.settings import FetchSettings

SEEDS = Path(__file__).parents[2] / "seeds"
STATE = FeedState(next_due=datetime(2026, 1, 1, tzinfo=UTC))
RSS = b"<rss version='2.0'><channel><title>Wire</title><item><guid>g</guid><title>T</title></item></channel></rss>"


def poll(folder: Path, *, settings=None, states=(STATE,), between=None, **feed):
    """Poll a folder, with each state given; `between` is called before each poll but the first."""

    async def run():
        reader = FeedReader(settings or FetchSettings(), {})
        outcomes = []
        try:
            for number, state in enumerate(states):
                if number and between:
                    between()
                given = state if isinstance(state, FeedState) else state(outcomes[-1])
                outcomes.append(
                    await reader.poll(Feed(id="d", url=str(folder), kind=FeedKind.DIRECTORY, **feed), given)
                )
            return outcomes
        finally:
            await reader.close()

    return asyncio.run(run())


def one(folder: Path, **more) -> ParsedFeed:
    (outcome,) = poll(folder, **more)
    assert isinstance(outcome, ParsedFeed)
    return outcome


def again(outcome) -> FeedState:
    return FeedState(next_due=STATE.next_due, body_hash=outcome.body_hash)


def test_seeds_give_one_article_with_the_whole_text():
    (file,) = [path for path in SEEDS.iterdir() if path.suffix == ".txt"]
    outcome = one(SEEDS)
    assert outcome.warnings == ()
    (article,) = outcome.articles
    assert article.guid == file.name
    assert article.body.split() == file.read_text().split()
    assert article.title.startswith("Ahmed al-Sharaa, Syria’s president")
    assert len(article.title) <= 151
    assert article.published == datetime.fromtimestamp(int(file.stat().st_mtime), UTC)


def test_every_kind_of_document(tmp_path):
    files = {
        "a.txt": b"Text\nbody",
        "b.md": b"# Mark\n\nbody",
        "c.html": b"<title>Page</title><p>body",
        "d.HTM": b"<title>Page 2</title><p>body",
        "e.eml": b"Subject: Mail\n\nbody",
        "f.xml": RSS,
        "g.json": b'{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1","title":"Json"},{"id":"2","title":"Two"}]}',
        "sub/h.txt": b"Below\nbody",
    }
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    outcome = one(tmp_path, title="Folder")
    found = {article.title: article for article in outcome.articles}
    assert list(found) == ["Text", "Mark", "Page", "Page 2", "Mail", "T", "Json", "Two", "Below"]
    assert found["Below"].guid == "sub/h.txt"
    assert (found["T"].guid, found["T"].outlet) == ("g", "Folder")
    assert outcome.warnings == ()
    assert one(tmp_path).articles[5].outlet == "Wire"  # a folder without a title leaves the feed's own


def test_feed_file_stands_for_its_own_publication(tmp_path):
    (tmp_path / "a.xml").write_bytes(RSS)
    assert one(tmp_path).articles[0].outlet == "Wire"


def test_unchanged_folder_is_not_read_again(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("one")
    first, second = poll(tmp_path, states=(STATE, again))
    assert second == NotModified(validators=Validators(), status=200)
    assert isinstance(first, ParsedFeed)


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a.txt").write_text("another text"),
        lambda folder: os.utime(folder / "a.txt", ns=(1, 1)),  # only touched: it may be a text of the same length
        lambda folder: (folder / "b.txt").write_text("new"),
        lambda folder: (folder / "a.txt").unlink(),
        lambda folder: (folder / "a.txt").rename(folder / "c.txt"),
    ],
)
def test_changed_folder_is_read_again(tmp_path, change):
    (tmp_path / "a.txt").write_text("one text")
    _, second = poll(tmp_path, states=(STATE, again), between=lambda: change(tmp_path))
    assert isinstance(second, ParsedFeed)


def test_edited_file_is_the_same_article(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("one")
    first, second = poll(tmp_path, states=(STATE, again), between=lambda: file.write_text("one and two"))
    before, after = first.articles[0], second.articles[0]
    assert before.key == after.key
    assert before.text_hash != after.text_hash


def test_what_is_left_out(tmp_path):
    (tmp_path / "good.txt").write_text("good")
    (tmp_path / ".hidden.txt").write_text("hidden")
    (tmp_path / "README.md").write_text("about")
    (tmp_path / "picture.png").write_bytes(b"x")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "a.txt").write_text("hidden")
    (tmp_path / "empty.txt").write_text("")
    outcome = one(tmp_path)
    assert [article.title for article in outcome.articles] == ["good"]
    assert outcome.warnings == (
        "'picture.png' has no ending that says what it is; left out",
        "'empty.txt': the document is empty",
    )


def test_links_fifos_and_sockets_are_left_out_and_nothing_hangs(tmp_path):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "a.txt").write_text("secret")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "good.txt").write_text("good")
    (folder / "link.txt").symlink_to(secret / "a.txt")
    (folder / "below").symlink_to(secret)
    (folder / "dangling.txt").symlink_to("nowhere")
    os.mkfifo(folder / "fifo.txt")
    outcome = one(folder)
    assert [article.body for article in outcome.articles] == ["good"]
    assert set(outcome.warnings) == {
        "'link.txt' is no regular file; left out",
        "'below' is no regular file; left out",
        "'dangling.txt' is no regular file; left out",
        "'fifo.txt' is no regular file; left out",
    }


def test_file_that_is_exchanged_after_it_was_listed_is_not_followed(tmp_path):
    (tmp_path / "target").write_text("secret")
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.txt").symlink_to(tmp_path / "target")
    os.mkfifo(tmp_path / "fifo.txt")
    (tmp_path / "below").symlink_to(tmp_path / "sub")
    (tmp_path / "sub" / "a.txt").write_text("a")
    for name in ("link.txt", "fifo.txt", "below/a.txt", "gone.txt", "gone/a.txt"):
        with pytest.raises(OSError):
            folders.read_file(str(tmp_path), name)
    assert folders.read_file(str(tmp_path), "sub/a.txt") == b"a"


def test_large_file_is_left_out_with_a_warning(tmp_path):
    with (tmp_path / "large.txt").open("wb") as file:
        file.truncate(folders.MAX_FILE_BYTES + 1)
    (tmp_path / "good.txt").write_text("good")
    outcome = one(tmp_path)
    assert len(outcome.articles) == 1
    assert outcome.warnings == ("'large.txt' cannot be read: longer than 10000000 bytes",)


def test_too_many_files_leave_out_the_oldest(tmp_path):
    for number in range(5):
        file = tmp_path / f"{number}.txt"
        file.write_text(f"text {number}")
        os.utime(file, (1_700_000_000 - number, 1_700_000_000 - number))
    outcome = one(tmp_path, settings=FetchSettings(max_entries=3))
    assert [article.guid for article in outcome.articles] == ["0.txt", "1.txt", "2.txt"]
    assert "older ones left out" in outcome.warnings[0]


def test_file_whose_parser_was_stopped_is_tried_again(tmp_path):
    (tmp_path / "bad.xml").write_bytes(
        b"<rss version='2.0'><channel><a " + b" ".join(b'a%d="1"' % n for n in range(100_000)) + b"/></channel></rss>"
    )
    (tmp_path / "good.txt").write_text("good")
    outcome = one(tmp_path, settings=FetchSettings(parse_timeout=timedelta(seconds=0.5)))
    assert [article.title for article in outcome.articles] == ["good"]
    assert outcome.body_hash is None  # or the folder would count as read


def test_folder_that_is_missing_or_none(tmp_path):
    file = tmp_path / "file"
    file.write_text("x")
    for path in (tmp_path / "missing", file):
        (outcome,) = poll(path)
        assert outcome.kind is FetchErrorKind.READ
    assert one(tmp_path / ".").articles == ()


def test_names_that_are_not_utf8(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text("text")
    (article,) = one(tmp_path).articles
    assert article.guid is not None
    assert article.guid.encode()


def test_depth_is_bounded(tmp_path):
    deep = tmp_path
    for _ in range(12):
        deep /= "d"
        deep.mkdir()
        (deep / "a.txt").write_text("x")
    listing = folders.list_folder(str(tmp_path), ENDINGS)
    assert len(listing.files) == 8
