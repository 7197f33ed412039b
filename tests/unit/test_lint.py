"""What lint says of rules, and by what evidence; and what it leaves alone."""

import re

import pytest

from monitor.matching import compile_rules, example
from monitor.matching.lint import Asked, lint
from monitor.matching.lint_names import Level
from monitor.matching.word_use import WordUse
from monitor.model import Examples, Rule, RuleKind, Score

GOOD = Examples(match=("x",), ignore=("y",))


def rule(rule_id="r", **more):
    return Rule(**{"id": rule_id, "kind": RuleKind.TOPIC, "title": rule_id, "examples": GOOD} | more)


def linted(*rules, use=None, common=None):
    compiled = compile_rules(rules)
    assert compiled.errors == ()
    return {one.rule.id: one for one in lint(compiled.index, use, common)}


def findings(*rules, use=None, common=None):
    return [(one.check, one.part) for one in linted(*rules, use=use, common=common)["r"].findings]


def sample(*texts, times=1, hits=()):
    use = WordUse()
    for _ in range(times):
        for text in texts:
            use.add(example(text), hits)
    return use


# ── cost ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"query": "/fleet|harbou?r/"}, "regular expression"),
        ({"query": "lang:en"}, "fields with one value"),
        ({"query": "port OR lang:en"}, "join one with AND"),
        ({"score": Score(threshold=5, words=(("port", 5), ("/fleet|harbou?r/", 5)))}, "regular expression"),
    ],
)
def test_a_rule_that_no_word_leads_to_is_asked_always(more, why):
    one = linted(rule(**more))["r"]
    assert one.cost.asked is Asked.ALWAYS
    (finding,) = one.findings
    assert (finding.level, finding.check) == (Level.WARNING, "asked-always")
    assert why in finding.message


def test_a_word_beside_a_regular_expression_is_enough():
    one = linted(rule(query="frigate AND /fleet|harbou?r/"))["r"]
    assert one.cost.asked is Asked.WORDS
    assert "frigate" in one.cost.words
    assert one.findings == ()


def test_a_disabled_rule_costs_nothing():
    one = linted(rule(query="/fleet|harbou?r/", enabled=False))["r"]
    assert one.cost.asked is Asked.NEVER
    assert one.findings == ()


@pytest.mark.parametrize(("query", "said"), [("po*", True), ("por*", True), ("port*", False), ("*po", True)])
def test_wildcards_of_few_letters_are_told(query, said):
    assert findings(rule(query=query)) == ([("wildcard", "query")] if said else [])


def test_wildcards_are_shown_as_they_are_written_and_counted():
    use = sample("ports and portals", "a portal", "nothing", times=50)
    (finding,) = linted(rule(query="por*"), use=use)["r"].findings[-1:]
    assert "the wildcard por* has few letters" in finding.message
    assert linted(rule(query="*st?tz"))["r"].cost.words == ("*st?tz",)
    assert linted(rule(query="a*st*tz"))["r"].cost.words == ("a*st*tz",)


def test_a_rule_that_is_asked_much_oftener_than_it_hits():
    use = sample("the president spoke", "the port", times=60)
    rarer = linted(rule(query='"the constellation"'), use=use)["r"]
    assert rarer.findings == ()  # filed under its rarest word
    asked = linted(rule(query="president NEAR/2 spoken"), use=sample("spoken here, president far off then", times=120))
    (finding,) = asked["r"].findings
    assert (finding.level, finding.check) == (Level.WARNING, "asked-often")
    assert "100% of the articles and hits 0.0%" in finding.message


def test_the_commonest_words_are_shown_first():
    use = sample("port", "port frigate", "x", times=50)
    assert linted(rule(query="frigate OR submarine OR port"), use=use)["r"].cost.words == (
        "port",
        "frigate",
        "submarine",
    )
    assert linted(rule(query="frigate OR submarine OR port"))["r"].cost.words == ("frigate", "submarine", "port")


def test_a_rule_that_hits_very_often_is_told():
    often = [
        (one.level, one.check)
        for one in linted(rule(query="port"), use=sample("port", times=150, hits=("r",)))["r"].findings
    ]
    assert often == [(Level.WARNING, "hits-often")]
    some = sample("x", times=140)
    for _ in range(12):
        some.add(example("port"), ("r",))
    assert [(one.level, one.check) for one in linted(rule(query="port"), use=some)["r"].findings] == [
        (Level.ADVICE, "hits-often")
    ]


