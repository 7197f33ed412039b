"""What is unwise about rules that work: what they cost, and where they will find what nobody meant.

Pure: rules in, findings out. Evidence is what the rules themselves say, the words of a sample of articles (`WordUse`),
and a table of common words, where there are such. Without evidence nothing is said of a word.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from monitor.matching.compile import CompiledRule, Node, Pattern
from monitor.matching.index import RuleIndex
from monitor.matching.lint_names import Finding, Level, lint_names
from monitor.matching.query import VALUE_FIELDS, Field, Not
from monitor.matching.required import AnyWord, Clause, Requirements, trigger_words
from monitor.matching.word_use import WordUse
from monitor.model import Rule
from monitor.text.fold import fold

_MUCH = 0.2
_SOME = 0.05
"""A share of all articles."""
_WASTE = 4
"""Asked so many times for one hit."""
_SHOWN_WORDS = 6
_SHORT_WILDCARD = 3
_SCORE_CAP = 3  # a weighted word counts for so many occurrences


class Asked(StrEnum):
    """When a rule is evaluated."""

    WORDS = "words"
    """When one of its words occurs."""
    ALWAYS = "always"
    """For every article: there is no word that it needs."""
    NEVER = "never"
    """It is disabled."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Under what a rule is filed, and how often it is evaluated for that."""

    asked: Asked
    words: tuple[str, ...] = ()
    """Some of the words, one form of each; wildcards with their star. With a sample the commonest, else the first."""
    forms: int = 0
    """In how many forms it is filed in all."""
    share: float | None = None
    """At most what part of the articles has one of the words; None without a sample."""


@dataclass(frozen=True, slots=True)
class Linted:
    """One rule."""

    rule: Rule
    cost: Cost
    findings: tuple[Finding, ...]
    """The gravest first."""


def lint(index: RuleIndex, use: WordUse | None = None, common: Mapping[str, str] | None = None) -> Iterator[Linted]:
    """Judge every rule, by id. `common` says of folded words in which language they are common."""
    requirements = Requirements()
    taken = _names_taken(index.rules.values())
    queries = _first_with(index.rules.values())
    for rule_id in sorted(index.compiled):
        compiled = index.compiled[rule_id]
        clauses = requirements.of(compiled)
        cost = _cost(compiled, clauses, use)
        findings = [
            *_cost_findings(compiled, cost, clauses, use),
            *lint_names(compiled, use, common or {}),
            *_doubles(compiled.rule, taken, queries),
            *_whole(compiled.rule),
        ]
        yield Linted(compiled.rule, cost, tuple(sorted(findings, key=lambda one: one.level.rank)))


# cost


def _cost(compiled: CompiledRule, clauses: tuple[Clause, ...], use: WordUse | None) -> Cost:
    if not compiled.rule.enabled:
        return Cost(Asked.NEVER)
    if not clauses:
        return Cost(Asked.ALWAYS, share=1.0)
    words = list(trigger_words(clauses[0]))
    forms = sum(1 if isinstance(word, re.Pattern) else len(word.forms) for word in words)
    share = None
    if use is not None and use.tells:
        shares = {id(word): _share(word, use) for word in words}
        share = min(1.0, sum(shares[id(word)] for word in words))
        words.sort(key=lambda word: -shares[id(word)])
    shown = tuple(dict.fromkeys(_shown(word) for word in words))[:_SHOWN_WORDS]
    return Cost(Asked.WORDS, shown, forms, share)


def _shown(word: AnyWord) -> str:
    """A word as a person would write it; a wildcard with its stars."""
    if isinstance(word, re.Pattern):
        return re.sub(r"\\(.)", r"\1", re.sub(r"\(\?>\.\*\?(.*?)\)|\.\*", r"*\1", word.pattern).replace(".", "?"))
    return min(word.forms, key=lambda form: (word.forms[form].value != "exact", len(form), form))


def _share(word: AnyWord, use: WordUse) -> float:
    if isinstance(word, re.Pattern):
        return use.caught(word)
    return use.share({*word.forms, *(use.alike(word.key) if word.key else ())})


def _cost_findings(
    compiled: CompiledRule, cost: Cost, clauses: tuple[Clause, ...], use: WordUse | None
) -> Iterator[Finding]:
    if cost.asked is Asked.ALWAYS:
        yield Finding(
            Level.WARNING, "asked-always", _part(compiled), f"it is asked for every article: {_why(compiled)}"
        )
    if cost.share is not None and use is not None and cost.asked is Asked.WORDS:
        yield from _often(compiled, cost, cost.share, use)
    for word in trigger_words(clauses[0]) if clauses and cost.asked is Asked.WORDS else ():
        if isinstance(word, re.Pattern) and len(re.sub(r"\W", "", _shown(word))) <= _SHORT_WILDCARD:
            message = f"the wildcard {_shown(word)} has few letters and catches much{_caught(word, use)}"
            yield Finding(Level.WARNING, "wildcard", _part(compiled), message)


