"""From the models of `monitor.yaml` to the frozen settings: references, paths, secrets and all that takes two keys.

Feeds have their own module (`feed_list`). Mistakes are noted in the draft; what is returned of a draft with faults is
never used.
"""

import ipaddress
import re
from collections.abc import Iterator
from types import MappingProxyType
from urllib.parse import urlsplit

from monitor.config.draft import Draft
from monitor.config.feed_credentials import feed_credentials
from monitor.config.feed_list import build_feeds
from monitor.config.hook_build import build_apprise, build_heartbeat, build_slack, build_webhook
from monitor.config.hook_file import WebhookEntry
from monitor.config.mail_build import build_bounces, build_dkim
from monitor.config.secrets_of import secret_at
from monitor.config.settings_file import (
    EmailEntry,
    FeedEntry,
    MaildirEntry,
    SlackEntry,
    StoreEntry,
)
from monitor.config.subscriber_build import build_spikes, build_subscribers, item_at
from monitor.config.templates import build_templates
from monitor.config.values import shown_duration
from monitor.model import CANARY, Feed, FeedKind, FullText, Outlet
from monitor.settings import (
    CanarySettings,
    ChannelSettings,
    DeliverySettings,
    EmailSettings,
    FetchSettings,
    HttpSettings,
    LogSettings,
    MaildirSettings,
    PollingSettings,
    Settings,
    StoreSettings,
    StorySettings,
)

_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def build_settings(draft: Draft) -> Settings:
    """All of the settings; look at the draft's faults before using them."""
    model = draft.model
    return Settings(
        file=draft.document.file,
        store=_store(draft),
        rules=tuple(draft.content_path(text) for text in model.rules),
        feeds=(*build_feeds(draft), *_canary_feed(draft)),
        outlets=_outlets(draft),
        channels=tuple(_channels(draft)),
        subscribers=tuple(build_subscribers(draft)),
        operator=_operator(draft),
        polling=_polling(draft),
        fetch=_fetch(draft),
        delivery=_delivery(draft),
        http=_http(draft),
        log=LogSettings(format=model.log.format, level=model.log.level),
        templates=build_templates(draft, model.templates),
        heartbeat=build_heartbeat(draft, model.heartbeat) if model.heartbeat else None,
        stories=StorySettings(**dict(model.stories)),
        canary=CanarySettings(**dict(model.canary)) if model.canary else None,
        spikes=tuple(build_spikes(draft)),
        watched=tuple(draft.watched),
    )


def _store(draft: Draft) -> StoreSettings:
    entry = draft.model.store
    store = entry if isinstance(entry, StoreEntry) else StoreEntry(url=entry)
    if not store.url.startswith("sqlite:"):
        if urlsplit(store.url).password:
            draft.warn(
                draft.node("store", "url"),
                "the password of the database stands in the settings; use PGPASSWORD or PGPASSFILE",
            )
        # Beside it stands what each worker keeps for itself, such as compiled rules.
        return StoreSettings(url=store.url, path=draft.path("var/monitor"), expect_existing=store.expect_existing)
    path = draft.path(store.url.removeprefix("sqlite:///"))
    if path.is_dir():
        draft.fault(draft.node("store", "url"), "the path of the store is a folder; name a file")
    return StoreSettings(url=store.url, path=path, expect_existing=store.expect_existing)


def _outlets(draft: Draft) -> tuple[Outlet, ...]:
    return tuple(
        Outlet(id=name, title=one.title, country=one.country, lang=one.lang, labels=MappingProxyType(dict(one.labels)))
        for name, one in draft.model.outlets.items()
    )


# ── Channels ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _channels(draft: Draft) -> Iterator[ChannelSettings]:
    for name, entry in draft.model.channels.items():
        if isinstance(entry, MaildirEntry):
            yield MaildirSettings(id=name, path=draft.path(entry.path), sender=entry.sender)
        elif isinstance(entry, EmailEntry):
            yield _email(draft, name, entry)
        elif isinstance(entry, SlackEntry):
            yield build_slack(draft, name, entry)
        elif isinstance(entry, WebhookEntry):
            yield build_webhook(draft, name, entry)
        else:
            yield build_apprise(draft, name, entry)


