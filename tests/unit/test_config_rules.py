"""Rule files: what they come to, what is refused, and how the matcher's complaints find their place."""

from datetime import timedelta

import pytest

from monitor import keys
from monitor.config import load, load_rules
from monitor.config.rule_files import read_rules
from monitor.config.rules_file import RulesFile
from monitor.errors import ConfigError
from monitor.model import Examples, RuleKind, Score, Severity

FULL = """
rules:
  - id: khmeimim
    kind: base
    title: Khmeimim air base
    names: [Khmeimim, Хмеймим, حميميم]
    aliases: [Hmeimim, "Bassel al-Assad International Airport"]
    not: "Khmeimim street"
    needs: 'base* | naval'
    within: 8
    severity: urgent
    labels: {desk: mena, country: SY}
    lang: [en, "no"]
    script: Latn
    variants: {transliterated: false}
    max_age: 7d
    examples: {match: [the Khmeimim air base], ignore: hummingbirds}
  - id: extradition
    kind: topic
    score: {threshold: 30, words: {extradit*: 15, "hand over": 15, football: -50}}
    enabled: false
    exact: true
  - id: future
    kind: topic
    query: |
      "military facilities"
      NEAR/30 future
"""


@pytest.fixture
def rules(tmp_path):
    folder = tmp_path / "rules"
    folder.mkdir()
    return folder


def test_everything_said(rules):
    (rules / "a.yaml").write_text(FULL)
    found = read_rules([rules])
    assert found.faults == []
    base, extradition, future = found.rules
    assert (base.kind, base.title, base.severity) == (RuleKind.BASE, "Khmeimim air base", Severity.URGENT)
    assert base.names == ("Khmeimim", "Хмеймим", "حميميم")
    assert base.aliases == ("Hmeimim", "Bassel al-Assad International Airport")
    assert (base.not_, base.needs, base.within) == (("Khmeimim street",), "base* | naval", "8")
    assert (base.lang, base.script, base.variants) == (("en", "no"), ("Latn",), {"transliterated": False})
    assert (base.labels, base.max_age) == ({"desk": "mena", "country": "SY"}, timedelta(days=7))
    assert base.examples == Examples(match=("the Khmeimim air base",), ignore=("hummingbirds",))
    assert (base.file, base.line) == (str(rules / "a.yaml"), 3)
    assert extradition.score == Score(threshold=30, words=(("extradit*", 15), ('"hand over"', 15), ("football", -50)))
    assert (extradition.title, extradition.enabled, extradition.exact) == ("extradition", False, True)
    assert future.query == '"military facilities"\nNEAR/30 future\n'
    for rule in found.rules:
        assert rule.version == keys.rule_version(rule)


def test_files_are_found_in_any_depth_in_order_and_hidden_ones_passed_over(rules):
    for place in ("b.yaml", "a/z.yml", "a/b/c.yaml", ".hidden.yaml", "..data/x.yaml", "notes.txt", "a/.#b.yaml"):
        file = rules / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"rules: [{{id: r-{len(place)}, kind: topic, query: x}}]")
    (rules / "folder.yaml").mkdir()
    found = read_rules([rules, rules / "b.yaml"])  # named twice, read once
    assert [rule.id for rule in found.rules] == ["r-10", "r-7", "r-6"]
    assert found.faults == []
    assert {rules, rules / "a", rules / "a" / "b", rules / "b.yaml", rules / "a" / "z.yml"} <= set(found.watched)


@pytest.mark.parametrize("text", ["", "rules:\n", "rules: []\n", "# later\n"])
def test_a_file_may_hold_no_rules(rules, text):
    (rules / "a.yaml").write_text(text)
    found = read_rules([rules])
    assert (found.rules, found.faults) == ([], [])


HEAD = "rules:\n  - {id: r, kind: base, "

