"""Alerting: who is told what, how it looks, when a failed delivery is tried again, when a channel rests.

All of it is pure: values in, values out; time and chance come in as arguments. Nothing here may touch a clock, disk,
network or log. What others use stands in this file; the rest may change.
"""

from monitor.alerting.breaker import after_attempt, may_send, notice_due, probing
from monitor.alerting.digest import catch_up, notice, test_alert
from monitor.alerting.excerpts import excerpts
from monitor.alerting.render import render
from monitor.alerting.retries import Decision, decide
from monitor.alerting.routes import route

__all__ = [
    "Decision",
    "after_attempt",
    "catch_up",
    "decide",
    "excerpts",
    "may_send",
    "notice",
    "notice_due",
    "probing",
    "render",
    "route",
    "test_alert",
]
