"""How far a story has spread, in a line and as a list: who had it first, how many have it, in which languages, from whom.

Pure: the copies come in, with their times; the line is in the subscriber's time zone.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.model import Copy, Spread, StoryFacts

MAX_COPIES = 30
_MAX_LANGUAGES = 3
_LANGUAGES = {
    "am": "Amharic", "ar": "Arabic", "az": "Azerbaijani", "be": "Belarusian", "bg": "Bulgarian", "bn": "Bengali",
    "bs": "Bosnian", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English",
    "es": "Spanish", "et": "Estonian", "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi",
    "hr": "Croatian", "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian", "it": "Italian", "ja": "Japanese",
    "ka": "Georgian", "kk": "Kazakh", "ko": "Korean", "ku": "Kurdish", "ky": "Kyrgyz", "lt": "Lithuanian",
    "lv": "Latvian", "mk": "Macedonian", "ms": "Malay", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "ps": "Pashto",
    "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sl": "Slovenian", "sq": "Albanian",
    "sr": "Serbian", "sv": "Swedish", "sw": "Swahili", "tg": "Tajik", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian",
    "ur": "Urdu", "uz": "Uzbek", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip


def spread_of(
    copies: Sequence[Copy], *, known: Collection[str], again: bool, timezone: str, now: datetime
) -> Spread | None:
    """How far the story of these copies has spread; None when it is told by one outlet in one article.

    `again` when it was told before, and `known` are the languages that it had then: others are named first.
    """
    if len(copies) <= 1:
        return None
    ordered = sorted(copies, key=lambda copy: (copy.at, copy.article_key))
    outlets = facts_of(ordered).outlets
    wires = Counter(copy.wire for copy in ordered if copy.wire)
    return Spread(
        outlets=outlets,
        copies=tuple(ordered[:MAX_COPIES]),
        more=max(0, len(ordered) - MAX_COPIES),
        wire=wires.most_common(1)[0][0] if wires else None,
        news=_line(ordered, outlets, known=known, again=again, zone=ZoneInfo(timezone), now=now),
    )


def facts_of(copies: Sequence[Copy]) -> StoryFacts:
    """The same in numbers, for the decision: outlets, and the languages that are known."""
    outlets = len({copy.outlet for copy in copies if copy.outlet}) or 1
    return StoryFacts(outlets=outlets, languages=frozenset(copy.lang for copy in copies if copy.lang))


def language_name(code: str) -> str:
    """The language in English, or its code."""
    return _LANGUAGES.get(code, code)


def _line(
    copies: Sequence[Copy], outlets: int, *, known: Collection[str], again: bool, zone: ZoneInfo, now: datetime
) -> str:
    first = copies[0]
    count = f"{outlets} {'outlet' if outlets == 1 else 'outlets'}"
    parts = [f"now {count}" if again else count, f"first {first.outlet or 'unnamed'} {_clock(first.at, zone, now)}"]
    since: dict[str, datetime] = {}
    for copy in copies:
        if copy.lang and copy.lang != first.lang:
            since.setdefault(copy.lang, copy.at)
    fresh_first = sorted(since, key=lambda code: code in known)  # stable: in the order of their appearance
    parts += [
        f"in {language_name(code)} since {_clock(since[code], zone, now)}" for code in fresh_first[:_MAX_LANGUAGES]
    ]
    return ", ".join(parts)


def _clock(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """The time of day, with the date if that is not today's."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"
