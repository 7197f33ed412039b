"""Feeds in, alerts out, through the real parts: what is published on loopback comes to exactly the expected hits and
messages; the second poll brings nothing; an edited article alerts only if it hits rules that it did not hit before."""

import http.server
import json
import mailbox
import shutil
import sqlite3
import threading
from email import policy
from email.parser import BytesParser
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.reading import opened

from monitor.cli import cli
from monitor.engine.parts import utc_now
from monitor.store.protocol import HitFilter

ROOT = Path(__file__).parents[2]
HIT = "Planes at the Khmeimim air base"
MISS = "Rain over the coast"
RULES = """
rules:
  - {id: khmeimim, kind: base, title: Khmeimim air base, names: [Khmeimim], severity: urgent}
  - {id: lavrov, kind: person, title: Sergey Lavrov, names: [Lavrov]}
"""


def rss(items, version="2.0"):
    body = "".join(
        f"<item><title>{title}</title><link>http://news.example/{version}/{n}</link><description>{text}</description></item>"
        for n, (title, text) in enumerate(items)
    )
    return f'<?xml version="1.0"?><rss version="{version}"><channel><title>T</title>{body}</channel></rss>'


def rdf(items):
    body = "".join(
        f'<item rdf:about="http://news.example/rdf/{n}"><title>{title}</title><link>http://news.example/rdf/{n}</link>'
        f"<description>{text}</description></item>"
        for n, (title, text) in enumerate(items)
    )
    return (
        '<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        f'xmlns="http://purl.org/rss/1.0/"><channel><title>T</title></channel>{body}</rdf:RDF>'
    )


def atom(items):
    body = "".join(
        f'<entry><id>tag:{n}</id><title>{title}</title><link href="http://news.example/atom/{n}"/>'
        f'<content type="html">&lt;p&gt;{text}&lt;/p&gt;</content></entry>'
        for n, (title, text) in enumerate(items)
    )
    return f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>T</title>{body}</feed>'


def json_feed(items, version):
    return json.dumps(
        {
            "version": f"https://jsonfeed.org/version/{version}",
            "title": "T",
            "items": [
                {"id": n, "title": title, "url": f"http://news.example/json/{n}", "content_html": f"<p>{text}</p>"}
                for n, (title, text) in enumerate(items)
            ],
        }
    )


ITEMS = [("Morning", HIT), (MISS, "Nothing else")]
FORMATS = {
    "rss091": rss(ITEMS, "0.91"),
    "rss092": rss(ITEMS, "0.92"),
    "rss20": rss(ITEMS),
    "rdf": rdf(ITEMS),
    "atom": atom(ITEMS),
    "json10": json_feed(ITEMS, "1"),
    "json11": json_feed(ITEMS, "1.1"),
}


