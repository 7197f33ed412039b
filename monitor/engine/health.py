"""The port for health and metrics: /healthz, /readyz, /metrics; for hubs that call back (`callbacks`), and
for people who follow links in messages (`actions`). Loopback unless
configured otherwise.

It is served from a thread of its own, so that it answers, and says so, when the event loop hangs. It only reads: the
loop leaves its latest figures in a `Pulse`. It shows numbers and states, never articles, addresses or secrets.
"""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, ClassVar

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from monitor.console import SUBSCRIBE
from monitor.engine.actions import PREFIX as LINKS
from monitor.engine.actions import Actions
from monitor.engine.callbacks import PREFIX, Callbacks
from monitor.errors import MonitorError
from monitor.model import DeliveryState, FeedCondition, SuppressionReason
from monitor.settings import HttpSettings
from monitor.store.crew_protocol import Lag
from monitor.store.protocol import Figures

STALE_AFTER = 15.0
"""Seconds without a finished tick after which the daemon is called stuck. Ticks come every second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewFigures:
    """How a worker among many is, and the whole."""

    workers: int
    """That are there."""
    posts: int
    """That this worker holds."""
    lag: Lag


@dataclass(slots=True)
class Pulse:
    """What the loop leaves for the health thread."""

    started: float = field(default_factory=time.monotonic)
    last_tick: float = field(default_factory=time.monotonic)
    """Monotonic time of the last finished tick."""
    scheduler: bool = False
    store_error: str | None = "not opened yet"
    figures: Figures | None = None
    broken: tuple[str, ...] = ()
    """Channels that do not deliver."""
    draining: bool = False
    feeds_waiting: int = 0
    """Feeds that were put off because their host was busy."""
    polls_aside: int = 0
    """Polls that wait for a slow host."""
    outage: bool = False
    """Hardly a host can be reached."""
    canary: datetime | None = None
    """When the newest article of the canary that arrived was made; None when there is no canary."""
    canary_late: bool = False
    crew: CrewFigures | None = None
    """With many workers on one store."""

    def healthy(self) -> bool:
        """Whether the process does its work at all: a restart would help if not."""
        return self.scheduler and time.monotonic() - self.last_tick < STALE_AFTER

    def report(self) -> dict[str, Any]:
        """The state of each part, for /readyz. `status` is `up` when all that the daemon needs itself is up."""
        figures = self.figures
        oldest = figures.oldest_pending if figures else None
        parts = {
            "store": "up" if self.store_error is None else f"down: {self.store_error}",
            "scheduler": "up" if self.scheduler else "down",
            "channels": "up" if not self.broken else f"degraded: {', '.join(self.broken)}",
        }
        if self.outage:
            parts["network"] = "down: hardly a host can be reached"
        if self.canary is not None:
            parts["canary"] = "late" if self.canary_late else "up"
        ready = self.healthy() and self.store_error is None and not self.draining
        return {
            "status": "up" if ready else "draining" if self.draining else "down",
            "parts": parts,
            "seconds_since_last_tick": round(time.monotonic() - self.last_tick, 1),
            "oldest_pending_delivery_seconds": _age(oldest),
            "pending_deliveries": figures.deliveries.get(DeliveryState.PENDING, 0) if figures else None,
            "feeds": figures.feeds if figures else None,
            "feeds_overdue": figures.feeds_overdue if figures else None,
            "feeds_unwell": sum(figures.conditions.values()) if figures else None,
        }


def _age(at: datetime | None) -> float | None:
    return None if at is None else round(max(0.0, (datetime.now(UTC) - at).total_seconds()), 1)


class Gauges:
    """The figures of the store as metrics; set from the pulse when they are asked for."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.up = Gauge("monitor_up", "1 while the daemon does its work", registry=registry)
        self.ready = Gauge("monitor_ready", "1 while the daemon can also write its store", registry=registry)
        self.feeds = Gauge("monitor_feeds", "Feeds that are polled", registry=registry)
        self.overdue = Gauge("monitor_feeds_overdue", "Feeds that should have been polled by now", registry=registry)
        self.failing = Gauge("monitor_feeds_failing", "Feeds whose last poll failed", registry=registry)
        self.unwell = Gauge(
            "monitor_feeds_unwell", "Feeds that are not well, by condition", ["condition"], registry=registry
        )
        self.waiting = Gauge(
            "monitor_feeds_waiting", "Feeds that are put off because their host is busy", registry=registry
        )
        self.aside = Gauge("monitor_polls_aside", "Polls that wait aside for a slow host", registry=registry)
        self.outage = Gauge("monitor_outage", "1 while hardly a host can be reached", registry=registry)
        self.stored = Gauge("monitor_articles_stored", "Articles in the store", registry=registry)
        self.hits = Gauge("monitor_hits_stored", "Hits in the store", registry=registry)
        self.deliveries = Gauge("monitor_deliveries", "Deliveries in the store, by state", ["state"], registry=registry)
        self.ledger = Gauge(
            "monitor_ledger_hits",
            "Hits that subscribers take, by how they ended: waiting, told, or the reason why they are suppressed",
            ["ending"],
            registry=registry,
        )
        self.oldest = Gauge(
            "monitor_oldest_pending_seconds", "Age of the oldest delivery that is not through", registry=registry
        )
        self.broken = Gauge("monitor_channels_broken", "Channels that do not deliver", registry=registry)
        self.canary = Gauge(
            "monitor_canary_age_seconds",
            "Age of the newest canary article that was delivered; not a number without a canary",
            registry=registry,
        )
        self.canary_late = Gauge("monitor_canary_late", "1 while no canary arrives in time", registry=registry)

        self.workers = Gauge("monitor_workers", "Workers on the store, this one included", registry=registry)
        self.posts = Gauge("monitor_posts_held", "Posts that this worker holds", registry=registry)
        self.lag = Gauge(
            "monitor_lag_seconds",
            "How long the oldest waits that is due: a feed for its poll, a subscriber for a decision, a delivery",
            ["what"],
            registry=registry,
        )

    def _set_crew(self, crew: CrewFigures) -> None:
        self.workers.set(crew.workers)
        self.posts.set(crew.posts)
        for what, oldest in (
            ("feed", crew.lag.oldest_due),
            ("subscriber", crew.lag.oldest_waiting),
            ("delivery", crew.lag.oldest_pending),
        ):
            self.lag.labels(what).set(_age(oldest) or 0)

    def set(self, pulse: Pulse) -> None:
        """Take over what the pulse says."""
        if pulse.crew is not None:
            self._set_crew(pulse.crew)
        self.up.set(pulse.healthy())
        self.ready.set(pulse.report()["status"] == "up")
        self.broken.set(len(pulse.broken))
        self.waiting.set(pulse.feeds_waiting)
        self.aside.set(pulse.polls_aside)
        self.outage.set(pulse.outage)
        age = _age(pulse.canary)
        self.canary.set(float("nan") if age is None else age)
        self.canary_late.set(pulse.canary_late)
        figures = pulse.figures
        if figures is None:
            return
        self.feeds.set(figures.feeds)
        self.overdue.set(figures.feeds_overdue)
        self.failing.set(figures.feeds_failing)
        for condition in FeedCondition:
            if condition is not FeedCondition.OK:
                self.unwell.labels(condition.value).set(figures.conditions.get(condition, 0))
        self.stored.set(figures.articles)
        self.hits.set(figures.hits)
        for state in DeliveryState:
            self.deliveries.labels(state.value).set(figures.deliveries.get(state, 0))
        self.ledger.labels("waiting").set(figures.ledger.waiting)
        self.ledger.labels("told").set(figures.ledger.told)
        for reason in SuppressionReason:
            self.ledger.labels(reason.value).set(figures.ledger.suppressed.get(reason.value, 0))
        self.oldest.set(_age(figures.oldest_pending) or 0)