def test_of_a_small_sample_no_share_is_told():
    one = linted(rule(query="port"), use=sample("port", times=20, hits=("r",)))["r"]
    assert one.cost.share is None
    assert one.findings == ()


def test_the_share_counts_words_of_the_same_sound():
    one = linted(rule(names=("Khmeimim",)), use=sample("Хмеймим", "x", times=60))["r"]
    assert one.cost.share == pytest.approx(0.5)


def test_a_threshold_that_is_never_reached():
    one = linted(rule(score=Score(threshold=31, words=(("port", 10), ("football", -50)))))["r"]
    assert [(finding.level, finding.check) for finding in one.findings] == [(Level.ERROR, "never")]
    assert findings(rule(score=Score(threshold=30, words=(("port", 10), ("football", -50))))) == []
    assert findings(rule(score=Score(threshold=1, words=(("football", -50),)))) == [("never", "score")]


# ── names ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("Asad", Level.WARNING),  # two consonants, four letters
        ("Syria", Level.ADVICE),  # two consonants in a longer word
        ("Aou", Level.WARNING),  # none
        ("Lavrov", None),
        ("al-Asad", Level.WARNING),  # the article does not count
        ("Bashar al-Asad", None),  # two words
        ("الأسد", None),  # a script that does not write its vowels
        ("京", None),
    ],
)
def test_names_of_few_consonants(name, level):
    found = linted(rule(names=(name,)))["r"].findings
    assert [one.level for one in found if one.check == "short-name"] == ([level] if level else [])


@pytest.mark.parametrize("company", [{"needs": "port"}, {"query": "port"}])
def test_names_with_company_are_left_alone(company):
    assert findings(rule(names=("Asad",), **company), common={"asad": "ar"}) == []


def test_a_sample_that_writes_a_short_name_large_vouches_for_it():
    assert findings(rule(names=("Asad",)), use=sample("said Asad here", times=6)) == []
    assert ("short-name", "names[0]") in findings(rule(names=("Asad",)), use=sample("said Asad, asad", times=6))


def test_common_words_are_told_with_their_evidence():
    use = sample("The sharia court", "Sharia law and sharia law", times=3)
    (finding,) = linted(rule(names=("Sharia",)), use=use)["r"].findings
    assert (finding.level, finding.check, finding.part) == (Level.WARNING, "common-word", "names[0]")
    assert "sharia is written without a capital in 6 of 9 places" in finding.message


def test_an_inflected_form_may_be_the_common_word():
    use = sample("белоусова трава", times=6)
    (finding,) = linted(rule(names=("Andrei Belousov",), aliases=("Белоусов",)), use=use)["r"].findings
    assert (finding.check, finding.part) == ("common-word", "aliases[0]")
    assert "белоусова is written" in finding.message


def test_frequent_words_of_the_table_are_told_together_unless_the_sample_vouches():
    names = ("Lions", "Tigers", "الأسد")
    common = {"lions": "en", "tigers": "en", "الاسد": "ar"}
    (finding,) = linted(rule(names=names), common=common)["r"].findings
    assert (finding.level, finding.check, finding.part) == (Level.ADVICE, "frequent-word", "names")
    assert "Lions (en), Tigers (en), الأسد (ar)" in finding.message
    (finding,) = linted(rule(names=names), common=common, use=sample("the Lions", times=6))["r"].findings
    assert "Lions" not in finding.message
    assert findings(rule(names=("Lions",)), common=common, use=sample("the Lions", times=6)) == []
    many = tuple(f"{letter}arkedan" for letter in "BCDFGKM")
    (finding,) = linted(rule(names=many), common=dict.fromkeys(map(str.lower, many), "xx"))["r"].findings
    assert finding.message.endswith("Garkedan (xx) and 2 more")


def test_a_word_seen_too_seldom_is_no_evidence():
    assert findings(rule(names=("Sharia",)), use=sample("sharia", times=4)) == []
    assert findings(rule(names=("الشرع",)), use=sample("الشرع", times=9)) == []  # no capitals: not telling


@pytest.mark.parametrize(
    ("phrase", "said"),
    [
        ("Lake Assad", False),
        ("Lake Asad", False),  # the same sound
        ("Assads", False),
        ("озеро Асада", False),
        ("Lake Victoria", True),
        ("the of", True),
    ],
)
def test_phrases_that_can_never_cover_a_name(phrase, said):
    made = rule(names=("Bashar Assad", "Асад"), aliases=("Assad",), not_=("Assad street", phrase), needs="x")
    assert findings(made) == ([("not-covering", "not[1]")] if said else [])


