"""Suggestions on a small table: what is proposed, what is left out, what is warned of."""

import pytest

from monitor.config.name_lists import common_words, name_lists
from monitor.matching import compile_rules, example
from monitor.matching.known_names import SEEN, KnownName, NameKind, NameLists, lines_of, one_edit_apart
from monitor.matching.respell import SpellingModel, read_models
from monitor.matching.suggest import BY_EAR, Suggestions, WarningKind, suggest
from monitor.model import Rule, RuleKind

# Groups: 0 is the edge; then b ب, a ا, s س, h (silent), sh ش, r ر
_MODEL = """#Arab\t^= b=ب a=ا s=س h= sh=ش r=ر
0 0 1 9 2 1
0 1 2 9
1 2 5 9
2 5 2 9
5 2 6 9
2 6 0 9
"""
_ROWS = (
    "c\tSY\tLatn=Syria|Sýria|Suriye|Syrien\tCyrl=Сирия\tArab=سوريا\tHebr=ס",
    "l\tfr\tLatn=French|Français\tArab=الفرنسية",
    "p\tEE 91407\tLatn=Tartu|Dorpat\tCyrl=Тарту\tGeor=ტარტუ",
    "p\tSY 115769\tLatn=Tartus|Tartous\tArab=طرطوس\tHebr=טרטוס\tHani=塔尔图斯",
    "p\tUS 3000\tLatn=Tartus\tArab=خطأ",
    "n\tQ1\tLatn=Vladimir|Wladimir\tCyrl=Владимир\tArab=فلاديمير\tHebr=ולדימיר\tHani=弗拉基米尔|弗拉迪米爾",
    "n\tQ2\tLatn=Putin|Poutine|Peel\tCyrl=Путин|Путін\tArab=بوتين|~بوتن\tHebr=פוטין\tHani=普京",
    "n\tQ3\tLatn=Assad\tArab=أسد\tHebr=אסד",
    "n\tQ4\tLatn=Rodin\tCyrl=Родин",
    "n\tQ5\tLatn=Abd Rahman\tArab=عبد الرحمن",
    "n\tQ6\tLatn=Puttin",
    "n\tQ7\tLatn=Sara\tArab=سارة|ساره|سرة|سارا",
)
_TABLE = "\n" + "".join(f"{row}\n" for row in _ROWS)
_COMMON = {
    "sharia": "en",
    "poutine": "fr",
    "الاسد": "ar",
    "turk": "en",
    "rodin": "uk",
    "родин": "uk",
    "putti": "it",
    "vodka": "en",
}


@pytest.fixture(scope="module")
def lists():
    return NameLists(_TABLE, _COMMON, read_models(_MODEL))


def _texts(found: Suggestions, script: str) -> list[str]:
    return [one.text for one in found.aliases if one.script == script]


def _kinds(found: Suggestions) -> set[WarningKind]:
    return {one.kind for one in found.warnings}


def test_a_full_name_is_put_together_part_by_part(lists):
    found = suggest("Vladimir Putin", lists, RuleKind.PERSON)
    assert _texts(found, "Arab")[0] == "فلاديمير بوتين"
    assert _texts(found, "Hebr") == ["ולדימיר פוטין"]
    assert _texts(found, "Hani")[0] == "弗拉基米尔·普京"
    assert _texts(found, "Cyrl") == []  # found by sound already
    assert {"Wikidata", f"Wikidata, {SEEN}"} <= {one.source for one in found.aliases}


@pytest.mark.parametrize("name", ["Sara", "Sara Putin"])
def test_nothing_is_guessed_where_enough_is_known(lists, name):
    found = suggest(name, lists, RuleKind.PERSON)
    assert _texts(found, "Arab")[0].startswith("سارة")
    assert BY_EAR not in {one.source for one in found.aliases}


