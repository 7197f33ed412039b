"""The sentences around matched words: the part of an alert that lets a reader judge it without opening the article.

Marks are offsets into the excerpt's own text. White space becomes plain spaces one for one, so that offsets survive.
It must never fail on odd spans: a place that cannot be found in the article is shown as the bare matched words.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from monitor.model import Article, Excerpt, Span
from monitor.text.scripts import is_rtl
from monitor.text.segments import sentence_bounds

MAX_LENGTH = 320
"""Characters of an excerpt; a longer sentence is cut around its matched words."""
_MARKED_WIDTH = 220
"""How far apart two matched words of a long sentence may be and still share an excerpt."""
_WORD_SEARCH = 40
"""How far a cut moves to find the border of a word; scripts without spaces have none."""
_SPACE = re.compile(r"\s")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """An excerpt in the making: bounds and marks in the field's text, and the terms that stand in it."""

    text: str
    field: str
    start: int
    end: int
    sentence: tuple[int, int]
    marks: tuple[tuple[int, int], ...]
    terms: frozenset[str]


def excerpts(article: Article, spans: Sequence[Span], limit: int) -> tuple[Excerpt, ...]:
    """At most `limit` excerpts that show where a rule matched, the most telling first.

    The title leads, and a sentence that only repeats it is left out; then comes whatever shows most terms that have not been shown yet, then most terms, then the order
    of the text. Several matches in one sentence are one excerpt with several marks.
    """
    left = list(_pieces(article, spans))
    shown: set[str] = set()
    chosen: list[Excerpt] = []
    while left and len(chosen) < limit:
        # `max` takes the first of equals, so that the order of the text decides last.
        best = max(left, key=lambda one: (one.field == "title", len(one.terms - shown), len(one.terms)))
        left.remove(best)
        shown |= best.terms
        if best.field == "title":
            left = [one for one in left if not _repeats(best, one)]
        chosen.append(_excerpt(best))
    return tuple(chosen)


def _repeats(title: _Piece, other: _Piece) -> bool:
    """Whether a sentence only says again what the title says, as where a title is the beginning of the text."""
    start = " ".join(title.text.rstrip("….").split())
    return other.terms <= title.terms and " ".join(other.text[other.start : other.end].split()).startswith(start)


def _pieces(article: Article, spans: Sequence[Span]) -> Iterator[_Piece]:
    texts = {"title": article.title, "body": article.body, "author": article.author or "", "url": article.url or ""}
    for field, found in groupby(spans, key=lambda span: span.field):
        text = texts.get(field, "")
        placed: list[Span] = []
        for span in found:
            if span.text and text[span.start : span.end] == span.text:
                placed.append(span)
            elif span.text:
                yield _bare(span)
        for sentence, inside in _by_sentence(text, placed):
            yield from _split(text, field, sentence, inside)


def _bare(span: Span) -> _Piece:
    """The matched words alone, for fields without a running text (categories)."""
    end = len(span.text)
    return _Piece(
        text=span.text,
        field=span.field,
        start=0,
        end=min(end, MAX_LENGTH),
        sentence=(0, end),
        marks=((0, end),),
        terms=frozenset({span.term}),
    )


def _by_sentence(text: str, spans: Sequence[Span]) -> Iterator[tuple[tuple[int, int], list[Span]]]:
    """The spans grouped by the sentence around them; a span over two sentences joins them."""
    bounds = sentence_bounds(text) if spans else []
    starts, ends = [start for start, _ in bounds], [end for _, end in bounds]
    group: list[Span] = []
    first = last = -1
    for span in sorted(spans, key=lambda one: (one.start, one.end)):
        head, tail = bisect_right(starts, span.start) - 1, bisect_left(ends, span.end)
        if group and head > last:
            yield (starts[first], ends[last]), group
            group = []
        if not group:
            first = head
        group.append(span)
        last = max(last, tail)
    if group:
        yield (starts[first], ends[last]), group


def _split(text: str, field: str, sentence: tuple[int, int], spans: Sequence[Span]) -> Iterator[_Piece]:
    """The sentence as one piece, or, when it is too long, as one for each bunch of matched words."""
    start, end = sentence
    bunches: list[list[Span]] = []
    for span in spans:
        near = bunches and span.end - bunches[-1][0].start <= _MARKED_WIDTH
        if near or (bunches and end - start <= MAX_LENGTH):
            bunches[-1].append(span)
        else:
            bunches.append([span])
    for bunch in bunches:
        marks = _merged((span.start, span.end) for span in bunch)
        left, right = _window(text, sentence, (marks[0][0], marks[-1][1]))
        yield _Piece(
            text=text,
            field=field,
            start=left,
            end=right,
            sentence=sentence,
            marks=marks,
            terms=frozenset(span.term for span in bunch),
        )


def _merged(marks: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The marks, ordered, with those that overlap made one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(marks):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _window(text: str, sentence: tuple[int, int], marked: tuple[int, int]) -> tuple[int, int]:
    """The part of the sentence to show: all of it, or `MAX_LENGTH` characters around what is marked."""
    start, end = sentence
    if end - start <= MAX_LENGTH:
        return sentence
    first, last = marked[0], min(marked[1], marked[0] + MAX_LENGTH)
    room = MAX_LENGTH - (last - first)
    left = max(start, first - room // 2)
    right = min(end, left + MAX_LENGTH)
    left = max(start, right - MAX_LENGTH)
    if left > start:
        left = next((at for at in range(left, min(first, left + _WORD_SEARCH)) if text[at - 1].isspace()), left)
    if right < end:
        right = next((at for at in range(right, max(last, right - _WORD_SEARCH), -1) if text[at].isspace()), right)
    return left, right


def _excerpt(piece: _Piece) -> Excerpt:
    raw = piece.text[piece.start : piece.end]
    lead = len(raw) - len(raw.lstrip())
    start = piece.start + lead
    text = _SPACE.sub(" ", raw.strip())
    marks = ((max(left - start, 0), min(right - start, len(text))) for left, right in piece.marks)
    return Excerpt(
        field=piece.field,
        text=text,
        marks=tuple((left, right) for left, right in marks if left < right),
        rtl=is_rtl(text),
        cut_left=piece.start > piece.sentence[0],
        cut_right=piece.end < piece.sentence[1],
    )
