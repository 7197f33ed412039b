"""YAML as a tree with places: what is refused, where it is said to stand, and how a value leads back to its line."""

import time
from pathlib import Path

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from monitor.config.document import MAX_BYTES, Mapping, Odd, Scalar, Sequence, parse_document, plain, read_document
from monitor.config.offsets import index_of

FILE = Path("a.yaml")


def tree(text):
    document = parse_document(text, FILE)
    assert document.faults == []
    return plain(document.root)


def only_fault(text):
    document = parse_document(text, FILE)
    assert len(document.faults) == 1, document.faults
    return document.faults[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: b", {"a": "b"}),
        ("a: 12", {"a": 12}),
        ("a: -1.5", {"a": -1.5}),
        ("a: [x, 'NO', \"12:30\"]", {"a": ("x", "NO", "12:30")}),  # quotes make text
        ("a: yes", {"a": True}),
        ("a: off", {"a": False}),
        ("a:", {"a": Odd("nothing")}),
        ("a: ~", {"a": Odd("nothing")}),  # as above
        ("a: 012", {"a": Odd("a number")}),  # octal in YAML 1.1: nobody reads it so
        ("a: 12:30", {"a": Odd("a number")}),  # sexagesimal
        ("a: .inf", {"a": Odd("a number")}),
        ("a: 2024-01-01", {"a": Odd("a date")}),
        ("a: 99999999999999999999999", {"a": Odd("a number")}),  # beyond 64 bits
        ("a: =", {"a": "="}),
        ("", Odd("nothing")),
        ("# nothing\n", Odd("nothing")),
        ("\ufeffa: b", {"a": "b"}),  # a byte order mark in the text
    ],
)
def test_values(text, value):
    assert tree(text) == value


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, 1, 'the key "a" stands in line 1 already'),
        ("a: {b: 1, b: 2}", 1, 11, 'the key "b" stands in line 1 already'),
        ("a: &x 1\n", 1, 4, "anchors"),
        ("a: *x\n", 1, 4, "aliases"),
        ("a: !!str 1\n", 1, 4, "tags"),
        ("a: !!python/object/apply:os.system [id]\n", 1, 4, "tags"),
        ("<<: {a: 1}\n", 1, 1, "merge keys"),
        ("NO: 1\n", 1, 1, 'quote it: "NO"'),
        ("12: 1\n", 1, 1, 'quote it: "12"'),
        ("[a, b]: 1\n", 1, 1, "must be text"),
        ("a: 1\n---\nb: 2\n", 2, 1, "only one YAML document"),
        ("a: b: c\n", 1, 5, "must be quoted"),
        ("a:\n\t- b\n", 2, 1, "a tab"),
        ('a: "b\nc: d\n', 1, 4, "never closed"),
        ("a: [1, 2\n", 2, 1, "no valid YAML"),
        ("a: 1\n  b: 2\n", 2, 4, "no valid YAML"),
        ("a: x\0y\n", 1, 5, "U+0000"),
        ("a: \x1b[31m\n", 1, 4, "U+001B"),
        ("a: " + "[" * 21 + "]" * 21, 1, 23, "deeper than 20"),
    ],
)
def test_refused_with_place(text, line, column, words):
    fault = only_fault(text)
    assert (fault.file, fault.line, fault.column) == (FILE, line, column)
    assert words in fault.message


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "{? ["])
def test_a_hundred_thousand_openings_are_refused_at_once(opening):
    began = time.monotonic()
    fault = only_fault(opening * (100_000 // len(opening)))
    assert "deeper than 20" in fault.message
    assert time.monotonic() - began < 5


def test_a_file_of_mistakes_is_not_read_to_its_end():
    began = time.monotonic()
    document = parse_document("k: v\n" * 100_000, FILE)
    assert len(document.faults) == 201
    assert "more mistakes" in document.faults[-1].message
    assert time.monotonic() - began < 5


def test_shared_references_are_not_followed():
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(9)
    )
    document = parse_document(bomb, FILE)
    assert len(document.faults) == 10 + 18
    assert all("not taken" in fault.message for fault in document.faults)


def test_files_that_cannot_be_read(tmp_path):
    missing = read_document(tmp_path / "none.yaml")
    assert "cannot be read: No such file" in missing.faults[0].message
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * (MAX_BYTES + 1))
    assert "larger than 1 MB" in read_document(large).faults[0].message
    exactly = tmp_path / "exactly.yaml"
    exactly.write_bytes(b"#" * MAX_BYTES)
    assert read_document(exactly).faults == []
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"a: 1\nb: caf\xe9\n")
    assert (read_document(latin).faults[0].line, read_document(latin).faults[0].message[:10]) == (2, "is not UTF")
    utf16 = tmp_path / "utf16.yaml"
    utf16.write_bytes("a: 1".encode("utf-16"))
    assert "is not UTF-8" in read_document(utf16).faults[0].message
    marked = tmp_path / "marked.yaml"
    marked.write_bytes(b"\xef\xbb\xbfa: &x 1\r\nb: 2\r\n")
    document = read_document(marked)
    assert (document.faults[0].line, document.faults[0].column) == (1, 4)


