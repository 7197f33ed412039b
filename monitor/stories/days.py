"""The days that a headline names: *Forecast for 8 November* and *Forecast for 18 November* are two pieces of news.

Only a figure beside the name of a month counts; without a year, and without a zone: two headlines are compared, no calendar.
"""

from collections.abc import Sequence
from typing import Final

from monitor.stories.stems import stem
from monitor.text.fold import fold

_MONTHS: Final = (
    "january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept "
    "oct nov dec "
    "januar februar marz mai juni juli oktober dezember "
    "janvier fevrier mars avril juin juillet aout septembre octobre novembre decembre "
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre "
    "gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre "
    "janeiro fevereiro marco maio junho julho setembro outubro novembro dezembro "
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia wrzesnia pazdziernika listopada grudnia "
    "ocak subat nisan mayis haziran temmuz agustos eylul ekim kasim aralik "
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря "
    "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня "
    "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر"
)
_STEMS: Final = frozenset(stem(fold(month)) for month in _MONTHS.split())
_LAST: Final = 31


def days_of(words: Sequence[str]) -> frozenset[int]:
    """The days of months among the folded words of a headline."""
    found = set()
    for at, word in enumerate(words):
        day = int(word) if word.isdecimal() and len(word) <= len(str(_LAST)) else 0
        beside = [*words[max(0, at - 1) : at], *words[at + 1 : at + 2]]
        if 0 < day <= _LAST and any(stem(one) in _STEMS for one in beside):
            found.add(day)
    return frozenset(found)


def other_days(first: frozenset[int], second: frozenset[int]) -> bool:
    """Whether both name days, and none in common."""
    return bool(first) and bool(second) and first.isdisjoint(second)
