"""Matching: the query language, names, the rule index, explanation. Pure: no clock, disk, network or log.

    query.py     what a query is, and how it is written        parser.py     text -> query
    names.py     a name -> the forms that count as it          compile.py    rules -> what can be run
    evaluate.py  places.py  verdict.py   the meaning, plainly  index.py      which rules are worth asking
    required.py  what must occur for a rule to hit         explain.py    why, or why not
    examples.py  the examples of rules

A rule hits an article when its names occur with the company they need, its query holds and its score is reached. The
index must never change that: `match` and `match_all` agree, and a property test holds them to it.
"""

from monitor.matching.compiling import Compiled, compile_rules, native_available, with_changes
from monitor.matching.examples import ExampleFailure, example, run_examples
from monitor.matching.explain import Explanation
from monitor.matching.index import RuleIndex
from monitor.matching.parser import parse_query
from monitor.matching.query import Query, print_query

__all__ = [
    "Compiled",
    "ExampleFailure",
    "Explanation",
    "Query",
    "RuleIndex",
    "compile_rules",
    "example",
    "native_available",
    "parse_query",
    "print_query",
    "run_examples",
    "with_changes",
]
