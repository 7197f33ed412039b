"""The reader of plain lines says what the precise reader says, or nothing; of the common shapes it says something."""

import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.document import parse_document, plain
from monitor.config.plain_lines import read_lines
from monitor.config.plain_yaml import read_plain

FILE = Path("a.yaml")


def agree(text):
    found = read_lines(text)
    if found is None:
        return None
    document = parse_document(text, FILE)
    assert document.faults == [], text
    assert plain(document.root) == found.value, text
    assert tuple(document.place(one.start)[0] for one in document.root.get("rules").items) == found.lines, text
    return found


READ = [
    "rules:\n  - id: a\n    names: [x y, 'it''s', \"z\"]\n",
    "rules:\n- id: a\n  kind: topic\n- id: b\n",  # as programs indent
    "# said before\n\nrules:\n  # and here\n  - id: a\n\n  - id: b",
    "rules:\n  - id: a\n    aliases:\n      - X Y\n      # between\n      - 'Z'\n    kind: topic\n",
    'rules:\n- aliases:\n  - X\n  - "Y"\n  id: a\n',  # entries as far in as their key
    "rules:\n  - labels: {desk: mena, x: 'y'}\n    lang: [en , ru]\n",
    'rules:\n  - query: entity:b AND a#b (x OR "y z")   \n',  # blanks at the end
    "rules:\n  - enabled: true\n    exact: no\n    name: Nobody\n    of: [yes, Tartus, off]\n",
    "rules:\n  - names: [Тартус, حميميم, 大馬]\n",
    "rules:\n  - query: a - b ? c | d [e] {f} & *g ! 'h'\n",
]


@pytest.mark.parametrize("text", READ)
def test_the_common_shapes_are_read(text):
    assert agree(text) is not None


LEFT = [
    "",
    "rules:",
    "rules: []",
    "rules:\n",
    "rules:\n  - id: a\n    names:\n",  # nothing below the key
    "rules:\n  - id: a\n    names:\n    kind: topic\n",
    "rules:\n  - id: a\n    id: b\n",
    "rules:\n  - id: a\n   kind: topic\n",
    "rules:\n  - id: a\n - id: b\n",
    "rules:\n  - id: a\n    query: x\n      y\n",  # goes on on the next line
    "rules:\n  - id: a\n    query: x\n    - y\n",
    "rules:\n  - id: a\n    query:\n      y\n",
    "rules:\n  - id: a\n    query: |\n      y\n",
    "rules:\n  - id: a\n    query: a: b\n",
    "rules:\n  - id: a  # beside\n",
    "rules:\n  - id: 'a' # beside\n",
    'rules:\n  - id: "a\\tb"\n',
    "rules:\n  - id: &x a\n",
    "rules:\n  - id: *x\n",
    "rules:\n  - id: !!str a\n",
    "rules:\n  - id: null\n",
    "rules:\n  - id: ~\n",
    "rules:\n  - names: []\n",
    "rules:\n  - names: [a, ]\n",
    "rules:\n  - names: [a,, b]\n",
    "rules:\n  - names: [a: b]\n",
    "rules:\n  - names: [a?b]\n",
    "rules:\n  - names: [null]\n",
    "rules:\n  - labels: {a: b, a: c}\n",
    "rules:\n  - labels: {no: b}\n",
    "rules:\n  - labels: {a}\n",
    "rules:\n  - labels: {a: null}\n",
    "rules:\n  - no: b\n",
    "rules:\n  - id: a\nother: b\n",
    "rules:\n  - id: a\nrules:\n  - id: b\n",
    "rules:\n  - x\n",
    "rules:\n    kind: topic\n",
    "rules:\n  - a:\n    - x\n     - y\n",
    "rules:\n  - a:\n   - x\n",
    "rules:\r\n  - id: a\r\n",
    "other: a\nrules:\n  - id: a\n",
    "---\nrules:\n  - id: a\n",
    "# nothing",
]


