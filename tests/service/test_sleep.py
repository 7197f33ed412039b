"""The daemon process is stopped in its tracks and goes on later, as when a machine sleeps or a container is paused."""

import signal
import threading

import pytest
from support.rig import Rig, until


@pytest.fixture
def rig(tmp_path):
    rig = Rig(tmp_path, feeds=3)
    yield rig
    rig.close()


def test_what_was_missed_while_the_process_stood_still_is_polled_once(rig):
    rig.publish(1, "before")
    rig.start()
    until(lambda: all(rig.web.requests[f"feed{n}"] >= 2 for n in range(rig.feeds)))
    rig.process.send_signal(signal.SIGSTOP)
    rig.publish(1, "meanwhile")
    threading.Event().wait(3.5)  # periods of a second
    asleep = dict(rig.web.requests)
    rig.process.send_signal(signal.SIGCONT)
    until(lambda: rig.web.requests["feed0"] >= asleep["feed0"] + 2)
    after = dict(rig.web.requests)
    until(rig.delivered)
    assert rig.stop() == 0
    # One for what was missed, one a period later, and one that was on its way; a burst would be five.
    assert all(after[name] - asleep[name] <= 3 for name in asleep)
    rig.reconcile(allowed_repeats=0)
