"""Languages told from the text: sure ones, doubtful ones, and feeds that say what cannot be."""

from dataclasses import replace

import pytest

from monitor.feeds.articles import make_articles
from monitor.feeds.entries import Entry, Reading
from monitor.feeds.languages import contradicts, detect, with_languages
from monitor.model import Feed

SENTENCES = {
    "en": "The minister said on Monday that the naval base would stay open for another year.",
    "ru": "Министр заявил в понедельник, что военно-морская база останется открытой ещё на год.",
    "uk": "Міністр заявив у понеділок, що військово-морська база залишиться відкритою ще на рік.",
    "bg": "Министърът заяви в понеделник, че военноморската база ще остане отворена още една година.",
    "pl": "Minister powiedział w poniedziałek, że baza morska pozostanie otwarta przez kolejny rok.",
    "cs": "Ministr v pondělí uvedl, že námořní základna zůstane otevřená ještě další rok.",
    "tr": "Bakan pazartesi günü deniz üssünün bir yıl daha açık kalacağını söyledi.",
    "fi": "Ministeri sanoi maanantaina, että laivastotukikohta pysyy auki vielä vuoden.",
    "et": "Minister ütles esmaspäeval, et mereväebaas jääb avatuks veel üheks aastaks.",
    "hu": "A miniszter hétfőn azt mondta, hogy a haditengerészeti bázis még egy évig nyitva marad.",
    "lt": "Ministras pirmadienį sakė, kad karinio jūrų laivyno bazė liks atidaryta dar metus.",
    "lv": "Ministrs pirmdien sacīja, ka jūras spēku bāze paliks atvērta vēl vienu gadu.",
    "de": "Der Minister sagte am Montag, der Marinestützpunkt werde noch ein Jahr offen bleiben.",
    "fr": "Le ministre a déclaré lundi que la base navale resterait ouverte encore un an.",
    "es": "El ministro dijo el lunes que la base naval seguiría abierta un año más.",
    "ar": "قال الوزير يوم الاثنين إن القاعدة البحرية ستبقى مفتوحة لعام آخر.",
    "fa": "وزیر روز دوشنبه گفت که پایگاه دریایی یک سال دیگر باز خواهد ماند.",
    "he": "השר אמר ביום שני כי הבסיס הימי יישאר פתוח לשנה נוספת.",
    "el": "Ο υπουργός δήλωσε τη Δευτέρα ότι η ναυτική βάση θα μείνει ανοιχτή για έναν ακόμη χρόνο.",
    "zh": "部长星期一表示，海军基地将再开放一年。",
    "ja": "大臣は月曜日、海軍基地はあと一年開いたままになると述べた。",
    "ko": "장관은 월요일 해군 기지가 1년 더 문을 열 것이라고 말했다.",
}


def entry(body: str, lang: str | None = None) -> Entry:
    return Entry(
        guid="g",
        url=None,
        title=body[:40],
        body=body,
        author=None,
        categories=(),
        lang=lang,
        outlet=None,
        published=None,
    )


@pytest.mark.parametrize("lang", SENTENCES)
def test_a_sentence_is_enough(lang: str) -> None:
    assert detect(SENTENCES[lang]) == lang


@pytest.mark.parametrize("text", ["", "!!!", "12 345", "hello", "Минск", "Putin", "NATO EU UN", "x" * 3000])
def test_in_doubt_there_is_no_language(text: str) -> None:
    assert detect(text) is None


@pytest.mark.parametrize(
    ("lang", "text", "wanted"),
    [
        ("en", SENTENCES["ar"], True),
        ("ru", SENTENCES["ar"], True),
        ("ar", SENTENCES["en"], True),
        ("en", SENTENCES["fr"], False),  # the same letters: the feed knows better
        ("sr", SENTENCES["bg"], False),
        ("sr", SENTENCES["pl"], False),
        ("zh", SENTENCES["ja"], False),
        ("xx", SENTENCES["ja"], False),  # a language of which nothing is known
        ("en", "Ура!", False),  # too short to contradict
    ],
)
def test_a_script_contradicts_a_language(lang: str, text: str, wanted: bool) -> None:  # noqa: FBT001 - a column
    assert contradicts(lang, text) is wanted


def test_who_says_what_the_language_is() -> None:
    feed = Feed(id="f", url="https://example.org/feed")

    def told(said: str | None, own: str | None, operator: str | None = None) -> tuple[str | None, bool]:
        reading = with_languages(Reading(format="rss20", entries=(entry(SENTENCES["ar"], own),), lang=said))
        (article,) = make_articles(replace(feed, lang=operator), reading, {})
        return article.lang, article.lang_detected

    assert told(None, None) == ("ar", True)
    assert told("ar", None) == ("ar", False)
    assert told("fa", None) == ("fa", False)  # possible, and the feed says so
    assert told("en", None) == ("ar", True)  # cannot be
    assert told("en", "ar") == ("ar", False)
    assert told("ar", "en") == ("ar", True)
    assert told(None, None, "fa") == ("fa", False)  # the operator knows better
    assert told(None, None, "ru") == ("ar", True)


def test_a_feed_of_two_languages_keeps_its_own_where_it_can_be() -> None:
    reading = with_languages(
        Reading(format="rss20", entries=(entry(SENTENCES["en"]), entry(SENTENCES["ru"])), lang="en")
    )
    assert reading.lang == "en"
    articles = make_articles(Feed(id="f", url="https://example.org/feed"), reading, {})
    assert [one.lang for one in articles] == ["en", "ru"]
    wrong = with_languages(Reading(format="rss20", entries=(entry(SENTENCES["ru"]),), lang="en"))
    assert wrong.lang is None
