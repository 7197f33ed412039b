"""The numbers of the decision, in one place.

They were found with `python -m bench.stories fit`, a search with a fixed seed on one half of the development data, and lie on a
plateau of it; what that data is, and what was looked at besides, stands in docs/stories.md. Those marked *by hand* have no data
that could fit them.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """What decides whether articles tell the same news.

    Some have two values: for *thin* articles (a headline alone) and for *full* ones (`enough` words and
    more); between them they are weighed by length.
    """

    window: timedelta = timedelta(days=5)
    """By hand. Articles further apart tell no common story, unless others lie between them."""
    a_day: float = 0.02
    """By hand. What a day between two articles adds to the needed similarity."""
    prior: float = 2000.0
    """Articles that the shipped shares of words count for, beside those that were read."""
    name: float = 1.5
    """What a name weighs beside a word that is as rare."""
    figure: float = 1.0
    """What a number weighs beside a word that is as rare."""
    title: float = 1.4
    """What a word of the title weighs beside one of the body."""
    enough: float = 100.0
    """Words of a full telling."""
    alike_thin: float = 0.2
    alike_full: float = 0.4
    """How alike two tellings of one event usually are."""
    usual: float = 16.0
    """Pairs of articles that this counts for, beside those of the story."""
    floor_thin: float = 0.2
    floor_full: float = 0.69
    """Needed between two stories of many articles, as a part of how alike the articles of each are."""
    alone_thin: float = 0.8
    alone_full: float = 0.38
    """Needed more between two single articles; between stories it is divided by the root of the number of pairs."""
    across: float = 0.25
    """Needed between the names and figures of two languages. By hand, as is the next."""
    across_shared: int = 3
    """Names and figures that two languages must share."""
    near: float = 0.5
    """The part of the runs of three words that two near copies share. By hand."""
    near_length: int = 12
    """By hand. Shorter texts are no near copies: too few runs."""


DEFAULT: Final = Tuning()
