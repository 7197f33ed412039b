"""The names of a rule, judged: too short, too common, never covered, never reached, said twice."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from monitor.matching.compile import CompiledRule, Names
from monitor.matching.names import NameWord, Variant, is_article, variants
from monitor.matching.word_use import WordUse
from monitor.model import Rule, Tier
from monitor.text.fold import fold
from monitor.text.scripts import script_of
from monitor.text.tokens import tokenise

_FEW_CONSONANTS = 2
_VOWELS = frozenset("aeiouyаеиоуыэюяіїєўαειουηω")
_CAPITAL_SCRIPTS = frozenset({"Latn", "Cyrl", "Grek"})
_MOSTLY = 0.5
_SELDOM = 0.05
_SHORT = 4  # letters
_SHOWN = 5  # names in one finding


class Level(StrEnum):
    """How grave a finding is."""

    ERROR = "error"
    """The rule, or a part of it, can do nothing."""
    WARNING = "warning"
    """It will cost much, or find what nobody meant."""
    ADVICE = "advice"

    @property
    def rank(self) -> int:
        """0 for the gravest."""
        return list(Level).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is unwise about a rule."""

    level: Level
    check: str
    """A short name for the kind of finding."""
    part: str
    """The key of the rule that it is about: `names[1]`, `query`, …"""
    message: str
    """One sentence, with its evidence."""


def lint_names(compiled: CompiledRule, use: WordUse | None, common: Mapping[str, str]) -> Iterator[Finding]:
    """What there is to say of the names of one rule."""
    names, rule = compiled.names, compiled.rule
    if names is None:
        return
    made: dict[str, list[Variant]] = {}
    for variant in names.variants:
        made.setdefault(variant.term, []).append(variant)
    if not (rule.needs or rule.query or rule.score):
        yield from _lonely(rule, made, use, common)
    yield from _uncovering(rule, names)
    yield from _unreached(rule)
    yield from _said_twice(rule, made)


def _parts(rule: Rule) -> Iterator[tuple[str, str, bool]]:
    """Every name with its key, and whether it is an alias."""
    yield from ((f"names[{number}]", text, False) for number, text in enumerate(rule.names))
    yield from ((f"aliases[{number}]", text, True) for number, text in enumerate(rule.aliases))


# names that need company


def _lonely(
    rule: Rule, made: Mapping[str, list[Variant]], use: WordUse | None, common: Mapping[str, str]
) -> Iterator[Finding]:
    """Names of one word that nothing guards."""
    listed: list[str] = []
    for part, text, _ in _parts(rule):
        words = [token for token in tokenise(text).folded if not is_article(token)]
        if len(words) != 1:
            continue
        vouched = _vouched(words[0], use)
        few = _few_consonants(words[0])
        if few is not None and not vouched:
            level = Level.WARNING if len(words[0]) <= _SHORT else Level.ADVICE
            message = f"{text} has {few}: other words are bent or written like it; give it needs:, or a longer name"
            yield Finding(level, "short-name", part, message)
        evidence = _written_small(made.get(text, []), words[0], use)
        if evidence:
            message = f"{text} needs company, by needs: or a longer name: {evidence}"
            yield Finding(Level.WARNING, "common-word", part, message)
        elif words[0] in common and not vouched:
            listed.append(f"{text} ({common[words[0]]})")
    if listed:
        more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
        message = f"frequent as words, so look whether they need company: {', '.join(listed[:_SHOWN])}{more}"
        yield Finding(Level.ADVICE, "frequent-word", "names", message)


def _few_consonants(word: str) -> str | None:
    """How many consonants, if they are too few to tell a name. Only scripts that write vowels are counted."""
    if script_of(word) not in _CAPITAL_SCRIPTS:
        return None
    count = sum(char.isalpha() and char not in _VOWELS for char in word)
    if count > _FEW_CONSONANTS:
        return None
    return f"{('no', 'one', 'two')[count]} consonant{'' if count == 1 else 's'}"


