"""kill -9 of the real process at named and at random points: nothing lost, no half transaction, and at most the delivery
in flight is repeated, with the same Message-ID."""

import random
import threading

import pytest
from support.rig import Rig, until

IN_FLIGHT = 2  # connections of the mail channel

POINTS = [
    "reader.poll before 1",  # claimed, not fetched
    "reader.poll after 2",  # fetched, nothing known of it yet
    "store.known after 1",  # before matching
    "store.record_poll before 1",  # matched and decided, nothing recorded
    "inside insert_articles 1",  # in the transaction, after the articles
    "inside insert_hits 1",  # in the transaction, after the hits
    "inside insert 1",  # in the transaction, after what waits for subscribers
    "store.record_poll after 1",  # right after the commit
    "store.claim_subscribers after 1",  # leased, nothing decided
    "store.record_alerts before 1",  # decided, nothing recorded
    "inside insert_alert 2",  # in the transaction, after an alert and its deliveries
    "inside record_alerts 1",  # in the transaction, after all of a decision
    "store.record_alerts after 1",
    "store.claim_deliveries after 1",  # leased, nothing begun
    "store.begin_attempt before 1",
    "store.begin_attempt after 1",  # an attempt is written down, nothing sent
    "channel.send before 2",
    "channel.send after 1",  # accepted by the other side, not recorded
    "store.record_attempt before 3",  # before record
    "inside record_attempt 1",  # in the transaction of the record
    "store.record_attempt after 1",
    "store.release after 1",  # at start, after what an earlier run left was taken back
    "store.sync_feeds after 1",  # at start
    "store.open after 1",  # at start, right after the migration
    "store.figures after 1",
]
STAGES = ["connect", "mail", "rcpt", "data", "accepted"]


@pytest.fixture
def rig(tmp_path):
    rig = Rig(tmp_path, measured=False)
    yield rig
    rig.close()


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_named_point(rig, point):
    rig.publish(3, "a")
    rig.start(module="support.crashing", env={"CRASH_POINT": point})
    assert rig.process.wait(30) == -9, rig.log.read_text()[-2000:]
    rig.start()
    until(rig.delivered)
    assert rig.stop() == 0
    rig.reconcile(allowed_repeats=IN_FLIGHT)


@pytest.mark.parametrize("stage", STAGES)
def test_killed_by_the_mail_server_at_a_stage_of_smtp(rig, stage):
    rig.publish(2, "a")
    armed = threading.Event()

    def kill() -> None:
        if not armed.is_set():
            armed.set()
            rig.process.kill()

    rig.mail.on[stage] = kill
    rig.start()
    until(armed.is_set)
    rig.process.wait()
    rig.start()
    until(rig.delivered)
    assert rig.stop() == 0
    rig.reconcile(allowed_repeats=IN_FLIGHT)


def test_killed_thirty_times_at_random(rig):
    chance = random.Random(20261123)
    for run in range(30):
        rig.publish(1, f"r{run}")
        rig.start()
        threading.Event().wait(chance.uniform(0.0, 3.0))
        rig.kill()
    served = len(rig.lines("health"))
    rig.start()
    until(lambda: len(rig.lines("health")) > served)  # all may be delivered already, before it can be stopped
    until(rig.delivered, 60)
    assert rig.stop() == 0
    # Each kill may repeat what was in flight, never more.
    rig.reconcile(allowed_repeats=30 * IN_FLIGHT)
    assert max(rig.mail.keys().values()) <= 3
