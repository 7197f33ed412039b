"""Keys: what makes two articles, alerts or deliveries the same.

They stand apart because the promise "effectively once" rests on them: content, attempt, restart and dict order never
enter an alert's or delivery's key. Pure; `hashlib` only. The inputs are joined with a separator that cannot occur in
them unescaped, so that ("ab", "c") and ("a", "bc") differ.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from json.encoder import encode_basestring_ascii
from urllib.parse import urlsplit

from monitor.model import Rule

_VERSION = "v1"


def _digest(*parts: str) -> str:
    """SHA-256 over the JSON array of the parts, in hex."""
    raw = f"[{','.join(map(encode_basestring_ascii, parts))}]"
    return hashlib.sha256(raw.encode()).hexdigest()


def article_key(feed_id: str, *, guid: str | None, url: str | None, title: str, published: datetime | None) -> str:
    """The identity of an article: the guid, else the canonical URL, else title and date, within its feed.

    It is scoped by the feed, so that one feed cannot hide another's article by using its guid.
    """
    if guid:
        return _digest(_VERSION, "guid", feed_id, guid)
    if url:
        return _digest(_VERSION, "url", feed_id, url)
    return _digest(_VERSION, "title", feed_id, title, published.isoformat() if published else "")


def text_hash(title: str, body: str) -> str:
    """Changes when the title or the body changes; 32 hex digits."""
    return _digest(_VERSION, "text", title, body)[:32]


def body_hash(body: bytes) -> str:
    """Hash of a document as received, to know an unchanged one without parsing it; 32 hex digits."""
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def alert_key(*, subscriber: str, rules: Iterable[str], article: str, kind: str, window: str = "") -> str:
    """The key of an alert: who is told, of which rules, on which article, in which window (of a digest)."""
    return _digest(_VERSION, "alert", subscriber, *sorted(rules), article, kind, window)


def delivery_key(*, alert: str, channel: str, address: str) -> str:
    """The key of a delivery; the same for all attempts."""
    return _digest(_VERSION, "delivery", alert, channel, address)


def rule_version(rule: Rule) -> str:
    """A hash of all of a rule that decides whether and how it matches; 16 hex digits."""
    parts: list[object] = [
        rule.id, rule.kind, rule.names, rule.aliases, rule.query, rule.needs, rule.within, rule.not_, rule.severity,
        rule.lang, rule.script, rule.feeds, rule.outlets, rule.exact, sorted(rule.variants.items()),
        rule.max_age.total_seconds() if rule.max_age else None,
        (rule.score.threshold, rule.score.words) if rule.score else None,
    ]  # fmt: skip
    return _digest(_VERSION, "rule", json.dumps(parts, ensure_ascii=True))[:16]


SHARDS = 1024
"""Never changes: the shard of a feed stands in the store."""


def shard_of(url: str) -> int:
    """The shard of an address: all addresses of one host have the same. What has no host is its own."""
    host = urlsplit(url).hostname if "://" in url else None
    return int.from_bytes(hashlib.blake2b((host or url).encode(errors="replace"), digest_size=4).digest()) % SHARDS
