"""The health port, over real loopback HTTP."""

import dataclasses
import json
import socket
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from monitor.engine.health import STALE_AFTER, HealthServer, Pulse
from monitor.errors import MonitorError
from monitor.model import DeliveryState
from monitor.settings import HttpSettings
from monitor.store.protocol import Figures

FIGURES = Figures(
    feeds=3,
    feeds_overdue=1,
    feeds_failing=2,
    articles=10,
    hits=4,
    deliveries={DeliveryState.PENDING: 5, DeliveryState.SENT: 7},
    unknown_outcomes=0,
    oldest_pending=None,
)


@pytest.fixture
def pulse():
    pulse = Pulse()
    pulse.scheduler = True
    pulse.store_error = None
    pulse.figures = dataclasses.replace(FIGURES, oldest_pending=datetime.now(UTC) - timedelta(minutes=10))
    return pulse


@pytest.fixture
def server(pulse):
    server = HealthServer(HttpSettings(port=0), pulse, CollectorRegistry())
    server.start()
    yield server
    server.stop()


def get(server, page):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/{page}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_all_well(server):
    assert get(server, "healthz") == (200, "up\n")
    status, body = get(server, "readyz?verbose")
    report = json.loads(body)
    assert status == 200
    assert report["status"] == "up"
    assert 590 < report["oldest_pending_delivery_seconds"] < 660
    metrics = get(server, "metrics")[1]
    for line in (
        "monitor_up 1.0",
        "monitor_ready 1.0",
        "monitor_feeds 3.0",
        "monitor_feeds_overdue 1.0",
        'monitor_deliveries{state="pending"} 5.0',
        'monitor_deliveries{state="dead"} 0.0',
    ):
        assert line in metrics


def test_a_loop_that_hangs_is_told(server, pulse):
    pulse.last_tick = time.monotonic() - STALE_AFTER - 1
    assert get(server, "healthz") == (503, "stuck\n")
    assert get(server, "readyz")[0] == 503
    assert "monitor_up 0.0" in get(server, "metrics")[1]


def test_a_store_that_cannot_be_written_is_not_ready_but_alive(server, pulse):
    pulse.store_error = "the disk is full"
    assert get(server, "healthz")[0] == 200
    status, body = get(server, "readyz")
    assert status == 503
    assert json.loads(body)["parts"]["store"] == "down: the disk is full"


def test_draining_and_broken_channels_show(server, pulse):
    pulse.broken = ("mail",)
    assert json.loads(get(server, "readyz")[1])["parts"]["channels"] == "degraded: mail"
    pulse.draining = True
    status, body = get(server, "readyz")
    assert (status, json.loads(body)["status"]) == (503, "draining")


def test_before_the_first_figures(server, pulse):
    pulse.figures = None
    assert json.loads(get(server, "readyz")[1])["feeds"] is None
    assert "monitor_feeds 0.0" in get(server, "metrics")[1]


def test_other_requests_do_no_harm(server):
    assert get(server, "x" * 5000)[0] == 404
    for raw in (
        b"POST /healthz HTTP/1.1\r\n\r\n",
        b"\x00\xff\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
            connection.sendall(raw)
            assert b"200" not in connection.recv(200)
    assert get(server, "healthz")[0] == 200


def test_a_port_that_is_taken_is_a_clear_error(server, pulse):
    with pytest.raises(MonitorError, match=f"127.0.0.1:{server.port}"):
        HealthServer(HttpSettings(port=server.port), pulse, CollectorRegistry())


def test_a_server_that_was_never_started_can_be_stopped_and_frees_its_port(pulse):
    server = HealthServer(HttpSettings(port=0), pulse, CollectorRegistry())
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)
