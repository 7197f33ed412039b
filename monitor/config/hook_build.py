"""From the models of webhooks, Slack, Apprise and the heartbeat to their settings: secrets, addresses, and all that takes two keys."""

from monitor.alerting.signing import secret_bytes
from monitor.config.draft import Draft
from monitor.config.hook_file import AppriseEntry, HeartbeatEntry, WebhookEntry
from monitor.config.secrets_of import secret_at
from monitor.config.settings_file import SlackEntry
from monitor.config.values import web_url
from monitor.settings import AppriseSettings, HeartbeatSettings, Secret, SlackSettings, WebhookSettings


def build_slack(draft: Draft, name: str, entry: SlackEntry) -> SlackSettings:
    """A webhook's address, or a bot's token with a room."""
    path = ("channels", name)
    url = _address(draft, path, entry.url, entry.url_file)
    token = secret_at(draft, path, "token", entry.token, entry.token_file)
    has_url, has_token = (entry.url or entry.url_file) is not None, (entry.token or entry.token_file) is not None
    where = draft.node(*path)
    if not has_url and not has_token:
        draft.fault(where, f"channels.{name}: url or url_file is missing (or a token of a bot)")
    if has_url and has_token:
        draft.fault(where, f"channels.{name}: give the address of a webhook or the token of a bot, not both")
    if has_token and not entry.room:
        draft.fault(where, f"channels.{name}: a bot needs the room that it posts to: room: C0123456789")
    return SlackSettings(
        id=name,
        url=url or Secret(""),
        token=token,
        room=entry.room or "",
        api=entry.api,
        timeout=entry.timeout,
        rate=entry.rate,
        burst=entry.burst,
    )


def build_webhook(draft: Draft, name: str, entry: WebhookEntry) -> WebhookSettings:
    """An address, and one secret or two."""
    path = ("channels", name)
    url = _address(draft, path, entry.url, entry.url_file)
    if (entry.url or entry.url_file) is None:
        draft.fault(draft.node(*path), f"channels.{name}: url or url_file is missing")
    given = (
        secret_at(draft, path, "secret", entry.secret, entry.secret_file),
        secret_at(draft, path, "old_secret", entry.old_secret, entry.old_secret_file),
    )
    secrets = tuple(one for one in given if one is not None)
    if entry.preset == "standard" and (entry.secret or entry.secret_file) is None:
        draft.fault(draft.node(*path), f"channels.{name}: secret or secret_file is missing: messages are signed")
    for key, one in zip(("secret", "old_secret"), given, strict=True):
        if one is not None and entry.preset != "miniflux":
            try:
                secret_bytes(one.reveal())
            except ValueError as error:
                draft.fault(draft.node(*path, key) or draft.node(*path), f"channels.{name}.{key}: {error}")
    return WebhookSettings(
        id=name,
        url=url or Secret(""),
        secrets=secrets,
        preset=entry.preset,
        headers=tuple((key.lower(), value) for key, value in entry.headers.items()),
        timeout=entry.timeout,
        rate=entry.rate,
        burst=entry.burst,
    )


def build_apprise(draft: Draft, name: str, entry: AppriseEntry) -> AppriseSettings:
    """An address of Apprise's; whether it is one is found out when the channel is made."""
    path = ("channels", name)
    url = secret_at(draft, path, "url", entry.url, entry.url_file)
    if (entry.url or entry.url_file) is None:
        draft.fault(draft.node(*path), f"channels.{name}: url or url_file is missing")
    return AppriseSettings(id=name, url=url or Secret(""), timeout=entry.timeout, rate=entry.rate, burst=entry.burst)


def build_heartbeat(draft: Draft, entry: HeartbeatEntry) -> HeartbeatSettings:
    """The address to ping."""
    url = _address(draft, ("heartbeat",), entry.url, entry.url_file)
    if (entry.url or entry.url_file) is None:
        draft.fault(draft.node("heartbeat"), "heartbeat: url or url_file is missing")
    return HeartbeatSettings(url=url or Secret(""), every=entry.every)


def _address(draft: Draft, path: tuple[str, ...], value: Secret | None, file: str | None) -> Secret | None:
    """An address of the web, from a value or a file."""
    url = secret_at(draft, path, "url", value, file)
    if url is None:
        return None
    node = draft.node(*path, "url" if value is not None else "url_file")
    shown = ".".join(path)
    try:
        address = web_url(url.reveal())
    except ValueError as error:
        draft.fault(node, f"{shown}.url: {error}")
        return None
    if address.startswith("http://"):
        draft.warn(node, f"{shown}.url: http:// sends alerts and this secret in clear; use https://")
    return Secret(address)
