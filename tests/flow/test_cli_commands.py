"""The commands that read and mend a store, on a real one, through the command line."""

import json
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.rig import Mail, free_port, until

from monitor.cli import cli

ROOT = Path(__file__).parents[2]
RULES = """
rules:
  - {id: khmeimim, kind: base, title: Khmeimim air base, names: [Khmeimim, حميميم], severity: urgent}
  - {id: lavrov, kind: person, title: Sergey Lavrov, names: [Lavrov]}
"""
ARTICLES = {
    "one.txt": "Planes left\n\nPlanes at the Khmeimim air base.",
    "two.txt": "Talks\n\nLavrov arrived in Damascus.",
    "three.txt": "مباحثات\n\nمستقبل قاعدة حميميم الجوية.",
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "inbox").mkdir()
    for name, text in ARTICLES.items():
        (tmp_path / "inbox" / name).write_text(text)
    return tmp_path


@pytest.fixture
def mail():
    mail = Mail()
    yield mail
    mail.close()


def settings(folder, channels="box: {kind: maildir, path: box}", to="[box]", extra=""):
    (folder / "monitor.yaml").write_text(
        f"store: sqlite:///monitor.db\nrules: [rules.yaml]\nfeeds: [{{id: inbox, path: inbox, title: The Inbox}}]\n"
        f"channels:\n  {channels}\nsubscribers: [{{id: desk, channels: {to}}}]\nhttp: {{enabled: false}}\n{extra}"
    )


def monitor(folder, *arguments, code=0):
    done = CliRunner().invoke(cli, ["--config", str(folder / "monitor.yaml"), *arguments])
    assert done.exit_code == code, f"{done.output}\n{done.exception!r}"
    return done.output


def mail_settings(folder, port):
    settings(
        folder,
        f"mail: {{kind: email, host: 127.0.0.1, port: {port}, security: none, from: m@example.org}}",
        "[{channel: mail, to: [a@example.org]}]",
    )


def test_hits_as_a_table_and_as_json(folder):
    settings(folder)
    monitor(folder, "poll", "--once")
    table = monitor(folder, "hits")
    for words in ("khmeimim", "urgent", "«Khmeimim»", "«حميميم»", "The Inbox", "Planes left"):
        assert words in table
    assert f"when ({datetime.now().astimezone():%Z})" in table
    records = [json.loads(line) for line in monitor(folder, "hits", "--json").splitlines()]
    assert {record["rule"] for record in records} == {"khmeimim", "lavrov"}
    for record in records:
        assert record["spans"][0]["tier"] == "exact"
        assert record["rule_version"]
    assert "khmeimim" not in monitor(folder, "hits", "--rule", "lavrov")
    assert "lavrov" not in monitor(folder, "hits", "--severity", "urgent")
    assert len(monitor(folder, "hits", "--json", "--since", "1h", "--limit", "2", "--feed", "inbox").splitlines()) == 2
    assert monitor(folder, "hits", "--rule", "nobody") == "no hits\n"
    assert "such as" in monitor(folder, "hits", "--since", "soon", code=2)


def test_a_withdrawn_hit_says_so(folder):
    settings(folder)
    monitor(folder, "poll", "--once")
    (folder / "inbox" / "two.txt").write_text("Talks\n\nNobody arrived in Damascus at all.")
    monitor(folder, "poll", "--once")
    assert "later revision" in monitor(folder, "hits", "--rule", "lavrov")


def test_search(folder):
    settings(folder)
    monitor(folder, "poll", "--once")
    assert "Planes left" in monitor(folder, "search", "AIR", "base")
    assert "مباحثات" in monitor(folder, "search", "حميميم")
    assert monitor(folder, "search", "nothing here") == "nothing found\n"


def test_poll_names_what_it_does_not_know_and_what_failed(folder):
    settings(folder)
    assert "inbox" in monitor(folder, "poll", "--once", "nobody", code=2)
    settings(folder, extra="fetch: {allow_private: ['127.0.0.0/8']}\n")
    text = (folder / "monitor.yaml").read_text()
    dead = f"feeds: [{{id: dead, url: 'http://127.0.0.1:{free_port()}/'}}, "
    (folder / "monitor.yaml").write_text(text.replace("feeds: [", dead))
    assert "failed: dead" in monitor(folder, "poll", "--once", code=1)
    assert "connect" in monitor(folder, "feeds", "list")