FAULTS = [
    # (file, part of the message, line, column, rule)
    ("[]", "expected the key rules:", 1, 1, None),
    ("rules: {}", "rules: expected a list of rules", 1, 8, None),
    ("ruels: []", 'unknown key "ruels"; did you mean "rules"?', 1, 1, None),
    ("rules: [x]", "expected keys with values", 1, 9, None),
    ("rules: [{kind: base, names: [x]}]", 'the key "id" is missing', 1, 9, None),
    ("rules: [{id: r, names: [x]}]", 'the key "kind" is missing', 1, 9, "r"),
    ("rules: [{id: R!, kind: base, names: [x]}]", "expected an id", 1, 14, "R!"),
    ("rules: [{id: 12, kind: base, names: [x]}]", 'quote it: "12"', 1, 14, None),
    ("rules: [{id: r, kind: basis, names: [x]}]", 'did you mean "base"?', 1, 23, "r"),
    (HEAD + "title: X}", "a rule needs names, a query or a score", 2, 10, "r"),
    (HEAD + "nmaes: [x], query: x}", 'unknown key "nmaes"; did you mean "names"?', 2, 25, "r"),
    (HEAD + "names: [NO]}", 'names[0]: YAML reads NO as a yes-or-no value; quote it: "NO"', 2, 33, "r"),
    (HEAD + "names: [12:30]}", 'YAML reads 12:30 as a number; quote it: "12:30"', 2, 33, "r"),
    (HEAD + "names: [2024-05-01]}", 'as a date; quote it: "2024-05-01"', 2, 33, "r"),
    (HEAD + "names: [{a: b}]}", "expected text, not a list or mapping", 2, 33, "r"),
    (HEAD + "names: ['']}", "names[0]: is empty", 2, 33, "r"),
    (HEAD + "names: }", "names: has no value", 2, 31, "r"),
    (HEAD + "query: }", "query: has no value", 2, 31, "r"),
    (HEAD + "query: [x]}", "expected text, not a list", 2, 32, "r"),
    (HEAD + "query: x, needs: }", "needs: has no value", 2, 41, "r"),
    (HEAD + "query: x, aliases: [y]}", "give names too", 2, 44, "r"),
    (HEAD + "names: [x], within: sentence}", "there is no needs", 2, 45, "r"),
    (HEAD + "names: [x], needs: y, within: page}", "expected article, paragraph, sentence", 2, 55, "r"),
    (HEAD + "names: [x], needs: y, within: 0}", "expected article, paragraph, sentence", 2, 55, "r"),
    (HEAD + "names: [x], needs: y, within: yes}", "expected article, paragraph, sentence", 2, 55, "r"),
    (HEAD + "score: {threshold: 0, words: {a: 1}}}", "score.threshold: must be at least 1", 2, 44, "r"),
    (HEAD + "score: {threshold: 1, words: {}}}", "score.words: must have at least one entry", 2, 54, "r"),
    (HEAD + "score: {threshold: 1, words: {a: 0}}}", "a weight of 0 does nothing", 2, 58, "r"),
    (HEAD + "score: {threshold: 1, words: {a: much}}}", "score.words.a: expected a whole number", 2, 58, "r"),
    (HEAD + "score: {threshold: 1, words: {a: yes}}}", "expected a whole number", 2, 58, "r"),
    (HEAD + "score: {threshold: 1, words: {2024: 5, a: 1}}}", 'a key must be text; quote it: "2024"', 2, 55, None),
    (HEAD + "names: [x], lang: [no]}", 'quote it: "no"', 2, 44, "r"),
    (HEAD + "names: [x], lang: [english]}", "expected a language code", 2, 44, "r"),
    (HEAD + "names: [x], script: latin}", "expected a script code", 2, 45, "r"),
    (HEAD + "names: [x], severity: high}", "expected one of flash, urgent, routine", 2, 47, "r"),
    (HEAD + "names: [x], variants: {guessed: false}}", "expected one of exact, alias, inflected, transliterated", 2, 48, "r"),
    (HEAD + "names: [x], variants: {exact: off, alias: maybe}}", "expected true or false", 2, 67, "r"),
    (HEAD + "names: [x], enabled: 1}", "expected true or false", 2, 46, "r"),
    (HEAD + "names: [x], max_age: 7}", "such as 7s or 7m", 2, 46, "r"),
    (HEAD + "names: [x], examples: {match: [1]}}", 'quote it: "1"', 2, 56, "r"),
    (HEAD + "names: [x], id: r}", 'the key "id" stands in line 2 already', 2, 37, None),
    (HEAD + "names: &n [x], aliases: *n}", "anchors", 2, 32, None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words", "line", "column", "rule"), FAULTS)
def test_a_mistake_is_told_with_its_place(rules, text, words, line, column, rule):
    file = rules / "a.yaml"
    file.write_text(text)
    fault, *others = read_rules([rules]).faults
    assert words in fault.message
    assert (fault.file, fault.line, fault.column, fault.rule) == (file, line, column, rule)
    assert not others or "aliases" in str(others)  # an alias beside its anchor, or what lacks for it


def test_all_mistakes_of_all_files_are_told_at_once(rules):
    for number, (text, *_) in enumerate(FAULTS):
        (rules / f"{number:02}.yaml").write_text(text.replace("id: r,", f"id: r{number},"))
    (rules / "broken.yaml").write_text("rules: [")
    found = read_rules([rules, rules / "none"])
    files = {fault.file for fault in found.faults}
    assert files == {*rules.iterdir(), rules / "none"}


def test_an_id_that_is_taken_names_both_places(rules):
    (rules / "a.yaml").write_text("rules: [{id: x, kind: base, names: [a]}]")
    (rules / "b.yaml").write_text("rules:\n  - {id: x, kind: base, names: [a]}")
    (fault,) = read_rules([rules]).faults
    assert (fault.file, fault.line, fault.column) == (rules / "b.yaml", 2, 10)
    assert f"taken by the rule at {rules / 'a.yaml'}:1" in fault.message


# ── What the matcher says ─────────────────────────────────────────────────────────────────────────────────────────────

QUERY_FAULTS = [
    # (rule, the wrong piece, which stands once in the file)
    ("query: 'alpha AND (beta OR gamma'", None),
    ("query: alpha AND entity:nobody", "entity:nobody"),
    ("query: |\n      alpha AND\n      entity:nobody\n", "entity:nobody"),
    ("query: >-\n      alpha AND\n\n      (entity:r\n", None),
    ('query: "\\u0430lpha \\\n      AND entity:nobody"', "entity:nobody"),
    ("names: [Tartus]\n    needs: port AND entity:nobody", "entity:nobody"),
    ("score: {threshold: 2, words: {alpha: 1, 'entity:nobody': 2}}", "entity:nobody"),
    ("score: {threshold: 2, words: {alpha: 1, 'a* b': 2}}", "a* b"),  # a phrase, with a star too short
    ("score: {threshold: 2, words: {alpha: 1, beta AND gamma: 2}}", "beta AND gamma"),  # no leaf
]


@pytest.mark.parametrize(("body", "piece"), QUERY_FAULTS)
def test_a_mistake_in_a_query_is_told_at_its_line_and_column(rules, body, piece):
    file = rules / "a.yaml"
    text = f"rules:\n  - id: r\n    kind: topic\n    {body}\n  - {{id: good, kind: topic, query: x}}\n"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_rules([rules])
    (fault,) = caught.value.faults
    assert (fault.file, fault.rule) == (file, "r")
    lines = text.splitlines()
    assert 4 <= fault.line < len(lines)
    assert fault.source == lines[fault.line - 1]
    if piece:
        before = text[: text.index(piece)]
        assert fault.line == before.count("\n") + 1
        start = len(before.rpartition("\n")[2]) + 1
        assert start <= fault.column <= start + len(piece)


def test_who_refers_to_a_spoilt_rule_is_not_blamed(rules):
    (rules / "a.yaml").write_text(
        "rules: [{id: a, kind: base}, {id: b, kind: topic, query: entity:a AND entity:c AND entity:d}]"
    )
    (rules / "b.yaml").write_text("rules:\n  - id: c\n    kind: base\n    names: [x, y\n")
    (rules / "c.yaml").write_text("rules: [{id: d, kind: base, names: [x], severity: high}]")
    with pytest.raises(ConfigError) as caught:
        load_rules([rules])
    assert len(caught.value.faults) == 3, caught.value
    assert not any("entity" in fault.message for fault in caught.value.faults)


def test_rules_that_hold_are_loaded(rules):
    (rules / "a.yaml").write_text(FULL)
    assert [rule.id for rule in load_rules([rules])] == ["khmeimim", "extradition", "future"]


# ── Settings and rules together ───────────────────────────────────────────────────────────────────────────────────────


def settings_file(rules, more=""):
    file = rules.parent / "monitor.yaml"
    file.write_text(f"feeds: [{{id: wire, url: 'https://x.org/'}}]\noutlets: {{bbc: {{title: BBC News}}}}\n{more}")
    return file


def test_settings_and_rules_are_judged_together(rules):
    (rules / "a.yaml").write_text(
        "rules:\n  - {id: a, kind: base, names: [Tartus], feeds: [wier]}\n  - {id: b, kind: base, nams: [x]}\n"
    )
    more = "channels: {b: {kind: maildir, path: x}}\nsubscribers: [{id: d, channels: [b], rules: [a, b, c]}]\nlog: {level: x}\n"
    with pytest.raises(ConfigError) as caught:
        load(settings_file(rules, more), {})
    told = [(fault.file.name, fault.line, fault.message) for fault in caught.value.faults]
    assert [place[:2] for place in told] == [("monitor.yaml", 4), ("monitor.yaml", 5), ("a.yaml", 2), ("a.yaml", 3)]
    assert told[0][2] == '"c" is not among rules'  # b is there, though spoilt


def test_rules_name_feeds_and_outlets_that_exist(rules):
    (rules / "a.yaml").write_text("rules: [{id: a, kind: base, names: [Tartus], feeds: [wier], outlets: [bcc]}]")
    with pytest.raises(ConfigError) as caught:
        load(settings_file(rules), {})
    messages = [fault.message for fault in caught.value.faults]
    assert 'did you mean "wire"?' in messages[0]
    assert 'did you mean "bbc"?' in messages[1]


def test_what_is_loaded(rules):
    (rules / "deep").mkdir()
    (rules / "deep" / "a.yaml").write_text(
        "rules: [{id: a, kind: base, names: [Tartus], feeds: [wire], outlets: [bbc]}]"
    )
    loaded = load(settings_file(rules), {"MONITOR_LOG__LEVEL": "debug"})
    (rule,) = loaded.rules
    assert (rule.id, rule.outlets) == ("a", ("BBC News",))  # as articles name it
    assert rule.version == keys.rule_version(rule)
    assert loaded.settings.log.level == "debug"
    file = rules.parent / "monitor.yaml"
    assert loaded.settings.watched == (file, rules, rules / "deep", rules / "deep" / "a.yaml")
    assert loaded.warnings == (f"{file}: there are no subscribers: nobody is told",)


def test_what_works_but_is_not_wise_is_a_warning(rules):
    mode = rules.parent / "open"
    mode.write_text("https://x.org/hook")
    mode.chmod(0o644)
    more = "channels: {a: {kind: slack, url_file: open}, b: {kind: slack, url: 'http://x.org/hunter2'}}\n"
    (rules.parent / "feeds").mkdir()
    file = settings_file(rules, more)
    file.write_text(
        file.read_text().replace("feeds: [", "feeds: [{opml: feeds, every: 1s}, {id: two, url: 'https://x.org/'}, ")
    )
    warnings = "\n".join(load(file, {}).warnings)
    for words in (
        "can be read by everybody",
        "a secret stands here in clear; url_file or MONITOR_CHANNELS__B__URL keeps it out",
        "http:// sends alerts and this secret in clear",
        "has no .opml file yet",
        "1s is less than polling.floor",
        '"wire" and "two" have the same address',
        "there is no rule file",
        "there are no rules",
        "there are no subscribers",
    ):
        assert words in warnings
    assert "hunter2" not in warnings


def test_every_key_of_a_rule_is_known_to_the_schema():
    properties = RulesFile.model_json_schema()["$defs"]["RuleEntry"]["properties"]
    assert {"id", "names", "not", "query", "score", "needs", "within", "examples"} <= set(properties)
