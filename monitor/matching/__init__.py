"""Matching: the query language, names, the rule index, explanation. Pure: no clock, disk, network or log.

    query.py     what a query is, and how it is written        parser.py     text -> query
    names.py     a name -> the forms that count as it          compile.py    rules -> what can be run
    evaluate.py  places.py  verdict.py   the meaning, plainly  explain.py    why, or why not
    compiling.py rules -> an index: one of two                 examples.py   the examples of rules

    index.py     required.py     which rules are worth asking, in plain Python: the oracle, and the fallback
    native.py    part.py  literals.py  ruleset.py               the native index: its segments, their rules
    flat.py      flat_parts.py   rules as arrays and flat code
    image.py     packed.py       it as bytes, to be mapped      told.py     records.py  what it tells, as matches and lines
    _scan.pyx    letters.py      fold, cut and hash a text      _index.pyx  phrases, candidates, the code of rules

A rule hits an article when its names occur with the company they need, its query holds and its score is reached. The
index must never change that: `match` and `match_all` agree, and a property test holds them to it.
"""

from monitor.matching.compiling import (
    compile_rules,
    image_blocks,
    index_from_image,
    native_available,
    with_changes,
    with_rules,
)
from monitor.matching.examples import ExampleFailure, example, run_examples
from monitor.matching.explain import Explanation
from monitor.matching.index import Compiled, RuleIndex
from monitor.matching.parser import parse_query
from monitor.matching.query import Query, print_query
from monitor.matching.ruleset import rules_version

__all__ = [
    "Compiled",
    "ExampleFailure",
    "Explanation",
    "Query",
    "RuleIndex",
    "compile_rules",
    "example",
    "image_blocks",
    "index_from_image",
    "native_available",
    "parse_query",
    "print_query",
    "rules_version",
    "run_examples",
    "with_changes",
    "with_rules",
]