def test_an_arabic_article_is_kept_in_arabic(lists):
    found = suggest("Bashar al-Assad", lists, RuleKind.PERSON)
    assert _texts(found, "Arab") == ["باشار الاسد"]
    assert found.aliases[0].source == f"{BY_EAR}, Wikidata"


@pytest.mark.parametrize(
    ("name", "kind", "script", "texts"),
    [
        ("Syria", RuleKind.PLACE, "Arab", ["سوريا"]),  # a country, whole
        ("syria", RuleKind.TOPIC, "Hebr", []),  # one Hebrew letter is no name
        ("Сирия", RuleKind.PLACE, "Arab", ["سوريا"]),  # asked in another script
        ("French", RuleKind.TOPIC, "Arab", ["الفرنسية"]),  # a language
        ("Tartus", RuleKind.BASE, "Arab", ["طرطوس"]),  # the largest place of the name
        ("Tartus", RuleKind.TOPIC, "Hebr", ["טרטוס"]),  # the same, when nothing narrows it
        ("Putin", RuleKind.PERSON, "Hebr", ["פוטין"]),  # a surname alone
        ("Putin", RuleKind.PERSON, "Arab", ["بوتين", "بوتن", "پوتين", "پوتن"]),  # and as Persian has it
        ("Bashar", RuleKind.PERSON, "Arab", ["باشار"]),  # nobody told: by ear
        ("Abd Rahman", RuleKind.PERSON, "Arab", ["عبد الرحمن"]),  # a name of two words, whole
    ],
)
def test_names_are_looked_up(lists, name, kind, script, texts):
    assert _texts(suggest(name, lists, kind), script) == texts


@pytest.mark.parametrize("name", ["Zzzz", "Γιάννης", "x" * 30, "Wodka"])
def test_unknown_names_have_no_alias(lists, name):
    assert suggest(name, lists).aliases == ()


def test_every_alias_finds_what_the_name_alone_does_not(lists):
    found = suggest("Putin", lists, RuleKind.PERSON)
    tiers = {} if found.by_sound else {"transliterated": False}
    rule = Rule(id="one", kind=RuleKind.PERSON, title="Putin", names=("Putin",), variants=tiers)
    index = compile_rules([rule]).index
    assert found.aliases
    assert not any(index.match(example(one.text)) for one in found.aliases)


@pytest.mark.parametrize(
    ("name", "kind", "part"),
    [
        ("الأسد", WarningKind.COMMON_WORD, "الاسد is a common word (ar)"),  # the lion
        ("أسد", WarningKind.COMMON_WORD, "الاسد is a common word (ar)"),  # with its article
        ("Assad", WarningKind.FEW_CONSONANTS, ""),  # no: three letters s, s, d
        ("Sharaa", WarningKind.CONFUSABLE, "sharia is near, a common word (en)"),  # one letter changed
        ("Tartus", WarningKind.CONFUSABLE, "Tartu is near, a place of 91,407 people (GeoNames)"),  # one left out
        ("Poutin", WarningKind.CONFUSABLE, "poutine is near"),  # one added
        ("Vladimer", WarningKind.CONFUSABLE, "Vladimir is near, a person's name (Wikidata)"),  # a name
        ("Putin", WarningKind.CONFUSABLE, "Puttin is near"),  # the same by sound
        ("Rodin", WarningKind.LEFT_OUT, "Родин is left out: it is a common word (uk)"),  # of homelands
        ("Ao", WarningKind.FEW_CONSONANTS, "ao has 0 consonants"),
        ("Wodka", WarningKind.SOUND, "vodka, a common word (en), sounds like Wodka"),
    ],
)
def test_warnings(lists, name, kind, part):
    told = [one.message for one in suggest(name, lists).warnings if one.kind is kind]
    assert bool(part) == any(part in message for message in told), told


def test_a_name_that_sounds_like_a_word_is_searched_without_sound(lists):
    assert not suggest("Wodka", lists).by_sound
    assert suggest("Tartus", lists).by_sound


