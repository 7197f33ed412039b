"""What was changed in an article, word by word: its title, and the sentences that match a rule now.

For people, not for machines: words stay whole, a change of a word here and there reads as the sentence with words struck and
put in, and a sentence that has little in common with any of before is shown as new. Bounded, however long the texts are.
"""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from monitor.model import Article, Change, Edit, Span
from monitor.text.scripts import is_rtl
from monitor.text.segments import sentence_bounds

MAX_CHANGES = 4
"""Sentences, beside the title."""
_MAX_SENTENCES = 400
_MAX_WORDS = 120
_NEAREST = 4
"""Sentences of before that share most words are looked at closely."""
_ALIKE = 0.5
_TOKEN = re.compile(r"\s+|[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]|[^\W_]+(?:['’][^\W_]+)*|.", re.DOTALL)
"""Blanks, words, single signs; letters of scripts that put no blanks between words stand alone."""


def changes(before: Article, after: Article, spans: Sequence[Span]) -> tuple[Change, ...]:
    """What differs between two revisions of an article, in the title and in the sentences around the spans of `after`."""
    found = [Change(field="title", pieces=difference(before.title, after.title), rtl=is_rtl(after.title))]
    if before.title == after.title:
        found.clear()
    old = [_tidy(before.body[start:end]) for start, end in sentence_bounds(before.body)[:_MAX_SENTENCES]]
    for sentence in _matched(after.body, spans):
        if sentence not in old and len(found) <= MAX_CHANGES:
            nearest = _nearest(sentence, old)
            found.append(Change(field="body", pieces=difference(nearest, sentence), rtl=is_rtl(sentence)))
    return tuple(found)


def difference(before: str, after: str) -> tuple[tuple[str, Edit], ...]:
    """Both texts as one run of pieces: those that are the same, those that were removed, those that were added.

    The same and the added pieces together are `after`, the same and the removed ones `before`, both cut if very long.
    """
    old, new = _words(before), _words(after)
    pieces: list[tuple[str, Edit]] = []
    for what, old_start, old_end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            pieces.append(("".join(new[new_start:new_end]), Edit.SAME))
            continue
        if old_end > old_start:
            pieces.append(("".join(old[old_start:old_end]), Edit.REMOVED))
        if new_end > new_start:
            pieces.append(("".join(new[new_start:new_end]), Edit.ADDED))
    return tuple(_joined(pieces))


def _joined(pieces: Sequence[tuple[str, Edit]]) -> Iterator[tuple[str, Edit]]:
    """Blanks that stay between two changes go with them, so that neighbouring words are struck and put in together."""
    removed = added = ""
    for place, (text, edit) in enumerate(pieces):
        between = edit is Edit.SAME and text.isspace() and (removed or added) and place + 1 < len(pieces)
        if edit is Edit.REMOVED or between:
            removed += text
        if edit is Edit.ADDED or between:
            added += text
        if edit is Edit.SAME and not between:
            yield from _parted(removed, added)
            removed = added = ""
            yield text, edit
    yield from _parted(removed, added)


def _parted(removed: str, added: str) -> Iterator[tuple[str, Edit]]:
    if removed:
        yield removed, Edit.REMOVED
    if added:
        yield added, Edit.ADDED


def _words(text: str) -> list[str]:
    return _TOKEN.findall(_tidy(text))[: 2 * _MAX_WORDS]


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _matched(body: str, spans: Sequence[Span]) -> Iterator[str]:
    """The sentences of the body that the spans stand in, in order, each once."""
    marks = [span.start for span in spans if span.field == "body"]
    shown: set[str] = set()
    for start, end in sentence_bounds(body) if marks else ():
        sentence = _tidy(body[start:end])
        if sentence not in shown and any(start <= mark < end for mark in marks):
            shown.add(sentence)
            yield sentence


def _nearest(sentence: str, old: Sequence[str]) -> str:
    """The sentence of before that it was made from; empty when none is like it."""
    words = _words(sentence)
    wanted = set(words)
    by_words = sorted(old, key=lambda one: -len(wanted.intersection(_words(one))))[:_NEAREST]
    rated = [(SequenceMatcher(None, _words(one), words, autojunk=False).ratio(), one) for one in by_words]
    ratio, best = max(rated, default=(0.0, ""))
    return best if ratio >= _ALIKE else ""
