"""What rules say of feeds and outlets: both must be known to the settings.

Articles carry the names of their outlets, since a feed may bring those of others; rules name outlets by id. Here, where
both are known, the ids become names.
"""

from dataclasses import replace
from difflib import get_close_matches

from monitor import keys
from monitor.config.document import quoted
from monitor.config.draft import Draft
from monitor.config.rule_files import RuleSet
from monitor.config.values import did_you_mean
from monitor.settings import Settings


def check_rule_scope(draft: Draft, settings: Settings, found: RuleSet) -> None:
    """Rules may only name feeds and outlets that exist; faults go to the rule set.

    Where a part of the settings is spoilt, nothing is said of names that may stand in it.
    """
    feeds = dict.fromkeys(feed.id for feed in settings.feeds)
    outlets = dict.fromkeys(outlet.id for outlet in settings.outlets)
    spoilt = {section for section, _ in draft.spoilt}
    for rule in found.rules:
        for key, names, known in (("feeds", rule.feeds, feeds), ("outlets", rule.outlets, outlets)):
            for place, name in enumerate(names):
                if name not in known and key not in spoilt:
                    near = get_close_matches(name, known, 1, 0.6)
                    message = f"{key}: {quoted(name)} is not among the {key} of the settings"
                    hint = did_you_mean(near[0] if near else None)
                    found.faults.append(found.fault(rule.id, (key, place), None, f"{message}{hint}"))


def name_outlets(settings: Settings, found: RuleSet) -> None:
    """Put the names of outlets in place of their ids in every rule. The version follows: it decides what is matched."""
    titles = settings.outlet_titles()
    for place, rule in enumerate(found.rules):
        if rule.outlets:
            named = replace(rule, outlets=tuple(titles.get(name, name) for name in rule.outlets))
            found.rules[place] = replace(named, version=keys.rule_version(named))