@pytest.mark.parametrize("text", LEFT)
def test_any_other_shape_is_left_to_other_readers(text):
    assert read_lines(text) is None


WORDS = st.sampled_from(
    [
        "a",
        "Xy",
        "it's",
        "yes",
        "No",
        "null",
        "12",
        "1.5",
        "-",
        "a:b",
        "a: b",
        "a#b",
        "a #b",
        "a ",
        "ж",
        "ق",
        "é",
        "ö",
        "'a'",
        '"b"',
        "''",
        '""',
        "'it''s'",
        "[x]",
        "{y: z}",
        "[x, 'y', \"z\"]",
        "[No, 12]",
        "{a: No, b: 'c'}",
        "[x,]",
        "|",
        ">-",
        "&x",
        "*x",
        "!t",
        "?",
        "? x",
        "%",
        "@",
        "`",
        ",",
        "a, b",
        "- x",
        "a - b",
        "~",
        "=",
        "<<",
        "on",
        "a\\b",
    ]
)
VALUES = st.lists(WORDS, max_size=3).map(" ".join)
KEYS = st.sampled_from(["id", "names", "no", "on", "y", "x_y", "Id", "a b", "rules", "true"])
INDENTS = st.sampled_from(["", "  ", "   ", "    ", "      "])
LINES = st.one_of(
    st.builds("{}- {}: {}".format, INDENTS, KEYS, VALUES),
    st.builds("{}{}: {}".format, INDENTS, KEYS, VALUES),
    st.builds("{}- {}".format, INDENTS, VALUES),
    st.builds("{}{}".format, INDENTS, VALUES),
    st.builds("{}# {}".format, INDENTS, VALUES),
    st.builds("{}{}:".format, INDENTS, KEYS),
)


@given(st.lists(LINES, max_size=8).map("\n".join))
def test_any_lines(lines):
    agree(f"rules:\n{lines}")


RULES = st.lists(
    st.dictionaries(
        st.sampled_from(["id", "names", "labels", "query", "exact", "n"]),
        VALUES
        | st.lists(VALUES, max_size=3)
        | st.dictionaries(KEYS, VALUES, max_size=2)
        | st.booleans()
        | st.text(max_size=9),
        min_size=1,
    ),
    min_size=1,
    max_size=4,
)


@given(RULES, st.sampled_from([None, True, False]), st.integers(10, 200))
def test_whatever_programs_write(rules, flow, width):
    text = yaml.safe_dump({"rules": rules}, default_flow_style=flow, allow_unicode=True, width=width)
    if read_plain(text) is not None:  # tabs and controls were looked for there
        agree(text)


def test_what_programs_write_of_simple_rules_is_read():
    rules = [
        {"id": f"r{n}", "names": ["Ann Lee", "Анна"], "query": "a AND b", "labels": {"desk": "x"}} for n in range(9)
    ]
    assert (
        agree(yaml.safe_dump({"rules": rules}, allow_unicode=True)) is None
    )  # mappings on lines of their own: libyaml
    for one in rules:
        del one["labels"]
    assert agree(yaml.safe_dump({"rules": rules}, allow_unicode=True)) is not None


@pytest.mark.parametrize(
    "value",
    [
        "a" + " " * 500000 + "#",
        "[a" + " " * 500000 + "?]",
        "'" + "''" * 250000,
        '"' + "x" * 500000,
        "[" + "a," * 250000,
        "{" + "a: b," * 100000,
        "a:" * 250000,
        "[" * 500000,
        " " * 500000 + "|",
        "[" + "'a'" + " " * 500000 + "x]",
    ],
)
def test_long_lines_are_answered_at_once(value):
    began = time.process_time()
    assert read_lines(f"rules:\n  - id: {value}\n") is None
    assert read_lines(f"rules:\n  - id:\n    - {value}\n") is None
    assert time.process_time() - began < 2
