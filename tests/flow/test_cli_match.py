"""`monitor match` and `monitor rules` as a person runs them, in a process of their own."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
RULES = ROOT / "rules"
TEXT = "Moscow will not hand over Bashar al-Assad."


def _run(*arguments: object, stdin: bytes = b"", cwd: Path = ROOT) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "monitor", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, cwd=cwd, timeout=60, check=False)


def _line(**record: object) -> bytes:
    return json.dumps({"id": "a", "title": "", "body": TEXT, "lang": "en"} | record).encode() + b"\n"


def test_hits_are_json_lines_with_their_spans(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(_line(id=7, title="Лавров", published="2026-01-01T00:00:00Z", url=None))
    done = _run("match", "--rules", RULES, "--input", source, "--output", target, "--stats")
    assert done.returncode == 0
    hits = [json.loads(line) for line in target.read_text("utf-8").splitlines()]
    assert [(hit["article"], hit["rule"]) for hit in hits] == [(7, "assad"), (7, "extradition"), (7, "lavrov")]
    assert hits[1]["severity"] == "flash"
    assert hits[1]["clauses"] == ["demand"]
    assert hits[1]["score"] is None
    assert hits[2]["spans"] == [
        {"field": "title", "start": 0, "end": 6, "text": "Лавров", "term": "Лавров", "tier": "alias"},
    ]
    for span in hits[1]["spans"]:
        assert TEXT[span["start"] : span["end"]] == span["text"]
    numbers = json.loads(done.stderr)
    assert (numbers["articles"], numbers["hits"], numbers["bad_lines"]) == (1, 3, 0)
    assert numbers["rules"] >= 12
    assert set(numbers["seconds"]) == set(numbers["cpu_seconds"]) == {"compile", "match"}
    assert numbers["memory_mb"] > 1


def test_a_bad_line_is_told_and_the_rest_goes_on() -> None:
    bad = [
        b"{no json}\n",
        b'"text"\n',
        b'{"title": "no id"}\n',
        b'{"id": true}\n',
        _line(body=7),
        _line(published="yesterday"),
        b'{"id": "x", "body": "\\ud800"}\n',
        b'{"id": "x", "body": "\xff"}\n',
        b"[" * 100_000 + b"\n",
    ]
    done = _run("match", "--rules", RULES, stdin=b"\n".join(bad) + b"\n" + _line())
    assert done.returncode == 1
    assert [json.loads(line)["rule"] for line in done.stdout.splitlines()] == ["assad", "extradition"]
    told = done.stderr.decode().splitlines()
    assert [line.split(":")[0] for line in told] == [f"line {number}" for number in range(1, 18, 2)]
    assert b"Traceback" not in done.stderr


def test_a_rule_with_a_mistake_is_told_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text('rules:\n  - {id: x, kind: topic, title: X, query: "alpha AND (beta OR"}\n', "utf-8")
    done = _run("match", "--rules", file)
    assert done.returncode == 2
    assert f"{file}:2:".encode() in done.stderr
    assert b"after OR" in done.stderr


def test_explain_says_why_and_why_not(tmp_path: Path) -> None:
    hit = _run("rules", "--rules", RULES, "explain", "extradition", TEXT)
    assert hit.returncode == 0
    assert "«Bashar al-Assad» (exact)" in hit.stdout.decode()
    file = tmp_path / "text.txt"
    file.write_text("A bakery opened in Tartus.", "utf-8")
    miss = _run("rules", "--rules", RULES, "explain", "tartus-base", file)
    assert miss.returncode == 1
    assert "«Tartus» occurs, but not what it needs within its sentence" in miss.stdout.decode()
    piped = _run("rules", "--rules", RULES, "explain", "assad", "-", stdin=TEXT.encode())
    assert piped.returncode == 0
    unknown = _run("rules", "--rules", RULES, "explain", "nobody", TEXT)
    assert unknown.returncode == 2
    assert b"no rule is called nobody" in unknown.stderr
    file.write_bytes(b"\xff\xfe\xfa")
    assert b"cannot be read as UTF-8" in _run("rules", "--rules", RULES, "explain", "assad", file).stderr


def test_rules_test_runs_the_examples(tmp_path: Path) -> None:
    good = _run("rules", "test")  # those of the settings
    assert good.returncode == 0
    assert b"all good" in good.stdout
    file = tmp_path / "rules.yaml"
    file.write_text("rules:\n  - {id: x, kind: topic, title: X, query: alpha, examples: {match: [beta]}}\n", "utf-8")
    bad = _run("rules", "--rules", file, "test")
    assert bad.returncode == 2
    assert b"x: match[0] should hit: beta" in bad.stderr
    assert b"this does not hold: alpha" in bad.stderr
    assert b"1 of 1 examples fail" in bad.stderr