@pytest.mark.parametrize(
    ("more", "part"),
    [
        ({"exact": True, "variants": {"inflected": True}}, "variants.inflected"),
        ({"exact": True, "variants": {"transliterated": True}}, "variants.transliterated"),
        ({"aliases": ("Tarsus",), "variants": {"alias": False}}, "variants.alias"),
        ({"variants": {"alias": False}}, "variants.alias"),  # it has none
        ({"variants": {"transliterated": False}}, None),
        ({"variants": {"inflected": False}}, None),
        ({"variants": {"inflected": True}}, None),
        ({"exact": True, "variants": {"transliterated": False}}, "variants.transliterated"),
    ],
)
def test_tiers_that_are_switched_to_no_effect(more, part):
    assert findings(rule(names=("Tartusia",), **more)) == ([("tier", part)] if part else [])


def test_aliases_that_say_nothing_new():
    found = linted(rule(names=("Lavrov",), aliases=("LAVROV", "Lavrov's", "Sergey Lavrov", "拉夫罗夫")))["r"].findings
    assert [(one.check, one.part) for one in found] == [("said-twice", "aliases[0]")]
    assert "it is the same" in found[0].message
    (finding,) = linted(rule(names=("Белоусов",), aliases=("Белоусова",)))["r"].findings
    assert "Белоусова can be left out: it is found by Белоусов already" in finding.message


# ── between rules, and rules as wholes ────────────────────────────────────────────────────────────────────────────────


def test_a_name_of_two_rules():
    rules = [rule(names=("Lavrov",)), rule("s", names=("LAVROV",)), rule("t", names=("Sergey",), aliases=("Lavrov",))]
    found = linted(*rules)
    assert [(one.level, one.check) for one in found["r"].findings] == [(Level.WARNING, "double-name")]
    assert "a name of the rule s and 1 more" in found["r"].findings[0].message
    assert [one.part for one in found["t"].findings] == ["aliases[0]"]
    guarded = linted(rule(names=("Lavrov",), needs="x"), rule("s", names=("Lavrov",), enabled=False))
    assert [one.findings for one in guarded.values()] == [(), ()]  # the other does not run
    advice = linted(rule(names=("Lavrov",), needs="x"), rule("s", names=("Lavrov",)))
    assert advice["r"].findings[0].level is Level.ADVICE


def test_a_rule_that_says_the_same_as_another():
    found = linted(rule("a", query="port", title="A"), rule("b", query="port", labels={"x": "y"}), rule("c", query="x"))
    assert [one.findings for one in (found["a"], found["c"])] == [(), ()]
    assert [(one.check, one.part) for one in found["b"].findings] == [("same-rule", "id")]
    assert "the same as the rule a" in found["b"].findings[0].message


def test_rules_without_examples():
    assert findings(rule(query="port", examples=Examples())) == [("no-examples", "examples")]
    assert findings(rule(query="port", examples=Examples(ignore=("x",)))) == [("no-examples", "examples")]
    assert findings(rule(query="port", examples=Examples(match=("port",)))) == []


def test_the_gravest_comes_first():
    made = rule(names=("Asad",), examples=Examples(), score=Score(threshold=9, words=(("x", 1),)))
    levels = [one.level for one in linted(made)["r"].findings]
    assert levels == sorted(levels, key=list(Level).index)
    assert levels[0] is Level.ERROR


# ── the sample ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_words_of_a_sample():
    use = sample("Sharia and sharia", "SHARIA, طرطوس")
    assert use.share(["sharia"]) == 1.0
    assert use.share(["and", "nowhere"]) == 0.5
    assert use.written_small("sharia") is None  # three places tell nothing
    assert use.caught(re.compile("sh.*")) == 1.0
    assert use.caught(re.compile("an.")) == use.caught(re.compile("an.")) == 0.5
    assert use.written_small("nowhere") is None


def test_an_empty_sample():
    use = WordUse()
    assert use.share(["x"]) == 0.0
    assert use.caught(re.compile("x")) == 0.0
    assert not use.tells


def test_sounds_follow_articles_that_come_later():
    use = sample("Assad")
    assert use.alike("asad") == use.alike("asad") == ["assad"]
    use.add(example("Asad"))
    assert sorted(use.alike("asad")) == ["asad", "assad"]
