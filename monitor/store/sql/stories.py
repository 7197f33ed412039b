"""Stories in SQLite: which story an article tells, how far a story has spread. Each function works inside its caller's
transaction.

An article from before there were stories has none written down, and tells its own.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from monitor.alerting import wire_of
from monitor.model import CANARY, Article, Copy, StoryFacts
from monitor.store.sql import values
from monitor.store.sql.database import upsert
from monitor.store.sql.values import Row, stamp
from monitor.text.scripts import is_rtl

_TOLD_BY = "coalesce(a.outlet, f.title, f.own_title)"


def put(db: Row, stories: Mapping[int, str], merges: Sequence[tuple[str, str]]) -> dict[int, str]:
    """Write down the stories of articles, by their numbers, and that stories became part of others: the one that is no
    more, and the one that it belongs to. Returns the stories as they are now: another poll may have told of a merge since
    these were decided.
    """
    for gone, into in merges:
        root = current(db, into)
        if root == gone:
            continue
        db.execute(upsert("story_merges", ("gone", "into_story")), (gone, root))
        db.execute("UPDATE story_merges SET into_story = ? WHERE into_story = ?", (root, gone))
        db.execute("UPDATE articles SET story = ? WHERE story = ?", (root, gone))
    written = {number: current(db, story) for number, story in stories.items()}
    db.executemany("UPDATE articles SET story = ? WHERE id = ?", [(story, number) for number, story in written.items()])
    return written


def current(db: Row, story: str) -> str:
    """The story that it is part of now: itself, unless it was merged."""
    row = db.execute("SELECT into_story FROM story_merges WHERE gone = ?", (story,)).fetchone()
    return story if row is None else str(row["into_story"])


def recent(db: Row, since: datetime, most: int, after: int, limit: int) -> tuple[tuple[int, Article, str], ...]:
    """Articles of the window in the order in which they were stored, with their numbers and stories."""
    rows = db.execute(
        "SELECT a.*, coalesce(nullif(a.story, ''), a.key) AS told FROM articles a WHERE a.id > ? "
        "AND a.id > (SELECT coalesce(max(id), 0) FROM articles) - ? AND a.first_seen >= ? AND a.feed_id <> ? "
        "AND (a.published IS NULL OR a.published >= ?) ORDER BY a.id LIMIT ?",
        (after, most, stamp(since), CANARY, stamp(since), limit),
    ).fetchall()
    return tuple((row["id"], values.article(row), row["told"]) for row in rows)


def facts(db: Row, stories: Sequence[str]) -> Mapping[str, StoryFacts]:
    """How far stories have spread."""
    rows = db.execute(
        f"SELECT a.story, count(DISTINCT {_TOLD_BY}) AS outlets, json_group_array(DISTINCT a.lang) AS languages "
        "FROM articles a JOIN feeds f ON f.id = a.feed_id "
        "WHERE a.story IN (SELECT value FROM json_each(?)) GROUP BY a.story",
        (json.dumps(list(stories)),),
    )
    return {
        row["story"]: StoryFacts(
            outlets=row["outlets"] or 1, languages=frozenset(one for one in json.loads(row["languages"]) if one)
        )
        for row in rows
    }


def copies(db: Row, stories: Sequence[str], limit: int) -> Mapping[str, tuple[Copy, ...]]:
    """The articles of stories, the first first."""
    return {story: _copies(db, story, limit) for story in stories}


def _copies(db: Row, story: str, limit: int) -> tuple[Copy, ...]:
    rows = db.execute(
        f"SELECT a.*, {_TOLD_BY} AS told_by FROM articles a JOIN feeds f ON f.id = a.feed_id WHERE a.story = ? "
        "ORDER BY a.first_seen, a.id LIMIT ?",
        (story, limit),
    ).fetchall()
    return tuple(_copy(row) for row in rows)


def _copy(row: Row) -> Copy:
    article = values.article(row)
    return Copy(
        article_key=article.key,
        title=article.title,
        url=article.url,
        outlet=row["told_by"],
        lang=article.lang,
        published=article.published,
        first_seen=values.time(row["first_seen"]),
        wire=wire_of(article),
        rtl=is_rtl(article.title),
    )
