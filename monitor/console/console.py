"""From a request to a page. GET shows what a link does, POST does it: programs that look at links in mail change nothing.

A link is believed by its signature alone. What is wrong, too old or for somebody who is gone is answered with one page, which
says nothing of why. A POST of a mail program (RFC 8058: `List-Unsubscribe=One-Click`) acts like the button.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from monitor import alerting
from monitor.alerting.links import PATH, Link, read
from monitor.console import pages
from monitor.console.pages import Page, SettingsForm
from monitor.console.subscribing import SUBSCRIBE, Offer, Subscribing
from monitor.model import CANARY, Choices, LinkAction, Rule, Silence, Subscriber, Verdict
from monitor.store.protocol import Store

MUTED_FOR: Final = timedelta(hours=24)
_MOST_RULES: Final = 100
_MUTES: Final = frozenset({LinkAction.MUTE_STORY, LinkAction.MUTE_FEED, LinkAction.MUTE_RULE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody asks for."""

    method: str
    path: str
    form: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Of a POST: every field with its values."""

    def first(self, name: str) -> str:
        """The first value of a field, without blanks around it."""
        return next(iter(self.form.get(name, ())), "").strip()


class Console:
    """Answers requests. `people` and `rules` are those in force; `changed` is called when people are to be read anew."""

    def __init__(
        self,
        store: Store,
        *,
        people: Callable[[], Sequence[Subscriber]],
        rules: Callable[[], Mapping[str, Rule]],
        clock: Callable[[], datetime],
        changed: Callable[[], Awaitable[None]],
        offer: Callable[[], Offer | None] = lambda: None,
    ) -> None:
        self._subscribing = Subscribing(store, offer=offer)
        self._store, self._people, self._rules, self._clock, self._changed = store, people, rules, clock, changed

    async def answer(self, request: Request) -> Page:
        """The page for a request. Raises StoreError."""
        now = self._clock()
        keys = await self._store.link_keys(secrets.token_bytes(32))
        if request.path == SUBSCRIBE:
            form = {name: request.first(name) for name in request.form} if request.method == "POST" else None
            return await self._subscribing.form(form, keys[0], now)
        link = read(request.path.removeprefix(PATH), keys, now) if request.path.startswith(PATH) else None
        if link is not None and link.action is LinkAction.CONFIRM:
            page, added = await self._subscribing.confirm(link, now, post=request.method == "POST")
            if added:
                await self._changed()
            return page
        subscriber = next((one for one in self._people() if link and one.id == link.subscriber), None)
        if link is None or subscriber is None:
            return pages.message(
                403,
                "This link does nothing any more",
                "It is too old, or was cut short on its way. The links of a newer alert will work.",
            )
        if link.action is LinkAction.SETTINGS:
            return await self._settings(request, subscriber, now)
        if request.method != "POST":
            return self._ask(link)
        return await self._act(link, subscriber, now)

    # ── one question, one act ─────────────────────────────────────────────────────────────────────────────────────────

    def _ask(self, link: Link) -> Page:
        hours = f"{MUTED_FOR // timedelta(hours=1)} hours"
        rule = self._title(link.rule or link.target)
        match link.action:
            case LinkAction.MUTE_STORY:
                return pages.question("Mute this story?", f"You hear nothing of it for {hours}.", "Mute it")
            case LinkAction.MUTE_FEED:
                text = f"You hear nothing that the feed {link.target} brings for {hours}."
                return pages.question("Mute this feed?", text, "Mute it")
            case LinkAction.MUTE_RULE:
                text = f"You hear nothing of the rule “{rule}” for {hours}."
                return pages.question("Mute this rule?", text, "Mute it")
            case LinkAction.FALSE_POSITIVE:
                text = f"Those who keep the rule “{rule}” are told that this alert was none of it."
                return pages.question("A false alarm?", text, "It was a false alarm")
            case LinkAction.UNSUBSCRIBE_RULE:
                text = f"You hear nothing more of the rule “{rule}”, and go on hearing of the others."
                return pages.question("Unsubscribe from this rule?", text, "Unsubscribe")
            case _:
                return pages.question("Unsubscribe?", "You get no alerts any more.", "Unsubscribe")

    async def _act(self, link: Link, subscriber: Subscriber, now: datetime) -> Page:
        if link.action in _MUTES:
            silence = Silence(
                id=f"{link.action.value}-{subscriber.id}-{secrets.token_hex(4)}",
                subscriber=subscriber.id,
                author=subscriber.id,
                reason="by a link in a message",
                since=now,
                until=now + MUTED_FOR,
                story=link.target if link.action is LinkAction.MUTE_STORY else None,
                feed=link.target if link.action is LinkAction.MUTE_FEED else None,
                rule=link.target if link.action is LinkAction.MUTE_RULE else None,
            )
            await self._store.add_silence(silence)
            return pages.message(200, "Muted", f"You hear nothing of it until {silence.until:%Y-%m-%d %H:%M} UTC.")
        if link.action is LinkAction.FALSE_POSITIVE:
            verdict = Verdict(alert_key=link.target, rule_id=link.rule, subscriber_id=subscriber.id, at=now)
            await self._store.put_verdict(verdict)
            return pages.message(200, "Thank you", "Those who keep the rule see it in their list of false alarms.")
        chosen = await self._chosen(subscriber, now)
        if link.action is LinkAction.UNSUBSCRIBE_RULE:
            await self._keep(replace(chosen, without=tuple(sorted({*chosen.without, link.target}))))
            return pages.message(200, "Unsubscribed", f"You hear nothing more of “{self._title(link.target)}”.")
        await self._keep(replace(chosen, paused=f"unsubscribed by a link on {now:%Y-%m-%d}"))
        return pages.message(
            200, "Unsubscribed", "You get no alerts any more. The settings link of any alert undoes it."
        )

    def _title(self, rule_id: str) -> str:
        rule = self._rules().get(rule_id)
        return rule.title if rule else rule_id

    async def _chosen(self, subscriber: Subscriber, now: datetime) -> Choices:
        found = (await self._store.choices()).get(subscriber.id)
        return replace(found, at=now) if found else Choices(subscriber_id=subscriber.id, at=now)

    async def _keep(self, choices: Choices) -> None:
        await self._store.put_choices(choices)
        await self._changed()

    # ── settings ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _settings(self, request: Request, subscriber: Subscriber, now: datetime) -> Page:
        chosen = await self._chosen(subscriber, now)
        if request.method != "POST":
            return pages.settings(self._form(subscriber, chosen))
        if request.first("do") in {"pause", "resume"}:
            paused = f"stopped by themselves on {now:%Y-%m-%d}" if request.first("do") == "pause" else ""
            await self._keep(replace(chosen, paused=paused))
            return pages.settings(replace(self._form(subscriber, replace(chosen, paused=paused)), saved=True))
        try:
            wanted = self._wanted(request, subscriber, chosen)
        except ValueError as error:
            shown = replace(
                self._form(subscriber, chosen),
                fault=str(error),
                cadence=request.first("cadence")[:200],
                timezone=request.first("timezone")[:200],
                quiet=request.first("quiet")[:200],
            )
            return pages.settings(shown)
        await self._keep(wanted)
        return pages.settings(replace(self._form(subscriber, wanted), saved=True))

    def _wanted(self, request: Request, subscriber: Subscriber, chosen: Choices) -> Choices:
        """What the form asks for. Raises ValueError with one sentence."""
        cadence, timezone = request.first("cadence"), request.first("timezone")
        quiet = tuple(one.strip() for one in request.first("quiet").split(";") if one.strip())
        if cadence:
            alerting.parse_cadence(cadence)
        if timezone:
            alerting.check_timezone(timezone)
        if alerting.always_quiet(tuple(alerting.parse_quiet(one) for one in quiet)):
            raise ValueError("The quiet hours leave no time of the week in which anything goes out.")
        without = set(chosen.without)
        if request.first("shown"):
            shown = {rule.id for rule in self._taken(subscriber)[:_MOST_RULES]}
            without = (without - shown) | (shown - set(request.form.get("rule", ())))
        return replace(
            chosen,
            cadence=cadence or None,
            timezone=timezone or None,
            quiet=quiet if quiet or chosen.quiet is not None else None,
            without=tuple(sorted(without)),
        )

    def _form(self, subscriber: Subscriber, chosen: Choices) -> SettingsForm:
        taken = self._taken(subscriber)
        shown = taken[:_MOST_RULES]
        return SettingsForm(
            name=subscriber.title,
            cadence=chosen.cadence or "",
            own_cadence=" or ".join(dict.fromkeys(one.cadence.text for one in alerting.routes_of(subscriber))),
            timezone=chosen.timezone or subscriber.timezone,
            quiet="; ".join(chosen.quiet or ()),
            paused=chosen.paused,
            rules=tuple((rule.id, rule.title, rule.id not in chosen.without) for rule in shown),
            more=len(taken) - len(shown),
        )

    def _taken(self, subscriber: Subscriber) -> tuple[Rule, ...]:
        """The rules that the subscriber takes, with those that they left, by title."""
        whole = replace(subscriber, without=())
        found = [rule for rule in self._rules().values() if rule.id != CANARY and alerting.takes(whole, rule)]
        return tuple(sorted(found, key=lambda rule: (rule.title.casefold(), rule.id)))
