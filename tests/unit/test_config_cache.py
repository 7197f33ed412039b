"""Rule files at a reload: only what was changed is read anew, and places of mistakes are found all the same."""

import pytest

from monitor.config import RuleCache, load, load_index
from monitor.config.rule_build import sound_rules
from monitor.config.rule_files import read_rules
from monitor.errors import ConfigError, Fault
from monitor.matching import example


@pytest.fixture
def folder(tmp_path):
    for name in ("a", "b", "c"):
        write(tmp_path, name)
    return tmp_path


def write(folder, name, more="", ids=None):
    listed = "".join(f"  - {{id: {one}, kind: topic, query: {one}{more}}}\n" for one in ids or (f"{name}1", f"{name}2"))
    (folder / f"{name}.yaml").write_text(f"rules:\n{listed}")


def ids(found):
    assert found.faults == []
    return [rule.id for rule in found.rules]


def test_only_changed_files_are_read_anew(folder):
    cache = RuleCache()
    before = read_rules([folder], cache)
    assert (ids(before), cache.read) == (["a1", "a2", "b1", "b2", "c1", "c2"], 3)
    again = read_rules([folder], cache)
    assert (ids(again), cache.read) == (ids(before), 3)
    assert all(one is other for one, other in zip(before.rules, again.rules, strict=True))
    write(folder, "b", more="*")
    changed = read_rules([folder], cache)
    assert (ids(changed), cache.read) == (ids(before), 4)
    assert [one is other for one, other in zip(before.rules, changed.rules, strict=True)] == [True] * 2 + [
        False
    ] * 2 + [True] * 2


def test_a_file_that_is_gone_or_moved_is_forgotten(folder):
    cache = RuleCache()
    read_rules([folder], cache)
    (folder / "b.yaml").rename(folder / "d.yaml")
    found = read_rules([folder], cache)
    assert (ids(found), cache.read) == (["a1", "a2", "c1", "c2", "b1", "b2"], 4)
    assert found.rules[-1].file == str(folder / "d.yaml")
    (folder / "d.yaml").rename(folder / "b.yaml")
    assert (ids(read_rules([folder], cache)), cache.read) == (["a1", "a2", "b1", "b2", "c1", "c2"], 5)


def test_a_broken_file_is_read_each_time_and_others_are_not(folder):
    cache = RuleCache()
    read_rules([folder], cache)
    (folder / "b.yaml").write_text("rules: [")
    for times in (1, 2):
        found = read_rules([folder], cache)
        assert [fault.line for fault in found.faults] == [1]
        assert cache.read == 3 + times
    write(folder, "b")
    assert len(ids(read_rules([folder], cache))) == 6


def test_an_id_in_two_files_is_told_with_both_places_though_each_file_is_sound(folder):
    cache = RuleCache()
    write(folder, "c", ids=("c1", "a2"))
    for _ in range(2):  # the second time from memory
        (fault,) = read_rules([folder], cache).faults
        assert fault.message == f'the id "a2" is taken by the rule at {folder / "a.yaml"}:3'
        assert (fault.file, fault.line, fault.column) == (folder / "c.yaml", 3, 10)


def test_a_mistake_that_only_the_compiler_sees_is_told_with_its_place(folder):
    write(folder, "b", more=" AND entity:nobody")
    with pytest.raises(ConfigError) as caught:
        load_index([folder])
    faults = caught.value.faults
    assert [(fault.file.name, fault.line, fault.column) for fault in faults] == [("b.yaml", 2, 41), ("b.yaml", 3, 41)]


def test_a_file_that_changed_while_it_was_judged_still_gives_a_fault(folder):
    found = read_rules([folder])
    (folder / "b.yaml").write_text("nothing: more\n")
    assert isinstance(found.fault("b1", ("query",), 0, "x"), Fault)
    (folder / "c.yaml").unlink()
    assert found.fault("c2", (), None, "x").file == folder / "c.yaml"


def test_loaded_rules_are_those_of_the_files_in_order(folder):
    assert list(load_index([folder]).rules) == ["a1", "a2", "b1", "b2", "c1", "c2"]


