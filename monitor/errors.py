"""The error tree: every exception that this program raises on purpose.

    MonitorError
    ├── ConfigError            one or more faults in the settings or rule files (`faults` lists them all)
    ├── RuleError              a rule or query that cannot be compiled; knows rule, part and offset
    ├── StoreError             the store cannot do what was asked
    │   ├── StoreBusy          locked by another process, or full: try again later
    │   ├── StoreLocked        another daemon owns this store
    │   ├── SchemaTooNew       the store was written by a newer version of the program
    │   └── LeaseLost          the lease of this work went to somebody else; nothing was recorded
    ├── FeedError              a feed or document cannot be read where a caller asked for it directly
    ├── RequestFailed          a request to another host brought no answer; `net` raises it, edges turn it into values
    └── ChannelError           a channel cannot be set up

Failures of the outside world during normal work (a host that does not answer, a mail that is refused) are
values that get recorded (`model.FetchFailed`, `model.SendResult`), not exceptions. An exception is for a caller
that cannot go on. Low-level errors are wrapped at the edge where they occur, with `from`.

This module imports nothing of ours.
"""

from dataclasses import dataclass
from pathlib import Path


class MonitorError(Exception):
    """The root of all errors of this program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One mistake in a file that a person wrote: where it is and what was expected."""

    message: str
    """What is wrong and what was expected, as one sentence."""
    file: Path | None = None
    line: int | None = None
    """1-based."""
    column: int | None = None
    """1-based, in characters."""
    source: str | None = None
    """The line of the file, when it helps to show it with a caret."""
    rule: str | None = None
    """The id of the rule, when the fault is inside one."""

    def __str__(self) -> str:
        """`file:line:column: rule: message`, and the source line with a caret below the place."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        head = ": ".join(part for part in (place, f"rule {self.rule}" if self.rule else "", self.message) if part)
        if self.source is None or self.column is None:
            return head
        shown = self.source.rstrip("\n").expandtabs(1)
        return f"{head}\n    {shown}\n    {' ' * (self.column - 1)}^"


class ConfigError(MonitorError):
    """The settings or rules have faults; all of them are listed."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class RuleError(MonitorError):
    """A rule or query that cannot be compiled."""

    def __init__(
        self, message: str, *, rule: str | None = None, part: str = "query", offset: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.rule = rule
        """The id of the rule, when it is known."""
        self.part = part
        """Which key of the rule: `query`, `needs`, `names[2]`, `score.words[x]`, …"""
        self.offset = offset
        """0-based offset in characters inside that part, when it is known."""


class StoreError(MonitorError):
    """The store cannot do what was asked."""


class StoreBusy(StoreError):
    """The store is locked or full; the same call may succeed later."""


class StoreLocked(StoreError):
    """Another daemon owns this store."""


class SchemaTooNew(StoreError):
    """The store was written by a newer version of this program."""


class LeaseLost(StoreError):
    """The lease of this work went to somebody else; nothing was recorded."""


class FeedError(MonitorError):
    """A feed or document cannot be read."""


class RequestFailed(MonitorError):
    """A request to another host brought no answer that could be used."""

    def __init__(self, kind: str, detail: str, *, sent: bool) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        """A value of `model.FetchErrorKind`."""
        self.detail = detail
        """One line for people, without secrets."""
        self.sent = sent
        """Whether the other side may have received the whole request: its outcome is then unknown."""


class ChannelError(MonitorError):
    """A channel cannot be set up."""
