"""Makes `store-schema-1.db.gz`, a store as schema 1 wrote it: `python tests/data/make_store.py`.

Once a version with a further migration is released, the file of the older schema stays as it is and this script makes one
for the newer: later versions are tested against what earlier ones really wrote.
"""

import asyncio
import gzip
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.storing import FEED, LONG, NOW, alert, article, claimed, deliveries_of, match, polled, record

from monitor.model import ChannelState, DeliveryState, Outcome, Recipient, Subscriber
from monitor.store.protocol import NewArticle, NewRevision
from monitor.store.sqlite import SqliteStore

TARGET = Path(__file__).with_name("store-schema-1.db.gz")


async def fill(path: Path) -> None:
    """Some of everything: a revision, a withdrawn hit, deliveries that are sent, dead, pending and under way."""
    store = SqliteStore(path, owner=True)
    await store.open()
    desk = Subscriber(id="desk", title="The desk", recipients=(Recipient(channel="mail", address="a@example.org"),))
    await store.sync_subscribers([desk], NOW)
    await store.sync_feeds([FEED], NOW, {"f": NOW})
    for number in range(1, 5):
        claim = await claimed(store)
        new = NewArticle(article=article(number, body=f"Report {number} of قاعدة حميميم."), matches=(match(),))
        told = alert(f"a{number}", article_key=f"key{number}")
        await polled(store, claim, articles=(new,), alerts=(told,))
        await store.make_due(None, NOW)
    changed = NewRevision(
        article=article(1, body="Lavrov."), matches=(match("lavrov", text="Lavrov", start=0),), dropped=("khmeimim",)
    )
    await polled(store, await claimed(store), NOW + LONG, revisions=(changed,))
    first, second, third, _ = await deliveries_of(store)
    for claim in (first, second, third):
        await store.begin_attempt(claim.delivery.id, claim.lease, NOW)
    await store.record_attempt(record(first))
    await store.record_attempt(record(second, DeliveryState.DEAD, Outcome.REFUSED))
    await store.record_channel(ChannelState(channel="slack", broken="no such address", since=NOW))
    await store.close()


def main() -> None:
    """Write the file, the same bytes but for what SQLite stamps itself."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.db"
        asyncio.run(fill(path))
        TARGET.write_bytes(gzip.compress(path.read_bytes(), mtime=0))


if __name__ == "__main__":
    main()