class Site:
    """Serves documents by name, with an ETag."""

    def __init__(self, documents):
        self.documents = dict(documents)
        self.requests = []
        site = self

        class Pages(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                document = site.documents[self.path.strip("/")].encode()
                etag = f'"{hash(document)}"'
                status = 304 if self.headers.get("If-None-Match") == etag else 200
                site.requests.append((self.path.strip("/"), status))
                self.send_response(status)
                self.send_header("ETag", etag)
                self.end_headers()
                if status == 200:
                    self.wfile.write(document)

            def log_message(self, *args):
                """Quiet."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def site():
    site = Site(FORMATS)
    yield site
    site.close()


@pytest.fixture
def folder(tmp_path, site):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rules.yaml").write_text(RULES)
    feeds = "\n".join(f"  - {{id: {name}, url: '{site.base}/{name}'}}" for name in site.documents)
    (tmp_path / "monitor.yaml").write_text(
        f"""
store: sqlite:///monitor.db
rules: [rules]
feeds:
{feeds}
channels: {{box: {{kind: maildir, path: box}}}}
subscribers: [{{id: desk, channels: [box], group_interval: 0s}}]
stories: {{enabled: false}}
fetch: {{allow_private: ["127.0.0.0/8"]}}
polling: {{host_gap: 0s}}
http: {{enabled: false}}
"""
    )
    return tmp_path


def poll(folder, code=0):
    done = CliRunner().invoke(cli, ["--config", str(folder / "monitor.yaml"), "poll", "--once"])
    assert done.exit_code == code, done.output
    return done.output


def hits(folder, file="monitor.yaml"):
    return opened(folder / file, lambda store: store.hits(HitFilter(limit=1000)))


def messages(folder):
    box = mailbox.Maildir(folder, create=False, factory=lambda file: BytesParser(policy=policy.default).parse(file))
    return list(box)


def test_every_format_comes_to_exactly_the_expected_hits_and_messages(folder, site):
    poll(folder)
    found = hits(folder)
    assert sorted((hit.article.feed_id, hit.match.rule_id) for hit in found) == [
        (name, "khmeimim") for name in sorted(FORMATS)
    ]
    for hit in found:
        for span in hit.match.spans:
            assert getattr(hit.article, span.field)[span.start : span.end] == span.text == "Khmeimim"
    sent = messages(folder / "box")
    assert len(sent) == len(FORMATS)
    for message in sent:
        assert "Khmeimim" in message["Subject"]
        text = message.get_body(("plain",)).get_content()
        assert "Planes at the" in text
        assert "Khmeimim air base" in text

    # The second poll asks with the validators and brings nothing.
    poll(folder)
    assert len(hits(folder)) == len(FORMATS)
    assert len(messages(folder / "box")) == len(FORMATS)
    assert [status for _, status in site.requests[len(FORMATS) :]] == [304] * len(FORMATS)


def test_an_edited_article_alerts_only_if_it_hits_new_rules(folder, site):
    poll(folder)
    before = len(messages(folder / "box"))

    # The same rules: a revision, no alert.
    site.documents["rss20"] = rss([("Morning", f"{HIT}, corrected."), ITEMS[1]])
    poll(folder)
    assert len(messages(folder / "box")) == before

    # A rule more: one alert, which says that it is a revision, for that rule alone.
    site.documents["rss20"] = rss([("Morning", f"{HIT}, says Lavrov."), ITEMS[1]])
    poll(folder)
    sent = messages(folder / "box")
    assert len(sent) == before + 1
    (new,) = [one for one in sent if "lavrov" in (one["X-Monitor-Rules"] or "")]
    assert "khmeimim" not in new["X-Monitor-Rules"]

    # A rule less, and then the same again: a text that flaps alerts once each way.
    for text in (HIT, f"{HIT}, says Lavrov.", HIT, f"{HIT}, says Lavrov."):
        site.documents["rss20"] = rss([("Morning", text), ITEMS[1]])
        poll(folder)
    assert len(messages(folder / "box")) == before + 2

    # An article that hit nothing and now does.
    site.documents["rss20"] = rss([("Morning", f"{HIT}, says Lavrov."), (MISS, "Lavrov arrived.")])
    poll(folder)
    assert len(messages(folder / "box")) == before + 3
    database = sqlite3.connect(folder / "monitor.db")
    assert database.execute("SELECT count(*) FROM articles").fetchone() == (2 * len(FORMATS),)
    database.close()


def test_one_broken_feed_is_told_and_the_others_go_on(folder, site):
    site.documents["rdf"] = "<html><body>Please log in</body></html>"
    output = poll(folder, code=1)
    assert "rdf" in output
    assert len(hits(folder)) == len(FORMATS) - 1


SEED_RULES = {
    "sharaa", "assad", "putin", "lavrov", "belousov", "shaibani", "tartus-base", "khmeimim", "bases-future", "extradition",
}  # fmt: skip


def test_the_seed_raises_exactly_the_shipped_rules_each_with_its_sentence(tmp_path):
    for name in ("monitor.yaml", "rules", "seeds"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    poll(tmp_path)
    found = hits(tmp_path)
    body = next((ROOT / "seeds").glob("*.txt")).read_text().strip()
    rules = {hit.match.rule_id for hit in found}
    assert rules >= SEED_RULES
    assert len(rules) == 12  # and the two topics on Israel's security and on ties with Russia and China
    for hit in found:
        assert hit.match.spans, hit.match.rule_id
        for span in hit.match.spans:
            assert getattr(hit.article, span.field)[span.start : span.end] == span.text
            assert span.text in body
    (message,) = messages(tmp_path / "var" / "alerts")
    text = message.get_body(("plain",)).get_content()
    html = message.get_body(("html",)).get_content()
    for word in ("Ahmed al-Sharaa", "Esaad Hasan al-Sheibani", "Tartus", "Khmeimim", "Belousov"):
        assert word in " ".join(text.replace("»", "").replace("«", "").split())
        assert word.split()[-1] in html
    poll(tmp_path)
    assert len(messages(tmp_path / "var" / "alerts")) == 1
    assert len(hits(tmp_path)) == len(found)
    assert utc_now() > found[0].created_at
