"""Stories: articles that tell the same news, however many outlets copy or retell it, in whatever language.

Pure: articles in, decisions out; no clock, no disk. Start reading in `grouping.py`, which has the steps as text.

    decision.py  what is decided, and on what ground    tuning.py    the numbers that decide
    copies.py    addresses, whole texts, wording        days.py      the days that headlines name
    features.py  what an article says                   stems.py     words without endings
    lexicon.py   how common words are, what names name  vectors.py   words by weight
    profile.py   what a group of articles says          story.py     how near two stories are
    postings.py  which articles have a word             told.py      what two have in common, in words
    chain.py     why two articles are, or are not, one story
"""

from monitor.stories.chain import Chain, Why
from monitor.stories.decision import Decision, Evidence, Merge, Step
from monitor.stories.grouping import Stories
from monitor.stories.lexicon import Lexicon
from monitor.stories.tuning import DEFAULT, Tuning

__all__ = ["DEFAULT", "Chain", "Decision", "Evidence", "Lexicon", "Merge", "Step", "Stories", "Tuning", "Why"]
