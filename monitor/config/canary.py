"""The one rule that nobody writes: it finds the articles of the canary, and those of no other feed."""

from dataclasses import replace

from monitor import keys
from monitor.config.draft import Draft
from monitor.config.rule_files import RuleSet
from monitor.model import CANARY, Rule, RuleKind
from monitor.settings import Settings

_RULE = Rule(
    id=CANARY,
    kind=RuleKind.TOPIC,
    title="Canary",
    names=("monitor canary",),
    exact=True,
    feeds=(CANARY,),
)


def add_canary_rule(settings: Settings, draft: Draft, found: RuleSet) -> None:
    """Put the rule beside those of the files, so that the canary takes the way that every article takes."""
    if any(rule.id == CANARY for rule in found.rules):
        draft.fault(draft.node("canary"), f'canary: a rule has the id "{CANARY}"; give it another one')
        return
    found.rules.append(replace(_RULE, version=keys.rule_version(_RULE), file=str(settings.file)))
