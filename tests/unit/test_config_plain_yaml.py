"""The quick reader of YAML says what the precise one says, or nothing; and of ordinary files it does say something."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.document import Mapping, Sequence, parse_document, plain
from monitor.config.plain_yaml import AVAILABLE, read_plain

ROOT = Path(__file__).parents[2]
FILE = Path("a.yaml")

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="PyYAML was built without libyaml")


def agree(text):
    """What the quick reader says is what the precise one says; nothing is always right."""
    quick = read_plain(text)
    if quick is None:
        return None
    document = parse_document(text, FILE)
    assert document.faults == [], text
    assert plain(document.root) == quick.value, text
    entries = [one for _, value in document.root.entries.values() if isinstance(value, Sequence) for one in value.items]
    places = tuple(document.place(one.start)[0] for one in entries if isinstance(one, Mapping))
    assert places == quick.lines, text
    return quick


ORDINARY = [
    "rules: []",
    "rules:\n  - id: a\n    names: [x, 'y', \"z\"]\n",
    "rules:\n- {id: a, kind: topic, query: 'x'}\n- id: b\n  kind: topic\n",
    "rules:\n  - query: |\n      a AND\n      b\n    id: a\n",
    "rules:\n  - query: >-\n      a AND\n\n      b\n    id: a\n",
    "# said before\nrules:  # and beside\n  - id: a\n",
    "---\nrules:\n  - id: a\n",  # as programs write it
    "rules:\r\n  - id: a\r\n",
    "rules:\n  - names: [Тартус, حميميم, 大馬, 𐤀]\n",
    "rules:\n  - names: [yes, 12, 1.5, 12:30, NO, 2024-01-01, 0x1F, .inf, =]\n",  # whatever they mean
    'rules:\n  - query: "a\\tb \\u0416 \\\n      c"\n',
    "rules:\n  - query: wom?n\n",
    "rules:\n  - query: a long\n      plain one\n    ? id\n    : a\n",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_files_are_read(text):
    assert agree(text) is not None


UNUSUAL = [
    "",
    "# nothing",
    "[]",
    "text",
    "rules: ~",  # nothing: the precise reader says that something lacks
    "rules:",
    "a: 1\na: 2",  # a doubled key
    "a: &x 1",
    "a: *x",
    "a: &x [1]",
    "a: !!str 1",
    "a: !t [1]",
    "<<: {a: b}",
    "12: a",
    "[a]: b",
    "? {a: b}\n: c",
    "a: 1\n--- \nb: 2",
    "a: 1\n---\nb: 2",
    "--- {a: 1}",
    "%YAML 1.2\n---\na: 1",
    "a: 1\n... x",
    "a:\tb",
    "a: b\u2028",
    "a: b\x85c: d",
    "\ufeffa: b",
    "a: \ud800",
    "a: [",
    "a: b: c",
    "a: [wom?n]",  # PyYAML ends the value at the mark
    "a: |# a comment\n  b",
    'a: "\\q"',
    "a: " + "[" * 21 + "]" * 21,
]


@pytest.mark.parametrize("text", UNUSUAL)
def test_whatever_is_unusual_is_left_to_the_precise_reader(text):
    assert read_plain(text) is None


def test_as_deep_as_files_may_be():
    assert agree("a: " + "[" * 19 + "]" * 19) is not None
    assert read_plain("a: " + "[" * 100_000) is None


@pytest.mark.parametrize("file", sorted((ROOT / "rules").rglob("*.yaml")), ids=lambda file: file.name)
def test_the_shipped_rules_are_read(file):
    assert agree(file.read_text("utf-8")) is not None


PIECES = st.sampled_from(
    [
        *"ab:-[]{},&*!|>'\"%@`#?\n ~=<.\\y1é\r",
        "\n  ",
        "\n- ",
        "\n  - ",
        ": ",
        " #",
        "---",
        "\n---\n",
        "...",
        "? ",
        "|-\n",
        "a: ",
        "\na: ",
        "'",
        '"',
        "yes",
        "null",
        "1:2",
        "0o7",
        "\t",
        "\x85",
        "\u2028",
        "\ufeff",
        "\u200f",
        "\xa0",
        "\\u0416",
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_text(text):
    agree(text)


@given(st.lists(PIECES, max_size=15).map("".join), st.lists(PIECES, max_size=15).map("".join))
def test_any_value_of_a_rule(first, second):
    agree(f"rules:\n  - id: {first}\n    q: {second}\n  - z: [{second}, {first}]\n")


VALUES = st.recursive(
    st.text(max_size=30) | st.integers() | st.booleans() | st.floats() | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.dictionaries(st.text(max_size=8), VALUES, max_size=4),
    st.sampled_from([None, True, False]),
    st.sampled_from([None, '"', "'", "|", ">"]),
    st.integers(10, 60),
)
def test_whatever_programs_write(value, flow, style, width):
    agree(yaml.safe_dump(value, default_flow_style=flow, default_style=style, allow_unicode=True, width=width))


@given(st.binary(max_size=60))
def test_any_bytes_that_are_text(raw):
    agree(raw.decode("utf-8", "ignore"))