class _Pages(BaseHTTPRequestHandler):
    """Small answers; GET only, but for callbacks of hubs."""

    callbacks: ClassVar[Callbacks | None] = None
    actions: ClassVar[Actions | None] = None
    server_version = "monitor"
    sys_version = ""
    timeout = 10

    def do_POST(self) -> None:
        if not self.calls_back() and not self.acts():
            self.answer(404, "text/plain; charset=utf-8", b"nothing is taken here\n")

    def calls_back(self) -> bool:
        """Answer a hub that calls back; False if it is something else that is asked for."""
        if self.callbacks is None or not self.path.startswith(PREFIX):
            return False
        if self.command == "GET":
            reply = self.callbacks.get(self.path)
        else:
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = self.callbacks.post(self.path, headers, self.rfile)
        self.answer(reply.status, "text/plain; charset=utf-8", reply.text.encode("utf-8", "replace"))
        return True

    def acts(self) -> bool:
        """Answer somebody who follows a link of a message; False if it is something else that is asked for."""
        if self.actions is None or not (self.path.startswith(LINKS) or self.path.partition("?")[0] == SUBSCRIBE):
            return False
        headers = {name.lower(): value for name, value in self.headers.items()}
        page = self.actions.answer(self.command, self.path, headers, self.rfile)
        self.answer(page.status, "text/html; charset=utf-8", page.html.encode("utf-8", "replace"), page.headers)
        return True

    def answer(self, status: int, kind: str, body: bytes, more: Mapping[str, str] = MappingProxyType({})) -> None:
        """Send a whole answer."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        for name, value in more.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's own name
        """Requests for health are not news."""


class HealthServer:
    """Serves the three pages. Raises MonitorError when the port is taken."""

    def __init__(
        self,
        settings: HttpSettings,
        pulse: Pulse,
        registry: CollectorRegistry,
        callbacks: Callbacks | None = None,
        actions: Actions | None = None,
    ) -> None:
        gauges = Gauges(registry)
        gauges_lock = threading.Lock()

        class Pages(_Pages):
            """The pages of figures."""

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                if self.calls_back() or self.acts():
                    return
                if path == "/healthz":
                    ok = pulse.healthy()
                    self.answer(200 if ok else 503, "text/plain; charset=utf-8", b"up\n" if ok else b"stuck\n")
                elif path == "/readyz":
                    report = pulse.report()
                    body = json.dumps(report, indent=1).encode() + b"\n"
                    self.answer(200 if report["status"] == "up" else 503, "application/json", body)
                elif path == "/metrics":
                    with gauges_lock:
                        gauges.set(pulse)
                        body = generate_latest(registry)
                    self.answer(200, CONTENT_TYPE_LATEST, body)
                else:
                    self.answer(404, "text/plain; charset=utf-8", b"here are /healthz, /readyz and /metrics\n")

        Pages.callbacks, Pages.actions = callbacks, actions
        try:
            self._server = ThreadingHTTPServer((settings.host, settings.port), Pages)
        except OSError as error:
            raise MonitorError(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from error
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and free the port."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()
