"""Deliveries whose messages came back; see `store.bounce_protocol`. What each method does, in its transaction."""

from monitor.store.sql import values
from monitor.store.sql.transactions import Transactions
from monitor.store.sql.values import Row


class Bounced(Transactions):
    """The methods of `store.bounce_protocol.BounceStore`."""

    async def record_bounce(self, key: str, detail: str) -> str | None:
        """See the protocol."""
        return await self._write(lambda db: _record(db, key, detail))


def _record(db: Row, key: str, detail: str) -> str | None:
    found = db.execute(
        "UPDATE deliveries SET last_error = ? WHERE key = ? AND state = 'sent' RETURNING address",
        (values.text(detail), values.text(key)),
    ).fetchone()
    return str(found["address"]) if found is not None else None