def test_places_count_characters_and_lines_as_editors_do():
    document = parse_document("a: 'x\u2028 y'\r\nб: [ж, &y z]\r\n", FILE)
    fault = document.faults[0]
    assert (fault.line, fault.column) == (2, 8)  # U+2028 ends no line in an editor
    assert str(fault).splitlines()[1:] == ["    б: [ж, &y z]", "           ^"]


VALUES = [
    "q: alpha beta BAD gamma\n",  # plain
    "q: alpha\n  beta\n  BAD gamma\n",  # plain over lines
    "q: 'it''s ''so'' BAD'\n",  # single quotes
    "q: 'it''s\n  so\n\n  BAD'\n",  # single quotes over lines
    'q: "a\\tb \\u0416 \\x41 BAD"\n',  # escapes
    'q: "a\\\n   \\\n  b BAD"\n',  # lines continued
    'q: "a\n  b\n\n  BAD"\n',  # double quotes over lines
    "q: |\n  alpha\n    beta\n  BAD gamma\n",  # literal
    "q: |2-   # as it is\n    alpha\n  BAD\n",  # literal with a header
    "q: >\n  alpha\n  beta\n\n  BAD gamma\n",  # folded
    "q: >-\r\n  alpha\r\n  BAD\r\n",  # folded, other line ends
    "q:\n  - [x, {z: alpha BAD}]\n",  # deep
    "q: حميميم أو BAD\n",  # right to left
]


@pytest.mark.parametrize("text", VALUES)
def test_an_offset_in_a_value_leads_to_its_character_in_the_file(text):
    document = parse_document(text, FILE)
    scalar = next(one for one in scalars(document.root) if "BAD" in one.text)
    offset = scalar.text.index("BAD")
    for step in range(3):
        assert index_of(text, scalar, offset + step) == text.index("BAD") + step
    assert index_of(text, scalar, len(scalar.text) + 9) <= scalar.end


def scalars(node):
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from scalars(item)
    elif isinstance(node, Mapping):
        for _, value in node.entries.values():
            yield from scalars(value)


WORDS = st.lists(st.text(alphabet="ab\"'\\:# жقé\n", max_size=12), max_size=8).map(" ".join)


@given(text=WORDS, style=st.sampled_from(['"', "'", "|", ">", None]), width=st.integers(10, 40))
def test_every_visible_character_of_any_scalar_is_found(text, style, width):
    dumped = yaml.safe_dump({"key": text}, default_style=style, allow_unicode=True, width=width)
    document = parse_document(dumped, FILE)
    found = [one for one in scalars(document.root) if one.text == text]
    assume(found)  # PyYAML writes some texts so that it does not read them back itself
    scalar = found[0]
    for offset, character in enumerate(text):
        if not character.isspace():
            written = dumped[index_of(dumped, scalar, offset) :]
            assert written.startswith((character, f"\\{character}", "\\x", "\\u"))


@given(st.text(alphabet="ab:-[]{},&*!|>'\"%@`#?\n\t \0é", max_size=60))
def test_any_text_gives_a_tree_or_faults_and_never_an_error(text):
    document = parse_document(text, FILE)
    for fault in document.faults:
        assert fault.line is not None
        assert str(fault)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_tree_or_faults_and_never_an_error(tmp_path_factory, raw):
    file = tmp_path_factory.mktemp("bytes") / "a.yaml"
    file.write_bytes(raw)
    document = read_document(file)
    assert document.root is None or not document.faults or document.text
    assert all(str(fault).startswith(str(file)) for fault in document.faults)