def _vouched(word: str, use: WordUse | None) -> bool:
    """Whether the sample writes it as a name nearly always."""
    small = use.written_small(word) if use is not None else None
    return small is not None and small[0] <= _SELDOM * small[1]


def _written_small(found: list[Variant], word: str, use: WordUse | None) -> str:
    """How the sample writes the name or one of its forms, if as a common word."""
    forms = dict.fromkeys([word, *(form for one in found if len(one.words) == 1 for form in one.words[0].forms)])
    for form in forms:
        small = use.written_small(form) if use is not None else None
        if small is not None and small[0] >= _MOSTLY * small[1]:
            return f"{form} is written without a capital in {small[0]} of {small[1]} places in the sample"
    return ""


# not: phrases


def _uncovering(rule: Rule, names: Names) -> Iterator[Finding]:
    """A phrase without a word of a name takes no name away."""
    named = [word for variant in names.variants for word in variant.words]
    forms = {form for word in named for form in word.forms}
    keys = {word.key for word in named if word.key}
    for number, text in enumerate(rule.not_):
        blanks = [one for one in names.blanks if one.term == text]
        words = [word for one in blanks for word in one.words if isinstance(word, NameWord)]
        if not any(form in forms for word in words for form in word.forms) and not _heard(text, keys):
            message = f"{text} has no word of any name: it can never cover one"
            yield Finding(Level.WARNING, "not-covering", f"not[{number}]", message)


def _heard(text: str, keys: set[str]) -> bool:
    """Whether a word of the text counts as a name by its sound."""
    return any(word.key in keys for one in variants(text) for word in one.words if word.key)


# tiers


def _unreached(rule: Rule) -> Iterator[Finding]:
    """Tiers that are switched to no effect."""
    for tier, on in sorted(rule.variants.items()):
        if on and rule.exact and tier in {Tier.INFLECTED, Tier.TRANSLITERATED}:
            message = f"exact: true leaves {tier} forms out, whatever stands here"
            yield Finding(Level.WARNING, "tier", f"variants.{tier}", message)
        elif tier == Tier.ALIAS and not on and rule.aliases:
            yield Finding(Level.WARNING, "tier", f"variants.{tier}", "the aliases are never looked for")
        elif not on and not _has_tier(rule, tier):
            message = f"no name of the rule has {tier} forms: this changes nothing"
            yield Finding(Level.ADVICE, "tier", f"variants.{tier}", message)


def _has_tier(rule: Rule, tier: str) -> bool:
    """Whether names would have forms of a tier if it were on."""
    tiers = {**rule.variants, tier: True}
    made = [
        one for _, text, alias in _parts(rule) for one in variants(text, alias=alias, exact=rule.exact, tiers=tiers)
    ]
    if tier in {Tier.EXACT, Tier.ALIAS}:
        return any(one.tier == tier for one in made)
    words = [word for one in made for word in one.words]
    heard = tier == Tier.TRANSLITERATED and any(word.key for word in words)
    return heard or any(tier in word.forms.values() for word in words)


# aliases that say nothing new


def _said_twice(rule: Rule, made: Mapping[str, list[Variant]]) -> Iterator[Finding]:
    before: list[str] = []
    for part, text, _ in _parts(rule):
        tokens = tokenise(text).folded
        finder = next((name for name in before if any(_finds(one, tokens) for one in made.get(name, ()))), None)
        if finder is not None:
            how = "the same" if fold(finder) == fold(text) else f"found by {finder} already"
            yield Finding(Level.ADVICE, "said-twice", part, f"{text} can be left out: it is {how}")
        before.append(text)


def _finds(variant: Variant, tokens: tuple[str, ...]) -> bool:
    """Whether these tokens are the variant, by its own spellings; by sound alone a person may want to see an alias."""
    return len(variant.words) == len(tokens) and all(
        token in word.forms for word, token in zip(variant.words, tokens, strict=True)
    )
