"""Whether a channel may be used now: the circuit breaker, doors that a Retry-After shuts, channels that are broken.

One value of state a channel and pure steps between them; the store keeps it, so that a restart does not hammer a server
that is down. Three conditions, each with its own way out:

    shut     a server asked us to wait (Retry-After, 429)          until the time it named
    open     five failures in a row that may pass                   30 s, 60 s, … 10 min, each ended by one probe
    broken   the channel refuses us altogether (password, address)  until a person mends it

While any holds, nothing is leased and no attempt is counted. After a wait, one delivery at a time is tried until one
gets an answer that is not a failure of the channel. It must not decide about single deliveries; `retries` does.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from monitor.alerting.retries import MAX_RETRY_AFTER
from monitor.model import ChannelState, FailureReason, Outcome, SendResult

FAILURES_TO_OPEN = 5
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=10)
NOTICE_EVERY = timedelta(hours=1)
STRAGGLERS = timedelta(minutes=5)
"""Sends that were under way when a channel broke may still come in this long; they are no news."""


def after_attempt(channel: ChannelState, result: SendResult, now: datetime, jitter: float) -> ChannelState:
    """The channel's state after one attempt ended. `jitter` is 0 to 1."""
    if result.reason is FailureReason.RENDER_ERROR:
        return channel  # the channel was not asked
    if result.outcome in {Outcome.SENT, Outcome.REFUSED, Outcome.CONTENT}:
        return _answered(channel, result, now)
    if result.outcome is Outcome.BROKEN:
        if channel.broken is not None:
            return channel
        why = result.detail or (result.reason.value if result.reason else "refused")
        return replace(channel, broken=why, since=now)
    return _failed(channel, result, now, jitter)


def may_send(state: ChannelState, now: datetime) -> bool:
    """Whether a delivery of this channel may be leased now."""
    return state.broken is None and not _waiting(state, now)


def probing(state: ChannelState, now: datetime) -> bool:
    """Whether only one delivery may be tried: a wait is over, and nothing has got through since."""
    return state.broken is None and state.open_until is not None and not _waiting(state, now)


def notice_due(before: ChannelState, after: ChannelState, now: datetime) -> str | None:
    """What the operator is to be told now, if anything: once an opening, at most once an hour.

    An opening within the hour after the last notice is told when the hour is over, if it still lasts. That a channel
    broke waits for no hour, since nothing is attempted afterwards that could bring it up again.
    """
    told = after.noticed_at
    if after.broken is not None:
        if before.broken is not None or (told is not None and not before.probes and _within(told, now, STRAGGLERS)):
            return None
        return (
            f"Channel {after.channel} refuses everything: {after.broken}.\n"
            "Its deliveries wait and nothing is lost, but nothing gets through until it is mended.\n"
            f"Once mended: monitor send-test {after.channel}"
        )
    since = after.since
    if not after.probes or since is None or (told is not None and (told >= since or _within(told, now, NOTICE_EVERY))):
        return None
    return (
        f"Channel {after.channel} has failed {after.failures} times in a row since {since:%Y-%m-%d %H:%M} UTC.\n"
        "Its deliveries wait and nothing is lost; one of them is tried from time to time, at most ten minutes apart,\n"
        "and all go out when one gets through. See: monitor deliveries"
    )


def _waiting(state: ChannelState, now: datetime) -> bool:
    """Whether a wait is under way. One that reaches further ahead than any may is of a clock that was set back."""
    return state.open_until is not None and timedelta(0) < state.open_until - now <= MAX_RETRY_AFTER


def _within(then: datetime, now: datetime, span: timedelta) -> bool:
    return timedelta(0) <= now - then < span


def _answered(channel: ChannelState, result: SendResult, now: datetime) -> ChannelState:
    """The channel works, even if this message was refused. A wait that still runs is kept: a send that was under way
    before a Retry-After came must not open the door again.
    """
    waiting = _waiting(channel, now)
    broken = channel.broken if result.outcome is not Outcome.SENT else None
    return replace(
        channel,
        failures=0,
        probes=0,
        open_until=channel.open_until if waiting else None,
        broken=broken,
        since=channel.since if waiting or broken is not None else None,
    )


def _failed(channel: ChannelState, result: SendResult, now: datetime, jitter: float) -> ChannelState:
    """A failure that may pass, or an outcome that was lost."""
    failures = channel.failures + 1
    waiting = _waiting(channel, now)
    wait, probes = _wait(channel, result, jitter, opens=failures >= FAILURES_TO_OPEN and not waiting)
    until = now + wait if wait else None
    if waiting and channel.open_until is not None:
        until = max(channel.open_until, until or channel.open_until)
    if until is None:
        # A wait that is over is kept: until something gets through, one delivery at a time is tried.
        return replace(channel, failures=failures)
    return replace(channel, failures=failures, open_until=until, probes=probes, since=_since(channel, probes, now))


def _wait(channel: ChannelState, result: SendResult, jitter: float, *, opens: bool) -> tuple[timedelta, int]:
    """How long to leave the channel alone from now on (zero: not at all), and how many openings in a row that makes."""
    asked = max(timedelta(0), min(result.retry_after or timedelta(0), MAX_RETRY_AFTER))
    if opens:
        if asked:  # the server knows better, but no server is asked more often than this
            return max(asked, FIRST_WAIT), channel.probes + 1
        # Little jitter, so that a server that is away for long is asked rarely, and found within ten minutes.
        wait = min(FIRST_WAIT * 2 ** min(channel.probes, 10), LONGEST_WAIT)
        return wait * (0.9 + jitter / 10), channel.probes + 1
    if asked:
        return asked, channel.probes
    return (FIRST_WAIT if result.reason is FailureReason.RATE_LIMITED else timedelta(0)), channel.probes


def _since(channel: ChannelState, probes: int, now: datetime) -> datetime:
    """Since when the channel is not what it should be: the first wait, or the first opening, which is worse."""
    if channel.since is None or (probes and not channel.probes):
        return now
    return channel.since
