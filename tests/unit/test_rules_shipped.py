"""The rules that come with the program: on the article they were made for, on their examples, on what sounds alike."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.config import load_rules
from monitor.matching import compile_rules, example, run_examples
from monitor.matching.index import PythonIndex
from monitor.matching.lint import lint
from monitor.model import Match, Tier

ROOT = Path(__file__).parents[2]
CASES = ROOT.parent / "shared" / "data" / "core_watch_cases.jsonl"
WATCHED = {
    *("sharaa", "assad", "putin", "lavrov", "belousov", "shaibani"),
    *("tartus-base", "khmeimim", "bases-future", "extradition", "syria-israel-security", "syria-russia-china"),
}
BLOCKS = {"syria", "russia", "israel", "china"}
LETTERS = (  # the first that holds is the language
    ("he", "אבגדהוזחטיכלמנסעפצקרשת"),
    ("fa", "پچژگکی"),
    ("ar", "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"),
    ("uk", "іїєґІЇЄҐ"),
    ("ru", "абвгдежзийклмнопрстуфхцчшщъыьэюя"),
    ("tr", "ışğİŞĞ"),
    ("en", "abcdefghijklmnopqrstuvwxyz"),
)


@pytest.fixture(scope="module")
def index() -> PythonIndex:
    return compile_rules(load_rules([ROOT / "rules"])).index


def _found(index: PythonIndex, body: str, lang: str | None = None) -> dict[str, Match]:
    article = replace(example(body), lang=lang)
    found = index.match(article)
    assert found == index.match_all(article)
    return {match.rule_id: match for match in found}


def test_the_seed_is_hit_by_exactly_the_rules_made_for_it(index: PythonIndex) -> None:
    (seed,) = (ROOT / "seeds").glob("*.txt")
    found = _found(index, seed.read_text("utf-8"))
    assert set(found) == WATCHED
    assert [span.text for span in found["tartus-base"].spans] == ["Tartus"]
    assert [(span.text, span.tier) for span in found["khmeimim"].spans] == [("Khmeimim", Tier.EXACT)]
    assert [span.text for span in found["extradition"].spans] == ["hand over", "Bashar al-Assad"]
    assert {"Esaad Hasan al-Sheibani"} == {span.text for span in found["shaibani"].spans}
    assert "military facilities" in [span.text for span in found["bases-future"].spans]
    assert found["bases-future"].clauses == ("bases",)


def test_all_examples_hold(index: PythonIndex) -> None:
    assert run_examples(index) == ()


def _language(text: str) -> str:
    """The language of an example, told by letters that others of its script do not have: German counts as English."""
    return next((lang for lang, letters in LETTERS if set(letters) & set(text)), "none")


@pytest.mark.parametrize("name", sorted(WATCHED | BLOCKS))
@pytest.mark.parametrize("kind", ["match", "ignore"])
def test_every_rule_has_examples_in_seven_languages(index: PythonIndex, name: str, kind: str) -> None:
    told = Counter(_language(text) for text in getattr(index.rules[name].examples, kind))
    assert set(told) >= {"en", "ru", "uk", "ar", "tr", "fa", "he"}


def test_no_guard_is_dead(index: PythonIndex) -> None:
    """Every phrase under `not` covers a word of some name of its rule: no guard is there that can do nothing."""
    dead = [
        (one.rule.id, found.part, found.message)
        for one in lint(index)
        for found in one.findings
        if found.check == "not-covering"
    ]
    assert dead == []


@pytest.mark.parametrize(
    "body",
    [
        "The sharia court in Kano",
        "Шариатский суд",
        "وفق أحكام الشرع الإسلامي",  # the law
        "The University of Tartu has a port and a base",
        "Тартуский университет, база отдыха",
        "steak tartar in the naval canteen",
        "hummingbirds",
        "حوار حميم",  # intimate
        "يتوقع برج الأسد يوما سعيدا",  # the sign of the lion
        "На Камчатке открылась путина",  # the fishing season
        "Распутин прожил в Петербурге несколько лет",
        "Fans ordered poutine at the game",
        "Water levels in Lake Assad fell",
        "Farouk al-Sharaa was vice-president under Hafez al-Assad",
        "Хафеза Асада похоронили в Кардахе",
        "Asad Khan scored a century",
        "лавровый лист",
        "A bakery opened in Tartus",
        "The extradition of a smuggler",
    ],
)
def test_what_sounds_alike_is_left_alone(index: PythonIndex, body: str) -> None:
    assert _found(index, body) == {}


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("El presidente Ahmed al Sharaa visitó Madrid", "sharaa"),  # the article apart
        ("переговоры с Ахмедом аш-Шараа", "sharaa"),
        ("ولأحمد الشرع", "sharaa"),  # two clitics
        ("הנשיא א-שרע", "sharaa"),
        ("Bašar al-Asad", "assad"),
        ("свержения Асада", "assad"),
        ("Spotkanie z Władimirem Putinem", "putin"),
        ("プーチン大統領は", "putin"),
        ("Sergej Lawrow trifft seinen Amtskollegen", "lavrov"),
        ("Andriej Biełousow", "belousov"),
        ("וזיר, אסעד א-שייבאני", "shaibani"),
        ("die Marinebasis Tartus", "tartus-base"),
        ("Hmeymim Hava Üssü", "khmeimim"),
    ],
)
def test_other_written_forms(index: PythonIndex, body: str, wanted: str) -> None:
    assert set(_found(index, body)) == {wanted}


def test_written_cases_are_all_told_apart(index: PythonIndex) -> None:
    if not CASES.exists():
        pytest.skip("the written cases (shared/data/core_watch_cases.jsonl) are not here")
    told: Counter[str] = Counter()
    wrong = []
    for line in CASES.read_text("utf-8").splitlines():
        case = json.loads(line)
        wanted = {"tartus-base" if name == "tartus" else name for name in case["expect"]} & WATCHED
        got = set(_found(index, case["text"], case["lang"])) & WATCHED - {"bases-future", "extradition"}
        told += Counter(right=len(got & wanted), missed=len(wanted - got), false=len(got - wanted))
        wrong += [(case["id"], case["text"], got ^ wanted)] if got != wanted else []
    assert told["right"] / (told["right"] + told["missed"]) >= 0.95, wrong
    assert told["right"] / (told["right"] + told["false"]) >= 0.98, wrong