def _email(draft: Draft, name: str, entry: EmailEntry) -> EmailSettings:
    password = secret_at(draft, ("channels", name), "password", entry.password, entry.password_file)
    given = entry.password is not None or entry.password_file is not None
    where = draft.node("channels", name)
    if given and entry.username is None:
        draft.fault(where, f"channels.{name}: a password goes with a username")
    if entry.username is not None and not given:
        draft.fault(where, f"channels.{name}: a username goes with a password, in password_file for example")
    if entry.security == "none" and given and not _is_loopback(entry.host):
        message = 'a password must not go over a connection without encryption; use security "starttls" or "tls"'
        draft.fault(draft.node("channels", name, "security"), f"channels.{name}.security: {message}")
    return EmailSettings(
        id=name,
        host=entry.host,
        sender=entry.sender,
        port=entry.port or _PORTS[entry.security],
        security=entry.security,
        username=entry.username,
        password=password,
        ca_file=draft.existing_file(draft.node("channels", name, "ca_file"), entry.ca_file),
        hello=entry.hello,
        reply_to=entry.reply_to,
        bounce_address=entry.bounce_address,
        bounces=build_bounces(draft, name, entry),
        dkim=build_dkim(draft, name, entry),
        timeout=entry.timeout,
        rate=entry.rate,
        burst=entry.burst,
    )


def _is_loopback(host: str) -> bool:
    """Whether mail to this host stays on this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


# ── Operator and canary ───────────────────────────────────────────────────────────────────────────────────────────────


def _operator(draft: Draft) -> tuple[str, ...]:
    known = [one.id for one in draft.model.subscribers]
    for place, name in enumerate(draft.model.operator):
        draft.refer(item_at(draft.node("operator"), place), "subscribers", name, known)
    return draft.model.operator


def _canary_feed(draft: Draft) -> Iterator[Feed]:
    """The monitor's own feed, if it is wanted."""
    entry = draft.model.canary
    if entry is None:
        return
    known = [one.id for one in draft.model.subscribers]
    draft.refer(draft.node("canary", "subscriber"), "subscribers", entry.subscriber, known)
    taken = (feed for feed in draft.model.feeds if isinstance(feed, FeedEntry) and feed.id == CANARY)
    if next(taken, None) is not None:
        draft.fault(draft.node("canary"), f'canary: a feed of `feeds` has the id "{CANARY}"; give it another one')
    yield Feed(id=CANARY, url=f"{CANARY}:", kind=FeedKind.CANARY, title="Canary", every=entry.every)


# ── Bounds ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _polling(draft: Draft) -> PollingSettings:
    polling = PollingSettings(**dict(draft.model.polling))
    if polling.floor > polling.ceiling:
        draft.fault(draft.node("polling"), "polling: floor must not be longer than ceiling")
    elif not polling.floor <= polling.every <= polling.ceiling:
        bounds = f"floor ({shown_duration(polling.floor)}) and ceiling ({shown_duration(polling.ceiling)})"
        draft.fault(draft.node("polling", "every"), f"polling.every: must lie between {bounds}")
    return polling


def _fetch(draft: Draft) -> FetchSettings:
    entry = dict(draft.model.fetch)
    entry["ca_file"] = draft.existing_file(draft.node("fetch", "ca_file"), entry["ca_file"])
    if not entry["user_agent"].isascii():
        draft.fault(draft.node("fetch", "user_agent"), "fetch.user_agent: must be ASCII")
    entry["full_text"] = FullText(entry["full_text"])
    return FetchSettings(**entry, credentials=feed_credentials(draft))


def _http(draft: Draft) -> HttpSettings:
    entry = draft.model.http
    host, port = entry.listen
    where = draft.node("http", "public_url")
    if entry.public_url and not entry.enabled:
        draft.fault(where, "http.public_url: nothing listens there while http.enabled is false")
    if entry.public_url and re.search("[?#]", entry.public_url):
        draft.fault(where, "http.public_url: must have neither ? nor #")
    if entry.public_url and entry.public_url.startswith("http://"):
        draft.warn(where, "http.public_url: http:// shows the secret addresses of callbacks on the way; use https://")
    public_url = entry.public_url.rstrip("/") if entry.public_url else None
    mail = any(isinstance(one, EmailEntry) for one in draft.model.channels.values())
    if entry.subscribe and not (public_url and mail):
        draft.fault(
            draft.node("http", "subscribe"), "http.subscribe: needs http.public_url and a channel of kind email"
        )
    return HttpSettings(host=host, port=port, enabled=entry.enabled, public_url=public_url, subscribe=entry.subscribe)


def _delivery(draft: Draft) -> DeliverySettings:
    entry = dict(draft.model.delivery)
    entry["ca_file"] = draft.existing_file(draft.node("delivery", "ca_file"), entry["ca_file"])
    return DeliverySettings(**entry)
