"""Images of compiled rules on disk: found again, never of other rules, never in the way."""

import json
from pathlib import Path

import pytest

from monitor.config import Images, RuleCache, load, load_index
from monitor.config.images import code_version, user_images
from monitor.errors import ConfigError
from monitor.matching import compile_rules, example, native_available

if not native_available():
    pytest.skip("the native index was not built", allow_module_level=True)

SETTINGS = "store: sqlite:///state/monitor.db\nrules: [rules]\nhttp: {enabled: false}\n"


def _write(folder: Path, count: int = 600, word: str = "word") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    listed = [
        {"id": f"r{number}", "kind": "topic", "title": f"R {number}", "query": f"{word}{number}"}
        for number in range(count)
    ]
    lines = "\n".join(f"  - {json.dumps(one)}" for one in listed)
    (folder / "many.yaml").write_text(f"rules:\n{lines}\n", "utf-8")
    return folder


def _images(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.rules"))


def test_files_that_were_loaded_before_are_mapped(tmp_path: Path) -> None:
    rules, images = _write(tmp_path / "rules"), Images(tmp_path / "cache")
    first = load_index([rules], images)
    assert len(_images(tmp_path / "cache")) == 1
    again = load_index([rules], images)
    assert type(again.rules["r5"]) is type(first.rules["r5"])
    assert again.rules["r5"] == first.rules["r5"]
    assert [one.rule_id for one in again.match(example("word5 word599"))] == ["r5", "r599"]
    _write(rules, word="other")
    assert load_index([rules], images).hits(example("word5")) == []  # what was written is another set
    assert load_index([rules], images).hits(example("other5")) == ["r5"]
    for word in "abcdef":
        load_index([_write(rules, word=word)], images)
    assert len(_images(tmp_path / "cache")) == 4  # the oldest are forgotten


def test_small_sets_faulty_ones_and_damaged_images(tmp_path: Path) -> None:
    rules, images = _write(tmp_path / "rules", count=3), Images(tmp_path / "cache")
    load_index([rules], images)
    assert _images(tmp_path / "cache") == []
    _write(rules)
    (rules / "bad.yaml").write_text("rules:\n  - {id: x, kind: topic, title: x, query: 'a AND'}\n", "utf-8")
    with pytest.raises(ConfigError):
        load_index([rules], images)
    assert _images(tmp_path / "cache") == []
    (rules / "bad.yaml").unlink()
    load_index([rules], images)
    (file,) = _images(tmp_path / "cache")
    for content in (b"", file.read_bytes()[:-100]):
        file.write_bytes(content)
        assert load_index([rules], images).hits(example("word7")) == ["r7"]


def test_a_folder_that_cannot_be_written_only_costs_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", "utf-8")
    images = Images(tmp_path / "file" / "cache")
    assert load_index([_write(tmp_path / "rules")], images).hits(example("word7")) == ["r7"]
    assert images.load(("x",)) is None
    images.save(("plain",), compile_rules(tuple(load_index([tmp_path / "rules"]).rules.values()), native=False).index)


def test_a_file_that_cannot_be_read_is_told_as_ever(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load_index([tmp_path / "nowhere"], Images(tmp_path / "cache"))


def test_the_daemon_maps_what_it_compiled_at_its_last_start(tmp_path: Path) -> None:
    _write(tmp_path / "rules")
    (tmp_path / "monitor.yaml").write_text(SETTINGS, "utf-8")
    first = load(tmp_path / "monitor.yaml", {}, RuleCache())
    (image,) = _images(tmp_path / "state" / "cache")
    written = image.stat().st_mtime_ns
    text = (tmp_path / "rules" / "many.yaml").read_text("utf-8")
    (tmp_path / "rules" / "many.yaml").write_text(text.replace("R 7", "Another title"), "utf-8")
    again = load(tmp_path / "monitor.yaml", {}, RuleCache())
    assert again.index.rules["r7"].title.startswith("Another title")  # a title decides no match
    assert _images(tmp_path / "state" / "cache") == [image]
    assert image.stat().st_mtime_ns == written
    assert again.index.match(example("word7"))[0].rule_version == first.index.match(example("word7"))[0].rule_version
    load(tmp_path / "monitor.yaml", {})  # a command, which leaves nothing behind
    assert _images(tmp_path / "state" / "cache") == [image]


def test_images_are_named_by_the_code_too() -> None:
    assert len(code_version()) == 32
    images = user_images()
    assert images is None or images.folder.name == "monitor"