def test_names_of_several_words_are_not_judged_as_words(lists):
    assert _kinds(suggest("Vladimir Putin", lists)) == set()


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("tartu", "tartus", True),  # added at the end
        ("tartus", "artus", True),  # left out at the start
        ("sharaa", "sharia", True),  # changed
        ("same", "same", False),  # no edit
        ("abc", "acb", False),  # two
        ("abc", "abcde", False),  # two longer
        ("", "a", True),
    ],
)
def test_one_edit(one, other, apart):
    assert one_edit_apart(one, other) is apart
    assert one_edit_apart(other, one) is apart


def test_spelling_by_ear():
    model = read_models(_MODEL)["Arab"]
    assert model.spell("bashar", 1)[0][0] == "باشار"
    assert len(model.spell("bashar", 5)) > 1  # s, h apart too, though nobody saw it
    assert model.spell("", 3) == []
    assert model.spell("qqq", 3) == []


def test_hebrew_final_letters_stand_at_the_end():
    model = SpellingModel.read(["^= n=ן n=נ a=א", "0 0 1 5 2 5", "0 1 3 5", "0 2 3 5"])
    assert [text for text, _ in model.spell("na", 5)] == ["נא"]


def test_the_words_of_a_list():
    assert list(lines_of("en\ta b\nfr\tc")) == [("en", "a b"), ("fr", "c")]


def test_a_form_by_ear_says_so():
    known = KnownName.read("n\tQ2\tLatn=Putin\tArab=بوتين|~بوتن")
    assert (known.kind, known.source("بوتن"), known.source("بوتين")) == (NameKind.NAME, SEEN, "Wikidata")


# What is shipped ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped():
    return name_lists()


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("Vladimir Putin", RuleKind.PERSON, "ولاديمير بوتين|فلاديمير بوتين"),
        ("Vladimir Putin", RuleKind.PERSON, "ולדימיר פוטין"),
        ("Bashar al-Assad", RuleKind.PERSON, "بشار الاسد"),
        ("Tartus", RuleKind.PLACE, "طرطوس"),
        ("Turkey", RuleKind.PLACE, "تركيا"),
        ("China", RuleKind.PLACE, "中国"),
    ],
)
def test_the_shipped_table_knows(shipped, name, kind, text):
    found = {one.text for one in suggest(name, shipped, kind).aliases}
    assert found & set(text.split("|"))


@pytest.mark.parametrize(
    ("name", "kind", "left_out", "of"),
    [
        ("Tartus", RuleKind.PLACE, "Tortosa", "Tortosa (GeoNames)"),  # an old name of one, the name of another
        ("Tartus", RuleKind.PLACE, "타르투", "Tartu (GeoNames)"),  # by ear
        ("Sharaa", RuleKind.PERSON, "شرع", "a common word"),
    ],
)
def test_what_is_the_name_of_another_is_left_out(shipped, name, kind, left_out, of):
    found = suggest(name, shipped, kind)
    assert left_out not in {one.text for one in found.aliases}
    assert any(one.message.startswith(f"{left_out} is left out") and of in one.message for one in found.warnings)


def test_letters_are_written_large_as_their_script_does(shipped):
    assert "თბილისი" in _texts(suggest("Tbilisi", shipped, RuleKind.PLACE), "Geor")
    assert "Ахмет аш-Шараа" in _texts(suggest("Ahmed al-Sharaa", shipped, RuleKind.PERSON), "Cyrl")


def test_sharia_is_near_sharaa(shipped):
    messages = [one.message for one in suggest("Sharaa", shipped, RuleKind.PERSON).warnings]
    assert any(message.startswith("sharia is near") for message in messages)


def test_the_shipped_words():
    common = common_words()
    assert "en" in common["turkey"]
    assert "ar" in common["الاسد"]
    assert "москва" not in common
    assert "merkel" not in common
