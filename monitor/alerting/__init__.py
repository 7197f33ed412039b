"""Alerting: who is told what, how it looks, when a failed delivery is tried again, when a channel rests.

All of it is pure: values in, values out; time and chance come in as arguments. Nothing here may touch a clock, disk,
network or log. What others use stands in this file; the rest may change.
"""

from monitor.alerting.breaker import after_attempt, may_send, notice_due, probing
from monitor.alerting.cadence import last_due, next_due
from monitor.alerting.compose import Seen, compose
from monitor.alerting.cron import always_quiet, parse_cadence, parse_quiet, parse_severities
from monitor.alerting.decide import decide_alerts
from monitor.alerting.decisions import Decisions, StoryTell, Tell
from monitor.alerting.digest import catch_up, notice, test_alert
from monitor.alerting.excerpts import excerpts
from monitor.alerting.links import Link, links_for
from monitor.alerting.news import Row, UpdateCause, united
from monitor.alerting.parts import card_of, deliveries_to, reason_of
from monitor.alerting.people import check_timezone, effective, subscriber_of
from monitor.alerting.quiet import quiet_until
from monitor.alerting.render import TEMPLATE_NAMES, Templates, render, samples
from monitor.alerting.retries import Decision, decide
from monitor.alerting.silences import silenced_by
from monitor.alerting.spikes import HISTORY, Spike, SpikeTold, spike, spike_alert, watched
from monitor.alerting.spread import facts_of
from monitor.alerting.taking import recipients_of, routes_of, takes, waiting
from monitor.alerting.wires import wire_of

__all__ = [
    "HISTORY",
    "TEMPLATE_NAMES",
    "Decision",
    "Decisions",
    "Link",
    "Row",
    "Seen",
    "Spike",
    "SpikeTold",
    "StoryTell",
    "Tell",
    "Templates",
    "UpdateCause",
    "after_attempt",
    "always_quiet",
    "card_of",
    "catch_up",
    "check_timezone",
    "compose",
    "decide",
    "decide_alerts",
    "deliveries_to",
    "effective",
    "excerpts",
    "facts_of",
    "last_due",
    "links_for",
    "may_send",
    "next_due",
    "notice",
    "notice_due",
    "parse_cadence",
    "parse_quiet",
    "parse_severities",
    "probing",
    "quiet_until",
    "reason_of",
    "recipients_of",
    "render",
    "routes_of",
    "samples",
    "silenced_by",
    "spike",
    "spike_alert",
    "subscriber_of",
    "takes",
    "test_alert",
    "united",
    "waiting",
    "watched",
    "wire_of",
]
