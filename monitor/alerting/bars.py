"""A small chart of how many came when: counts over a period, a line of text, and a drawing for HTML, from one function each.

The drawing is a table of coloured cells, because most mail programs remove SVG and many hide pictures. It is made of our
own numbers alone, and of names of colours. It must not know what is counted.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

_BLOCKS = "▁▂▃▄▅▆▇█"
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_SHORT, _LONG = timedelta(hours=2), timedelta(days=2)
_MOST = 31
"""Bars in a chart; more are too thin to be told apart."""
_HEIGHT = 40
_STEP = 12
"""Width of a bar with the gap beside it, where there is room; on a narrow screen bars are thinner."""


def counted(times: Iterable[datetime], since: datetime, until: datetime) -> tuple[int, ...]:
    """How many of the times fall in each equal part of a period: of some minutes, hours or days by its length.

    What lies outside counts for the part that is next to it, so that nothing is lost. Empty when the period is.
    """
    length = until - since
    if length <= timedelta(0):
        return ()
    unit = _HOUR if length <= _LONG else _DAY
    parts = 12 if length <= _SHORT else min(_MOST, -(-length // unit))
    bars = [0] * parts
    for at in times:
        bars[min(max((at - since) * parts // length, 0), parts - 1)] += 1
    return tuple(bars)


def bar_line(bars: Sequence[int]) -> str:
    """The counts as a line of blocks, the highest being full: `▁▁▃█▂`. A part with nothing is the lowest."""
    top = max(bars, default=0)
    return "".join(_BLOCKS[-(-count * (len(_BLOCKS) - 1) // top) if top else 0] for count in bars)


def bar_drawing(bars: Sequence[int]) -> str:
    """The counts as a table element for the body of an HTML page; empty when there are none."""
    top = max(bars, default=0)
    if not top:
        return ""
    drawn = "".join(_bar(count, top, len(bars)) for count in bars)
    style = f"width:100%;max-width:{_STEP * len(bars)}px;table-layout:fixed;margin:0 0 4px;"
    table = f'<table role="presentation" aria-hidden="true" cellpadding="0" cellspacing="0" border="0" style="{style}">'
    return f"{table}<tr>{drawn}</tr></table>"


def busiest(bars: Sequence[int], since: datetime, until: datetime) -> tuple[datetime, int] | None:
    """When the part with the most begins (the first of several), and how many that are; None when there are none."""
    top = max(bars, default=0)
    return (since + (until - since) / len(bars) * bars.index(top), top) if top else None


def _bar(count: int, top: int, bars: int) -> str:
    """A cell with a block of that height at its foot. The height is that of a line, which every mail program keeps."""
    height = max(2, round(count / top * _HEIGHT))
    kind, colour = ("bar", "#667085") if count else ("rest", "#c5cad3")
    block = f"background-color:{colour};font-size:1px;line-height:{height}px;mso-line-height-rule:exactly;"
    cell = f'<td width="{100 // bars}%" valign="bottom" style="padding:0 2px 0 0;height:{_HEIGHT}px;vertical-align:bottom;">'
    return f'{cell}<div class="{kind}" style="{block}">&#160;</div></td>'