@pytest.mark.parametrize(
    "text",
    [
        "rules: []\nruels: []",
        "rules: x",
        "rules: [x]",
        "rules: [{id: a}]",
        "rules: [{id: a, kind: topic}]",
        "rules: [{id: a, kind: topic, query: x}, {id: a, kind: topic, query: x}]",
        "rules: [",
        "a: 1",
    ],
)
def test_a_file_with_anything_wrong_is_left_to_the_precise_reader(tmp_path, text):
    assert sound_rules(text, tmp_path) is None


# ── what is compiled at a reload ──────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def settings(folder):
    write(folder, "d", ids=[f"d{number}" for number in range(40)])
    file = folder / "settings" / "monitor.yaml"
    file.parent.mkdir()
    file.write_text(f"store: sqlite:///m.db\nrules: [{folder}]\nhttp: {{enabled: false}}\n")
    (folder / "settings").rename(folder.parent / f"{folder.name}-settings")
    return folder.parent / f"{folder.name}-settings" / "monitor.yaml"


def hits(loaded, text):
    return [one.rule_id for one in loaded.index.match(example(text))]


def test_a_reload_without_a_change_keeps_the_index(folder, settings):
    cache = RuleCache()
    before = load(settings, {}, cache)
    assert load(settings, {}, cache).index is before.index
    (folder / "b.yaml").write_text("# a comment\n" + (folder / "b.yaml").read_text())  # lines differ: rules do too
    moved = load(settings, {}, cache)
    assert moved.index.rules["b1"].line == 3
    assert hits(moved, "b1") == ["b1"]


def test_a_reload_takes_over_what_is_new_changed_and_gone(folder, settings):
    cache = RuleCache()
    before = load(settings, {}, cache)
    write(folder, "b", more=" AND port", ids=("b1", "b3"))
    after = load(settings, {}, cache)
    assert hits(after, "a1 b1 b2 b3") == ["a1"]
    assert hits(after, "a1 b1 b2 b3 port") == ["a1", "b1", "b3"]
    assert hits(before, "b1 b2") == ["b1", "b2"]  # whoever still works with it sees what it was
    assert after.index.version == load(settings, {}).index.version  # as if all were compiled anew
    assert set(after.index.rules) == set(load(settings, {}).index.rules)


def test_a_reload_that_changes_most_of_the_rules(folder, settings):
    cache = RuleCache()
    load(settings, {}, cache)
    write(folder, "d", more=" AND port", ids=[f"d{number}" for number in range(40)])
    assert hits(load(settings, {}, cache), "d1 d2 port") == ["d1", "d2"]


def test_a_refused_reload_changes_nothing_and_is_refused_again(folder, settings):
    cache = RuleCache()
    (folder / "a.yaml").write_text("rules: [{id: a1, kind: topic, query: 'entity:b9 AND x'}]")
    (folder / "b.yaml").write_text("rules: [{id: b9, kind: topic, names: [Lavrov]}]")
    before = load(settings, {}, cache)
    assert hits(before, "Lavrov x") == ["a1", "b9"]
    write(folder, "b")  # the rule that a1 names is gone
    for _ in range(2):
        with pytest.raises(ConfigError) as caught:
            load(settings, {}, cache)
        (fault,) = caught.value.faults
        assert (fault.rule, fault.file, fault.line) == ("a1", folder / "a.yaml", 1)
        assert cache.index is before.index
    (folder / "b.yaml").write_text("rules: [{id: b9, kind: topic, names: [Putin]}]")
    after = load(settings, {}, cache)
    assert (hits(after, "Lavrov x"), hits(after, "Putin x")) == ([], ["a1", "b9"])  # a1 follows, untouched itself


def test_a_reload_with_a_spoilt_rule_is_refused(folder, settings):
    cache = RuleCache()
    before = load(settings, {}, cache)
    (folder / "b.yaml").write_text("rules: [{id: b1}]")
    with pytest.raises(ConfigError):
        load(settings, {}, cache)
    assert cache.index is before.index