def test_dead_deliveries_are_shown_and_tried_again(folder, mail):
    mail_settings(folder, mail.port)
    mail.answers = lambda _address: "550 5.1.1 no such user"
    monitor(folder, "poll", "--once")
    assert "no such user" in monitor(folder, "deliveries", "--dead")
    assert monitor(folder, "deliveries", "--channel", "other") == "no deliveries\n"
    assert "refused" in monitor(folder, "deliveries", "--attempts", "1")
    assert "1 of 2" in monitor(folder, "deliveries", "--requeue", "1", "--requeue", "99", code=1)
    assert "a@example.org" in monitor(folder, "deliveries", "--pending")
    mail.answers = lambda _address: None
    monitor(folder, "poll", "--once")
    assert len(mail.accepted) == 1
    assert "sent" in monitor(folder, "deliveries")
    assert "desk" in monitor(folder, "subscribers")


def test_send_test(folder, mail):
    mail_settings(folder, mail.port)
    assert "mail to a@example.org: sent" in monitor(folder, "send-test", "mail")
    assert b"X-Alert-Key" in mail.accepted[0]
    assert "mail to b@example.org: sent" in monitor(folder, "send-test", "mail", "--to", "b@example.org")
    assert "there are: mail" in monitor(folder, "send-test", "slack", code=2)
    mail.answers = lambda _address: "550 no"
    assert "refused" in monitor(folder, "send-test", "mail", code=1)
    settings(folder)
    assert "box: sent" in monitor(folder, "send-test", "box")
    assert len(list((folder / "box" / "new").iterdir())) == 1


def test_a_mail_channel_that_nobody_uses_needs_an_address(folder, mail):
    settings(
        folder, f"box: {{kind: maildir, path: box}}\n  mail: {{kind: email, host: 127.0.0.1, port: {mail.port}, "
        "security: none, from: m@example.org}",
    )  # fmt: skip
    assert "--to" in monitor(folder, "send-test", "mail", code=2)


def test_a_broken_channel_is_mended_by_a_test_that_gets_through(folder, mail):
    mail_settings(folder, mail.port)
    text = (folder / "monitor.yaml").read_text()
    broken = text.replace("security: none", "security: none, username: u, password: p")
    (folder / "monitor.yaml").write_text(broken)
    monitor(folder, "poll", "--once")
    assert not mail.accepted
    (folder / "monitor.yaml").write_text(text)
    assert "mended" in monitor(folder, "send-test", "mail")
    monitor(folder, "poll", "--once")
    assert len(mail.accepted) == 1 + len(ARTICLES)


def test_backup(folder):
    settings(folder)
    monitor(folder, "poll", "--once")
    assert "checked" in monitor(folder, "backup", str(folder / "copy.db"))
    done = CliRunner().invoke(cli, ["--config", str(folder / "monitor.yaml"), "backup", str(folder / "copy.db")])
    assert "exists already" in str(done.exception)


@pytest.mark.parametrize("command", [["hits"], ["deliveries"], ["search", "x"], ["subscribers"], ["backup", "b.db"]])
def test_without_a_store_there_is_one_clear_line(folder, command):
    settings(folder)
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "--config", str(folder / "monitor.yaml"), *command],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "there is no store" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_polling_in_the_foreground_ends_at_ctrl_c_and_a_daemon_is_asked(folder):
    settings(folder, extra="log: {format: json, level: info}\n")
    command = [sys.executable, "-m", "monitor", "--config", str(folder / "monitor.yaml"), "poll"]
    log = folder / "log"
    with log.open("wb") as target:
        process = subprocess.Popen(command, cwd=ROOT, stdout=target, stderr=target)
    until(lambda: '"event": "hit"' in log.read_text())
    until(lambda: len(list(folder.glob("box/new/*"))) == len(ARTICLES))
    assert f"process {process.pid}" in monitor(folder, "poll", "--once", "inbox")
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0, log.read_text()


def test_healthcheck_needs_a_port(folder):
    settings(folder)
    assert "switched off" in monitor(folder, "healthcheck", code=1)
    text = (folder / "monitor.yaml").read_text()
    (folder / "monitor.yaml").write_text(text.replace("{enabled: false}", f'{{listen: "127.0.0.1:{free_port()}"}}'))
    assert "no answer" in monitor(folder, "healthcheck", code=1)
