"""The settings that the container image and compose.yaml carry are accepted, and the image is given all that it needs."""

import re
import shlex
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from monitor.config import load, load_settings
from monitor.engine.daemon import PATIENCE

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


def copied():
    """What each COPY of the Dockerfile takes from the checkout."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    words = [line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--from=" not in line]
    return [source for sources in words for source in sources]


def test_what_the_image_copies_is_there_and_let_through():
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(copied()) == let_through
    assert [source for source in copied() if not (ROOT / source).exists()] == []


def test_the_image_is_built_from_all_that_the_package_names():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {"pyproject.toml", "setup.py", project["readme"], *project["license-files"]} <= set(copied())


def test_a_build_in_the_checkout_does_not_reach_the_image():
    last = (ROOT / ".dockerignore").read_text().split("\n!")[-1]  # a later line wins
    assert {"**/*.so", "**/*.c", "**/__pycache__"} <= set(last.splitlines())


def test_the_docs_run_the_image_as_compose_does():
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["monitor"]
    text = (ROOT / "docs" / "docker.md").read_text().split("\n## ")[0].replace("\\\n", " ")
    commands = [shlex.split(line) for line in text.splitlines() if line.startswith("$ docker run")]
    flags = {
        ("--memory", service["mem_limit"]),
        ("--pids-limit", str(service["pids_limit"])),
        ("--publish", *service["ports"]),
        ("--security-opt", service["security_opt"][0].removesuffix(":true")),
        ("--stop-timeout", service["stop_grace_period"].removesuffix("s")),
        ("--tmpfs", *service["tmpfs"]),
        ("--cap-drop", *service["cap_drop"]),
    }
    assert len(commands) == 2
    for command in commands:
        assert flags <= set(pairwise(command))
        assert "--read-only" in command


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


def test_many_workers_run_the_image_as_one_does(tmp_path):
    services = yaml.safe_load((ROOT / "compose.cluster.yaml").read_text())["services"]
    alone = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["monitor"]
    for name in ("console", "worker"):
        service = services[name]
        for key in ("read_only", "tmpfs", "cap_drop", "security_opt", "pids_limit", "mem_limit", "stop_grace_period"):
            assert service[key] == alone[key], key
        assert [one for one in service["volumes"] if one.endswith(":ro")] == [
            one for one in alone["volumes"] if one.endswith(":ro")
        ]
        environ = {"MONITOR_STORE": service["environment"]["MONITOR_STORE"]}
        text = (ROOT / "deploy" / "compose" / "monitor.yaml").read_text()
        loaded = load_settings(placed(text, tmp_path), environ)
        assert loaded.store.shared
    assert services["console"]["ports"] == alone["ports"]
    assert "ports" not in services["worker"]
    assert re.fullmatch(r"postgres:\d+", services["database"]["image"])


def test_the_manifest_of_kubernetes_fits_the_daemon(tmp_path):
    found = {one["kind"]: one for one in yaml.safe_load_all((ROOT / "deploy" / "kubernetes.yaml").read_text())}
    for name, text in found["ConfigMap"]["data"].items():
        (tmp_path / name).write_text(text)
    environ = {"MONITOR_STORE": found["Secret"]["stringData"]["MONITOR_STORE"]}
    loaded = load(tmp_path / "monitor.yaml", environ)
    pod = found["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["ports"][0]["containerPort"] == loaded.settings.http.port
    assert {container[f"{one}Probe"]["httpGet"]["path"] for one in ("liveness", "readiness")} == {"/healthz", "/readyz"}
    assert pod["terminationGracePeriodSeconds"] > PATIENCE
    assert pod["securityContext"]["runAsUser"] == 10001
    assert ":" in container["image"]
    assert not container["image"].endswith(":latest")
    assert loaded.settings.store.shared
