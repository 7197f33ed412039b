"""The settings that the container image and compose.yaml carry are accepted, also with their examples switched on."""

import re
from pathlib import Path

import pytest
import yaml

from monitor.config import load_settings

ROOT = Path(__file__).parents[2]
SHIPPED = [ROOT / "deploy" / "monitor.yaml", ROOT / "deploy" / "compose" / "monitor.yaml"]


def placed(text, folder):
    """The settings with the container's folders made to exist here."""
    (folder / "etc" / "seeds").mkdir(parents=True, exist_ok=True)
    (folder / "secrets").mkdir(exist_ok=True)
    for name, secret in (("smtp_password", "p"), ("slack_url", "https://hooks.slack.example/services/T/B/x")):
        (folder / "secrets" / name).write_text(secret)
    text = text.replace("/etc/monitor", str(folder / "etc")).replace("/run/secrets", str(folder / "secrets"))
    file = folder / "monitor.yaml"
    file.write_text(text)
    return file


@pytest.mark.parametrize("shipped", SHIPPED, ids=["image", "compose"])
def test_the_settings_in_the_image_are_accepted(shipped, tmp_path):
    settings = load_settings(placed(shipped.read_text(), tmp_path), {})
    assert settings.store.path == Path("/data/monitor.db")
    assert settings.http.host == "0.0.0.0"
    assert [feed.id for feed in settings.feeds] == ["seeds"]


def test_the_examples_of_compose_are_accepted_once_switched_on(tmp_path):
    text = SHIPPED[1].read_text()
    text = re.sub(r"(?m)^(\s*)# (?=[-\w].*[:\w\]}]$)", r"\1", text.split("\n", 1)[1])
    settings = load_settings(placed(text, tmp_path), {})
    assert [channel.kind for channel in settings.channels] == ["maildir", "email", "slack"]
    assert {one.channel for one in settings.subscribers[0].recipients} == {"mailbox", "mail", "slack"}
    assert len(settings.feeds) == 2


def test_compose_runs_the_image_with_nothing_it_does_not_need():
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["monitor"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert [volume for volume in service["volumes"] if not volume.endswith(":ro")] == ["data:/data"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_the_image_is_not_root_and_stops_by_sigterm():
    text = (ROOT / "Dockerfile").read_text()
    assert re.search(r"(?m)^USER 10001", text)
    assert "STOPSIGNAL SIGTERM" in text
    assert re.search(r"(?m)^HEALTHCHECK", text)
    assert 'ENTRYPOINT ["monitor"]' in text
