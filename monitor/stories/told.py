"""What an article shares with another article or story, in words."""

from typing import Final

from monitor.stories.copies import resemblance
from monitor.stories.days import other_days
from monitor.stories.decision import Evidence, Step
from monitor.stories.features import Features
from monitor.stories.story import Affinity, Item, Story, affinity, apart, story_alone
from monitor.stories.tuning import Tuning
from monitor.stories.vectors import Vector

_SHOWN: Final = 8


def evidence_of(
    item: Item, like: Item, found: Affinity, features: Features | None = None, story: Story | None = None
) -> Evidence:
    """The evidence of a comparison; with the words that weigh most when the features of the article are given."""
    words: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    if features is not None:
        terms, concepts = features.terms(), features.concepts()
        if found.step is Step.OTHER_LANGUAGE:
            table = story.names.table() if story is not None else like.names.as_dict()
            common = [concepts[one][1] for one in _common(item.names, table) if one in concepts]
            names = tuple(one for one in common if not one[0].isdigit())[:_SHOWN]
            figures = tuple(one for one in common if one[0].isdigit())[:_SHOWN]
        else:
            profile = story.words.get(item.lang) if story is not None else None
            table = profile.table() if profile is not None else like.words.as_dict()
            shared = [terms[number] for number in _common(item.words, table) if number in terms]
            words = tuple(one.written for one in shared if not one.name and not one.figure)[:_SHOWN]
            names = tuple(one.written for one in shared if one.name)[:_SHOWN]
            figures = tuple(one.written for one in shared if one.figure)[:_SHOWN]
    return Evidence(
        step=found.step,
        like=like.key,
        similarity=round(found.similarity, 4),
        needed=round(found.needed, 4),
        apart=apart(item, like),
        words=words,
        names=names,
        figures=figures,
    )


def exact(step: Step, item: Item, like: Item) -> Evidence:
    """The evidence of what is the same or is not: nothing is measured."""
    return Evidence(step=step, like=like.key, similarity=1.0, needed=1.0, apart=apart(item, like))


def compared(first: Item, second: Item, features: Features, tuning: Tuning) -> Evidence:
    """What two articles have in common, as if they were alone. The features are those of the first."""
    if first.url == second.url != 0:
        return exact(Step.SAME_URL, first, second)
    if first.text == second.text != 0:
        return exact(Step.SAME_TEXT, first, second)
    found = affinity(story_alone(first), story_alone(second), tuning)
    alike = resemblance(first.sketch, second.sketch)
    long_enough = min(first.length, second.length) * tuning.enough >= tuning.near_length
    if long_enough and alike >= tuning.near:
        found = Affinity(Step.NEAR_COPY, alike, tuning.near)
    if other_days(first.days, second.days) or found.margin < 0:
        found = Affinity(Step.NOTHING, found.similarity, found.needed)
    return evidence_of(first, second, found, features)


def _common(vector: Vector, table: dict[int, float]) -> list[int]:
    """The shared terms, those that add most first."""
    weighed = zip(vector.numbers, vector.weights, strict=True)
    found = [(weight * table[number], number) for number, weight in weighed if number in table]
    return [number for _, number in sorted(found, key=lambda one: (-one[0], one[1]))]
