"""Forms of names and words as each language makes them: what must be found, and what must not."""

import pytest

from monitor.matching import compile_rules, example
from monitor.model import Rule, RuleKind
from monitor.text.endings import singular
from monitor.text.harmony import with_case_endings

NAMES = {
    "Russian": ("Тартус", "в Тартусе, из Тартуса, под Тартусом, тартусского порта"),
    "Ukrainian": ("Харків", "у Харкові, з Харкова, перед Харковом, Харкову"),
    "Bulgarian": ("Лавров", "с Лавров, на Лавров"),
    "Polish": ("Putin", "Putina, Putinowi, Putinem, Putinie"),
    "Czech": ("Trump", "Trumpa, Trumpovi, Trumpem, Trumpův, Trumpova"),
    "Slovak": ("Bratislava", "Bratislavy, Bratislave, Bratislavu, Bratislavou"),
    "Slovene": ("München", "Münchna, Münchnom, Münchnu"),
    "Croatian": ("Hrvatska", "Hrvatske, Hrvatskoj, Hrvatsku"),
    "Serbian": ("Путин", "Путина, Путину, Путином"),
    "Turkish": ("Erdoğan", "Erdoğan’ın, Erdoğan'dan, Erdoğandan, Erdoğanla, Erdoğanlar"),
    "Turkish, a place": ("Türkiye", "Türkiye'nin, Türkiyenin, Türkiyede, Türkiyeden, Türkiyeye"),
    "Finnish": ("Helsinki", "Helsingin, Helsingissä, Helsingistä, Helsinkiin, Helsingille"),
    "Finnish, foreign": ("Putin", "Putinin, Putinille, Putinilla, Putinissa"),
    "Finnish, a place": ("Moskova", "Moskovassa, Moskovasta, Moskovaan"),
    "Estonian": ("Moskva", "Moskvas, Moskvast, Moskvale, Moskvaga, Moskvani"),
    "Estonian, a person": ("Putin", "Putinile, Putinilt, Putiniga"),
    "Hungarian": ("Moszkva", "Moszkvában, Moszkvából, Moszkvának, Moszkvával, Moszkvába"),
    "Hungarian, a person": ("Trump", "Trumpnak, Trumppal, Trumptól, Trumpról"),
    "Lithuanian": ("Putinas", "Putino, Putinui"),
    "Lithuanian, a place": ("Maskva", "Maskvos, Maskvoje, Maskvai"),
    "Latvian": ("Putins", "Putina, Putinam, Putinu"),
    "Latvian, a place": ("Maskava", "Maskavas, Maskavai, Maskavu"),
    "German": ("Putin", "Putins, Putin’s"),
    "English": ("Lavrov", "Lavrov’s, Lavrovs"),
    "Greek": ("Τσίπρας", "Τσίπρα"),
    "Arabic": ("طرطوس", "وطرطوس، بطرطوس، لطرطوس، فطرطوس"),
    "Arabic, with the article": ("القاعدة", "والقاعدة، بالقاعدة، للقاعدة"),
    "Persian": ("پوتین", "پوتین‌ها"),
    "Hebrew": ("פוטין", "לפוטין, שפוטין, ופוטין, מפוטין"),
}
TRAPS = {
    "Syria": "Syrian forces",
    "Israel": "Israeli officials",
    "Georg": "in Georgia",
    "Islam": "an Islamist",
    "Tartus": "in Tartu, a tartan, tartar sauce",
    "Sharaa": "under sharia law",
    "Angola": "Angolan workers",
    "Тартус": "в Тарту, тартуский",
}


@pytest.mark.parametrize(("name", "texts"), NAMES.values(), ids=NAMES)
def test_every_form_of_a_name_is_found(name: str, texts: str) -> None:
    index = compile_rules([Rule(id="r", kind=RuleKind.PLACE, title=name, names=(name,))]).index
    for text in texts.replace("،", ",").split(", "):
        assert index.hits(example(text)) == ["r"], text


@pytest.mark.parametrize(("name", "text"), TRAPS.items(), ids=TRAPS)
def test_what_only_looks_like_a_form_is_not(name: str, text: str) -> None:
    index = compile_rules([Rule(id="r", kind=RuleKind.PLACE, title=name, names=(name,))]).index
    assert index.hits(example(text)) == []


@pytest.mark.parametrize(
    ("word", "text", "hits"),
    [
        ("base", "the bases", True),
        ("bases", "a base", True),
        ("armies", "an army", True),
        ("churches", "a church", True),
        ("news", "a new base", False),  # no plural
        ("goods", "a good base", False),
        ("crisis", "the crisi", False),
        ("Texas", "the texa", False),  # a name
        ("база", "на базах", True),
        ("üsler", "üsler", True),
    ],
)
def test_words_of_queries_bend_too(word: str, text: str, hits: bool) -> None:  # noqa: FBT001 - a column of the table
    index = compile_rules([Rule(id="r", kind=RuleKind.TOPIC, title=word, query=word)]).index
    assert (index.hits(example(text)) == ["r"]) is hits


@pytest.mark.parametrize("word", ["", "rome", "x1234", "тартус", "ab-cd"])
def test_no_case_endings_for_short_words_and_other_letters(word: str) -> None:
    assert with_case_endings(word) == frozenset()


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("bases", {"base"}), ("armies", {"army"}), ("boxes", {"box"}), ("glass", set()), ("virus", set()),
        ("base", set()), ("means", set()), ("базы", set()), ("gas", set()),
    ],
)  # fmt: skip
def test_singulars(word: str, wanted: set[str]) -> None:
    assert singular(word) == wanted


def test_an_ending_behind_an_apostrophe_inside_a_name() -> None:
    index = compile_rules([Rule(id="r", kind=RuleKind.PERSON, title="x", names=("Jean-Claude Juncker",))]).index
    for text in ("Jean-Claude’a Junckera", "Jean-Claude'em Junckerem", "Jean-Claude Juncker"):
        assert index.hits(example(text)) == ["r"], text
    exact = Rule(id="r", kind=RuleKind.PERSON, title="x", names=("Jean-Claude Juncker",), variants={"inflected": False})
    assert compile_rules([exact]).index.hits(example("Jean-Claude’a Juncker")) == []