def _often(compiled: CompiledRule, cost: Cost, share: float, use: WordUse) -> Iterator[Finding]:
    """Asked much oftener than it hits; or hits so often that nobody will read it."""
    hits = use.hits[compiled.rule.id] / use.articles
    if share >= _SOME and hits * _WASTE <= share:
        level = Level.WARNING if share >= _MUCH else Level.ADVICE
        message = (
            f"it is asked for up to {share:.0%} of the articles and hits {hits:.1%}, for it is filed under common words: "
            f"{', '.join(cost.words)}; require a rarer word as well"
        )
        yield Finding(level, "asked-often", _part(compiled), message)
    if hits >= _SOME:
        level = Level.WARNING if hits >= _MUCH else Level.ADVICE
        yield Finding(level, "hits-often", _part(compiled), f"it hits {hits:.0%} of the articles of the sample")


def _caught(word: "re.Pattern[str]", use: WordUse | None) -> str:
    return f": a word of {use.caught(word):.0%} of the articles" if use is not None and use.tells else ""


def _part(compiled: CompiledRule) -> str:
    """The key of the rule that decides when it is asked."""
    if compiled.query is not None:
        return "query"
    return "names" if compiled.names is not None else "score"


def _why(compiled: CompiledRule) -> str:
    roots = [compiled.query] if compiled.query is not None else [one.node for one in compiled.weighted]
    leaves = list(_leaves(roots))
    if any(isinstance(leaf, Pattern) for leaf in leaves):
        return "a regular expression is looked for in the whole text; add a word that must occur beside it"
    if not leaves:
        return "its query names only fields with one value, such as lang: or feed:; add a word that must occur"
    return "no word of its query has to occur in a text that it hits; join one with AND"


def _leaves(nodes: Iterable[Node]) -> Iterator[object]:
    """What a query looks for in a text; not what it asks to be absent."""
    for node in nodes:
        if isinstance(node.query, Not) or (isinstance(node.query, Field) and node.query.field in VALUE_FIELDS):
            continue
        if node.leaf is not None:
            yield node.leaf
        yield from _leaves(node.parts)


# between rules, and rules as wholes


def _names_taken(rules: Iterable[Rule]) -> dict[str, list[str]]:
    """Folded name -> the enabled rules that have it."""
    taken: dict[str, list[str]] = {}
    for rule in rules:
        if rule.enabled:
            for name in dict.fromkeys(fold(text) for text in (*rule.names, *rule.aliases)):
                taken.setdefault(name, []).append(rule.id)
    return taken


def _first_with(rules: Iterable[Rule]) -> dict[tuple[object, ...], str]:
    """The first rule with what decides its hits."""
    first: dict[tuple[object, ...], str] = {}
    for rule in rules:
        first.setdefault(_content(rule), rule.id)
    return first


def _content(rule: Rule) -> tuple[object, ...]:
    return (
        *(rule.names, rule.aliases, rule.query, rule.score, rule.needs, rule.within, rule.not_, rule.lang, rule.script),
        *(rule.feeds, rule.outlets, rule.exact, tuple(sorted(rule.variants.items())), rule.enabled, rule.max_age),
    )


def _doubles(
    rule: Rule, taken: Mapping[str, list[str]], queries: Mapping[tuple[object, ...], str]
) -> Iterator[Finding]:
    twin = queries[_content(rule)]
    if twin != rule.id:
        yield Finding(Level.WARNING, "same-rule", "id", f"it says the same as the rule {twin}")
        return
    for key, texts in (("names", rule.names), ("aliases", rule.aliases)):
        for number, text in enumerate(texts):
            others = [one for one in taken.get(fold(text), ()) if one != rule.id]
            if others and rule.enabled:
                level = Level.ADVICE if rule.needs else Level.WARNING
                more = f" and {len(others) - 1} more" if len(others) > 1 else ""
                message = f"{text} is also a name of the rule {others[0]}{more}: an article with it hits both"
                yield Finding(level, "double-name", f"{key}[{number}]", message)


def _whole(rule: Rule) -> Iterator[Finding]:
    if rule.score is not None:
        most = sum(weight for _, weight in rule.score.words if weight > 0) * _SCORE_CAP
        if most < rule.score.threshold:
            message = (
                f"its words come to {most} at most, each counted three times; the threshold is {rule.score.threshold}"
            )
            yield Finding(Level.ERROR, "never", "score", message)
    if not (rule.examples.match or rule.examples.ignore):
        yield Finding(Level.ADVICE, "no-examples", "examples", "it has no examples: nothing proves that it works")
    elif not rule.examples.match:
        yield Finding(Level.ADVICE, "no-examples", "examples", "no example shows what it must hit")
