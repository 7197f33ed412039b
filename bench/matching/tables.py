"""The section of docs/benchmarks.md: what was measured, with the corpus and the selectivity at every table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bench.matching.measure import Check, Costs, Speed
from bench.matching.standing import Changes, Command, Footprint, Scaling


@dataclass
class Size:
    """All that was measured with one number of rules."""

    rules: int
    index: str
    """Which index ran."""
    hits: float
    """An article, over all articles."""
    compile_s: float
    ids: Speed
    spans: Speed
    costs: Costs
    """Ids alone."""
    changes: Changes
    footprint: Footprint
    rivals: list[tuple[str, Speed]] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Of the rules hit an article."""
        return self.hits / self.rules


@dataclass
class Words:
    """The hits when words are cut as the rules' generator cuts them."""

    rules: int
    articles: int
    hits: int
    missing: list[tuple[str, str]]
    surplus: list[tuple[str, str]]


@dataclass
class Report:
    """One run."""

    machine: str
    corpus: str
    command_line: str
    rounds: int
    sizes: list[Size] = field(default_factory=list)
    scaling: Scaling | None = None
    commands: list[Command] = field(default_factory=list)
    words: Words | None = None
    left_out: list[str] = field(default_factory=list)

    def markdown(self) -> str:
        """The section."""
        parts = [
            "## Matching beside its rivals (`make bench-matching`)",
            self.machine,
            (
                f"{self.corpus}. Run as `{self.command_line}`. Figures are articles a CPU second on one core, the median of "
                f"{self.rounds} rounds; rules hit {self._selectivity()}."
            ),
            _ours(self.sizes),
            _rivals(self.sizes),
            "\n".join(self.left_out),
            _scaling(self.scaling) if self.scaling else "",
            _commands(self.commands, self.sizes) if self.commands else "",
            _checks(self.sizes),
            _words(self.words) if self.words else "",
        ]
        return "\n\n".join(part for part in parts if part) + "\n"

    def _selectivity(self) -> str:
        return ", ".join(f"{one.hits:.1f} an article of {one.rules:,} ({one.share:.2%})" for one in self.sizes)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    marks = ["---", *["--:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, marks, *rows))


def _ours(sizes: Sequence[Size]) -> str:
    langs = list(sizes[0].costs.by_language)
    rows = [
        ("hits alone", *(f"{one.ids.per_second:,.0f}" for one in sizes)),
        ("hits with spans", *(f"{one.spans.per_second:,.0f}" for one in sizes)),
        ("p50 / p99 an article, CPU µs", *(f"{one.costs.p50:,.0f} / {one.costs.p99:,.0f}" for one in sizes)),
        (f"mean in {' / '.join(langs)}, CPU µs", *(_by_language(one, langs) for one in sizes)),
        ("compile, CPU s", *(f"{one.compile_s:.2f}" for one in sizes)),
        (
            "mapped from its image with its rules, MB (a thousand)",
            *(_megabytes(one, one.footprint.mapped_mb) for one in sizes),
        ),
        ("compiled in this process, MB (a thousand)", *(_megabytes(one, one.footprint.set_mb) for one in sizes)),
        ("its rules as objects, MB", *(f"{one.footprint.rules_mb:.0f}" for one in sizes)),
        ("add one rule, CPU ms (worst)", *(f"{one.changes.add:.2f} ({one.changes.add_worst:.2f})" for one in sizes)),
        ("remove one rule, CPU ms", *(f"{one.changes.remove:.2f}" for one in sizes)),
        ("index", *(one.index for one in sizes)),
    ]
    head = ("monitor", *(f"{one.rules:,} rules" for one in sizes))
    note = (
        "A change is live when the next article has been matched with it; what that article costs anyway is taken off."
    )
    return f"{_table(head, rows)}\n\n{note}"


def _by_language(one: Size, langs: Iterable[str]) -> str:
    return " / ".join(f"{one.costs.by_language[lang]:,.0f}" for lang in langs)


def _megabytes(one: Size, megabytes: float) -> str:
    return f"{megabytes:.1f} ({megabytes / one.rules * 1000:.2f})"


def _rivals(sizes: Sequence[Size]) -> str:
    rows = [
        (f"{name}, {size.rules:,} rules", f"{speed.per_second:,.1f}", f"{speed.ours:,.0f}", f"{speed.ratio:,.1f}", f"{speed.articles}")
        for size in sizes
        for name, speed in size.rivals
    ]  # fmt: skip
    if not rows:
        return ""
    head = ("rival", "articles a CPU second", "monitor, same articles", "times faster", "articles in a turn")
    return (
        f"{_table(head, rows)}\n\nA rival and monitor (hits alone) take turns on the same articles, in one process but for "
        "PostgreSQL's server. All get the same words. PostgreSQL has NEAR as AND."
    )


def _scaling(one: Scaling) -> str:
    return (
        f"**{one.many:,} rules at the hits of {one.few:,}.** The first {one.few:,} rules alone, then among others that hit none "
        f"of the articles, so that hits are the same ({one.hits:.1f} an article): {one.few_cost:,.1f} and {one.many_cost:,.1f} "
        f"CPU µs an article, **{one.ratio:.2f} times**."
    )


def _commands(commands: Sequence[Command], sizes: Sequence[Size]) -> str:
    speeds = {size.rules: size.ids.per_second for size in sizes}
    rows = [
        (
            f"{one.rules:,} rules, {one.articles:,} articles, {one.hits:,} hits",
            f"{one.per_second:,.0f}",
            f"{one.per_second / speeds[one.rules]:.2f}" if one.rules in speeds else "",
            f"{one.load_s:.2f}",
            f"{one.again_s:.2f}",
        )
        for one in commands
    ]
    head = ("`monitor match`", "articles a CPU second", "of hits alone", "from YAML, CPU s", "once more, CPU s")
    note = "JSON lines in, one JSON object with spans a hit out, by the command's own `--stats`."
    return " ".join([f"{_table(head, rows)}\n\n{note}", *(_stages(one) for one in commands if one.stages)])


def _stages(one: Command) -> str:
    parts = ", ".join(f"{name} {cost:,.0f}" for name, cost in one.stages.items())
    return f"Of the {1e6 / one.per_second:,.0f} µs an article at {one.rules:,} rules: {parts}."


def _checks(sizes: Sequence[Size]) -> str:
    checked = [(size, check) for size in sizes for check in size.checks]
    rows = [
        (
            f"{check.engine}, {size.rules:,} rules",
            f"{check.articles}",
            f"{check.hits:,}",
            f"{len(check.missing)}",
            f"{len(check.surplus)}",
            f"{check.allowed}" if check.allowed else "",
        )
        for size, check in checked
    ]
    head = ("held against the oracle", "articles", "its hits", "missing", "too many", "NEAR as AND")
    differences = [line for _, check in checked for line in check.lines()]
    listed = "\n".join(f"- {line}" for line in differences)
    return f"{_table(head, rows)}\n\n{listed or 'No difference.'}"


def _words(one: Words) -> str:
    examples = [f"{rule} in {article}" for article, rule in (*one.surplus, *one.missing)][:8]
    listed = f" For example {'; '.join(examples)}." if examples else ""
    return (
        f"With words cut as the rules' generator cuts them (it leaves ة apart from ه and ى from ي, for example), its oracle says "
        f"{one.hits:,} hits on {one.articles} articles at {one.rules:,} rules: monitor has {len(one.surplus)} more and "
        f"{len(one.missing)} fewer.{listed}"
    )
