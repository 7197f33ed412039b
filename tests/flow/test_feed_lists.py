"""Lists of feeds from the command line: long ones into the store, pages, search, forgetting, export, polling."""

import asyncio

import pytest
from click.testing import CliRunner
from support.beat import RULES, rss
from support.webhost import WebHost, reply

from monitor.cli import cli

FEEDS = "feeds: [{id: own, url: 'https://own.example/feed'}, {id: drop, path: drop}]\n"


@pytest.fixture
def folder(tmp_path):
    """Settings with one feed and one folder of documents."""
    (tmp_path / "drop").mkdir()
    (tmp_path / "rules.yaml").write_text(RULES)
    settle(tmp_path, FEEDS)
    return tmp_path


def settle(folder, feeds):
    (folder / "monitor.yaml").write_text(
        f"store: sqlite:///monitor.db\nrules: [rules.yaml]\n{feeds}http: {{enabled: false}}\n"
        "polling: {host_gap: 0s, per_host: 9}\nfetch: {allow_private: ['127.0.0.0/8']}\n"
    )


def commanded(folder, *arguments, code=0):
    done = CliRunner().invoke(cli, ["--config", str(folder / "monitor.yaml"), *arguments])
    assert done.exit_code == code, f"{done.output}\n{done.exception!r}"
    return done.output


def listed(folder, *options):
    lines = commanded(folder, "feeds", "list", *options).splitlines()
    return [line.split()[0] for line in lines[1:] if "example" in line or "drop" in line], lines[-1]


def opml(folder, urls):
    file = folder / "list.opml"
    lines = "".join(
        f"<outline text='World'><outline text='Paper {n}' xmlUrl='{url}'/></outline>" for n, url in enumerate(urls)
    )
    file.write_text(f"<opml version='2.0'><body>{lines}</body></opml>")
    return str(file)


def papers(count):
    return [f"https://paper{number:04}.example/feed" for number in range(count)]


def test_a_long_list_goes_into_the_store_and_a_short_one_into_a_file(folder):
    long = opml(folder, [*papers(1_001), "https://own.example/feed", papers(1)[0]])
    done = commanded(folder, "feeds", "import", long)
    assert "monitor.db: 1001 feeds added, 1 listed already, 1 double in the file" in done
    assert not (folder / "feeds").exists()
    again = commanded(folder, "feeds", "import", long)
    assert "0 feeds added, 1002 listed already" in again
    short = commanded(folder, "feeds", "import", opml(folder, ["https://short.example/"]))
    assert "list.opml: 1 feed added" in short
    assert (folder / "feeds" / "list.opml").exists()


def test_a_list_goes_where_it_is_told(folder):
    assert "monitor.db: 2 feeds added" in commanded(folder, "feeds", "import", "--store", opml(folder, papers(2)))
    done = commanded(folder, "feeds", "import", "--to", str(folder / "lists"), opml(folder, papers(1_001)))
    assert "list.opml: 1001 feeds added" in done
    both = commanded(folder, "feeds", "import", "--store", "--to", str(folder), opml(folder, papers(1)), code=2)
    assert "exclude each other" in both


def test_pages_go_from_the_settings_on_to_the_store(folder):
    assert listed(folder)[0] == ["own", "drop"]
    commanded(folder, "feeds", "import", "--store", opml(folder, papers(7)))
    names, last = listed(folder, "--limit", "3")
    assert names[:2] == ["own", "drop"]
    assert names[2].startswith("paper0000")
    assert last == "1 to 3 of 9 feeds; next: --page 2"
    names, last = listed(folder, "--limit", "3", "--page", "3")
    assert [name[:9] for name in names] == ["paper0004", "paper0005", "paper0006"]
    assert last == "7 to 9 of 9 feeds"
    assert [name[:9] for name in listed(folder, "--search", "Paper0003")[0]] == ["paper0003"]
    assert listed(folder, "--search", "own.EXAMPLE")[0] == ["own"]
    assert len(listed(folder, "--state", "new")[0]) == 9
    assert listed(folder, "--state", "failing")[0] == listed(folder, "--state", "ok")[0] == []
    assert listed(folder, "--state", "broken")[0] == []


def test_imported_feeds_are_explained_exported_and_forgotten(folder):
    commanded(folder, "feeds", "import", "--store", opml(folder, papers(5)))
    names = listed(folder, "--search", "paper")[0]
    assert "next poll" in commanded(folder, "feeds", "why", names[0])
    assert "next poll" in commanded(folder, "feeds", "why", papers(2)[1])
    assert "no feed is called paper" in commanded(folder, "feeds", "why", "paper", code=2)
    text = commanded(folder, "feeds", "export")
    assert text.count("xmlUrl") == 6
    assert 'text="World"' in text
    assert "2 feeds forgotten" in commanded(folder, "feeds", "forget", names[0], papers(2)[1])
    assert "name feeds" in commanded(folder, "feeds", "forget", code=2)
    assert "were not imported" in commanded(folder, "feeds", "forget", "own", code=1)
    assert "3 feeds forgotten" in commanded(folder, "feeds", "forget", "--opml", opml(folder, papers(5)))
    assert listed(folder)[0] == ["own", "drop"]


def test_imported_feeds_are_polled_once_each(folder):
    settle(folder, "")
    routes = {f"/{number}": reply(body=rss(f"News {number}")) for number in range(40)} | {"/40": reply(500)}

    async def story():
        async with WebHost(routes) as host:
            urls = [host.url(path) for path in routes]
            await asyncio.to_thread(commanded, folder, "feeds", "import", "--store", opml(folder, urls))
            failed = await asyncio.to_thread(commanded, folder, "poll", "--once", code=1)
            again = await asyncio.to_thread(commanded, folder, "feeds", "list", "--state", "ok", "--limit", "2")
            (name,) = {line.split()[0] for line in again.splitlines() if "/7 " in line} or {"none"}
            return failed, again, name, [request.target for request in host.requests]

    failed, again, _, asked = asyncio.run(story())
    assert sorted(asked) == sorted(routes)
    assert "failed: 127-0-0-1-40-" in failed
    assert "of 41 feeds" in again


def test_a_feed_that_nobody_knows_is_not_polled(folder):
    assert "no feed is called nobody" in commanded(folder, "poll", "--once", "nobody", code=2)
    commanded(folder, "feeds", "import", "--store", opml(folder, papers(1)))
    assert "among them: own, drop" in commanded(folder, "poll", "--once", "nobody", code=2)
