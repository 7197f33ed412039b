"""Which news agency an article names as its origin: in its outlet, its author, its dateline or its last line.

Small and cautious: a name alone in the middle of a text says nothing, since agencies are news themselves.
"""

import re
from collections.abc import Mapping

from monitor.model import Article

_AGENCIES: Mapping[str, tuple[str, ...]] = {
    "AFP": ("AFP", "Agence France-Presse", "أ ف ب", "أ.ف.ب", "فرانس برس", "АФП"),
    "Anadolu": ("Anadolu Agency", "Anadolu Ajansı", "Anadolu", "AA", "الأناضول"),
    "ANSA": ("ANSA",),
    "AP": ("AP", "Associated Press", "أسوشيتد برس", "أسوشييتد برس"),
    "DPA": ("dpa", "DPA", "د ب أ"),
    "EFE": ("EFE",),
    "Interfax": ("Interfax", "Интерфакс"),
    "Kyodo": ("Kyodo", "Kyodo News", "共同通信"),
    "PTI": ("PTI", "Press Trust of India"),
    "Reuters": ("Reuters", "REUTERS", "رويترز", "Рейтер"),
    "RIA Novosti": ("RIA Novosti", "РИА Новости", "نوفوستي"),
    "SANA": ("SANA", "سانا", "САНА"),
    "TASS": ("TASS", "ТАСС", "تاس"),
    "UPI": ("UPI",),
    "Xinhua": ("Xinhua", "新华社", "شينخوا", "Синьхуа"),
}
_BY_NAME = {name: agency for agency, names in _AGENCIES.items() for name in names}
_NAMES = "|".join(re.escape(name) for name in sorted(_BY_NAME, key=len, reverse=True))
_DATELINE = re.compile(rf"[(/\[]\s?({_NAMES})\s?[)/\]]|^({_NAMES})\s?[-–—:.]|,\s?({_NAMES})\s?[-–—]")
_CREDIT = re.compile(rf"(?:[(/\[–—-]|\b[Ss]ource: |\b[Vv]ia )\s?({_NAMES})\s?[)/\]]?\.?\s*$")
_WHOLE = re.compile(rf"(?:[Bb]y )?({_NAMES})(?: (?:staff|News|news agency))?")
_BEGINNING = 160
_END = 80


def wire_of(article: Article) -> str | None:
    """The agency, by one name for all its spellings; None when the article names none."""
    for said in (article.outlet, article.author):
        found = _WHOLE.fullmatch((said or "").strip())
        if found:
            return _BY_NAME[found[1]]
    places = (_DATELINE.search(article.body[:_BEGINNING]), _CREDIT.search(article.body[-_END:]))
    return next((_BY_NAME[next(filter(None, found.groups()))] for found in places if found), None)
