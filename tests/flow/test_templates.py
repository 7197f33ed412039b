"""Templates of an operator's own: tried before they are taken, bounded, and never in the way of an alert."""

import asyncio
import os

import pytest
from click.testing import CliRunner
from support.beat import Beat, rss
from support.desk import Desk
from support.webhost import WebHost, reply

from monitor import config
from monitor.alerting import Templates, render, samples
from monitor.cli import cli
from monitor.errors import ConfigError
from monitor.model import Format

TEXT = """{{ view.severity|upper }}: {{ view.title }}
{{ view.link.url if view.link }}
{% for reason in view.reasons %}{{ reason.title }}: {{ reason.words|map("first")|join(", ") }}
{% endfor %}"""
BOX = "  box: {kind: maildir, path: box}"


def beat(folder, **templates):
    (folder / "own").mkdir()
    for name, text in templates.items():
        (folder / "own" / name.replace("__", ".")).write_text(text)
    return Beat(folder, extra="templates: own\n")


def test_the_example_of_the_documentation_is_what_is_sent(tmp_path):
    async def run():
        async with WebHost({"/f": reply(body=rss("Planes at Khmeimim"))}) as host:
            made = beat(
                tmp_path,
                alert__txt__j2=TEXT,
                subject__txt__j2="{{ kind }}:\n {{ subject }}",
                base__html__j2="<html><body>ours {% block content %}{% endblock %}",
            )
            made.file.write_text(made.file.read_text() + f"feeds:\n  - {{id: f0, url: '{host.url('/f')}'}}\n")
            async with made:
                await made.poll()
                while await made.engine.deliver_due():
                    await made.engine.settle()

    asyncio.run(run())
    (sent,) = (tmp_path / "box" / "new").iterdir()
    raw = sent.read_text()
    assert "Subject: article: [routine] Khmeimim: Planes at Khmeimim" in raw
    assert "ROUTINE: Planes at Khmeimim" in raw
    assert "ours" in raw
    arguments = ["--config", str(tmp_path / "monitor.yaml"), "preview", "1", "--channel", "box"]
    assert "ROUTINE: Planes at Khmeimim" in CliRunner().invoke(cli, arguments).output


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("alert__txt__j2", "one\n{{ view.nothing }}", r"alert\.txt\.j2:2: template: UndefinedError"),
        ("alert__html__j2", "{% if %}", r"alert\.html\.j2:1: template: "),
        ("digest__txt__j2", "{{ ''.__class__.__mro__ }}", "SecurityError"),
        ("notice__txt__j2", "{% for n in range(100000) %}x{% endfor %}", "a range of more than 1000"),
        (
            "notice__txt__j2",
            "{% for a in range(900) %}{% for b in range(900) %}xxxxxxxxxx{% endfor %}{% endfor %}",
            "more than 524288",
        ),
        ("alert__txt__j2", "{% include '/etc/passwd' %}", "TemplateNotFound"),
        ("alerts__txt__j2", "x", 'did you mean "alert.txt.j2"'),
        ("alert__txt__j2", "x" * 70_000, "65536 bytes"),
    ],
)
def test_what_is_wrong_with_a_template_is_told_and_nothing_is_taken(tmp_path, name, text, message):
    made = beat(tmp_path, **{name: text})
    with pytest.raises(ConfigError, match=message):
        config.load(made.file, dict(os.environ))


def test_a_folder_that_is_not_there_is_told(tmp_path):
    made = Beat(tmp_path, extra="templates: nowhere\n")
    with pytest.raises(ConfigError, match="no such folder"):
        config.load(made.file, dict(os.environ))


def test_an_alert_goes_out_as_shipped_when_a_template_fails_and_the_log_says_so_once(tmp_path):
    async def run():
        (tmp_path / "own").mkdir()
        # It holds for the samples, and not for this alert.
        (tmp_path / "own" / "alert.txt.j2").write_text("{{ view.nothing if view.title == 'Bad' else 'fine' }}")
        async with Desk(tmp_path, BOX, "[box]", extra="templates: own\n") as desk:
            await desk.alerts(2, "Bad")
            await desk.alerts(1, "Good")
            while await desk.engine.deliver_due():
                await desk.engine.settle()
            failed = desk.parts.journal.registry.get_sample_value("monitor_template_failures_total")
            return failed, await desk.states()

    failed, states = asyncio.run(run())
    assert (failed, states) == (2, {"sent": 3})
    texts = [file.read_text() for file in (tmp_path / "box" / "new").iterdir()]
    assert sum("fine" in text for text in texts) == 1
    assert sum("Khmeimim air base (base, urgent)" in text for text in texts) == 2


def test_titles_are_data_and_never_templates():
    for alert in samples():
        if alert.article is not None:
            title = "{{ 7 * 191 }} {% raw %}"
            shown = render(
                type(alert)(**{name: getattr(alert, name) for name in alert.__slots__} | {"article": type(alert.article)(
                    **{name: getattr(alert.article, name) for name in alert.article.__slots__} | {"title": title}
                )}),
                Format.MAIL, plain=False, now=alert.created_at, templates=Templates({"alert.txt.j2": "{{ view.title }}"}),
            )  # fmt: skip
            assert shown.text == title
            assert "1337" not in shown.html
