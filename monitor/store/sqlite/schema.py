"""The tables, as migrations of sqlite-utils: functions that are applied in order, once, each in a transaction of its own.

Never change a migration that was released: add one. Times are integer microseconds since 1970, UTC: they compare and
index as numbers and lose nothing. Lists and records that are never searched by are JSON. All tables are STRICT.
"""

import sqlite_utils
from sqlite_utils import Migrations

from monitor.errors import SchemaTooNew, StoreError

migrations = Migrations("monitor")

_FIRST = """
CREATE TABLE feeds (
  id TEXT PRIMARY KEY, url TEXT NOT NULL, kind TEXT NOT NULL, title TEXT, outlet TEXT, lang TEXT,
  categories TEXT NOT NULL, labels TEXT NOT NULL, every INTEGER, active INTEGER NOT NULL DEFAULT 1,
  next_due INTEGER NOT NULL, etag TEXT, last_modified TEXT, body_hash TEXT, own_title TEXT, own_lang TEXT,
  last_polled INTEGER, last_ok INTEGER, last_new INTEGER, failures INTEGER NOT NULL DEFAULT 0, last_error TEXT,
  lease_worker TEXT, lease_token INTEGER NOT NULL DEFAULT 0, lease_until INTEGER
) STRICT;
CREATE INDEX feeds_due ON feeds (next_due) WHERE active = 1;
CREATE INDEX feeds_failing ON feeds (id) WHERE active = 1 AND failures > 0;
CREATE TABLE articles (
  id INTEGER PRIMARY KEY, feed_id TEXT NOT NULL REFERENCES feeds (id), key TEXT NOT NULL, guid TEXT, url TEXT,
  title TEXT NOT NULL, body TEXT NOT NULL, author TEXT, categories TEXT NOT NULL, lang TEXT, outlet TEXT,
  published INTEGER, text_hash TEXT NOT NULL, first_seen INTEGER NOT NULL, revision INTEGER NOT NULL DEFAULT 0,
  UNIQUE (feed_id, key)
) STRICT;
CREATE TABLE revisions (
  article_id INTEGER NOT NULL REFERENCES articles (id), number INTEGER NOT NULL, title TEXT NOT NULL,
  body TEXT NOT NULL, text_hash TEXT NOT NULL, replaced_at INTEGER NOT NULL, PRIMARY KEY (article_id, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE hits (
  id INTEGER PRIMARY KEY, article_id INTEGER NOT NULL REFERENCES articles (id), revision INTEGER NOT NULL,
  rule_id TEXT NOT NULL, rule_version TEXT NOT NULL, severity TEXT NOT NULL, rank INTEGER NOT NULL, score INTEGER,
  clauses TEXT NOT NULL, spans TEXT NOT NULL, created_at INTEGER NOT NULL, withdrawn_at INTEGER,
  UNIQUE (article_id, rule_id, revision)
) STRICT;
CREATE INDEX hits_rule ON hits (rule_id, id);
CREATE TABLE alerts (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, subscriber_id TEXT NOT NULL,
  article_id INTEGER REFERENCES articles (id), rank INTEGER NOT NULL, snapshot TEXT NOT NULL, created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX alerts_article ON alerts (article_id);
CREATE TABLE alert_hits (
  alert_id INTEGER NOT NULL REFERENCES alerts (id), hit_id INTEGER NOT NULL REFERENCES hits (id),
  PRIMARY KEY (alert_id, hit_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, alert_id INTEGER NOT NULL REFERENCES alerts (id),
  subscriber_id TEXT NOT NULL, channel TEXT NOT NULL, address TEXT NOT NULL, state TEXT NOT NULL, rank INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0, unknowns INTEGER NOT NULL DEFAULT 0, plain INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL, next_attempt INTEGER, sent_at INTEGER, last_error TEXT,
  carried_by INTEGER REFERENCES deliveries (id),
  lease_worker TEXT, lease_token INTEGER NOT NULL DEFAULT 0, lease_until INTEGER
) STRICT;
CREATE INDEX deliveries_due ON deliveries (channel, rank DESC, next_attempt, id) WHERE state = 'pending';
CREATE INDEX deliveries_leased ON deliveries (lease_until) WHERE state = 'leased';
CREATE INDEX deliveries_open ON deliveries (created_at) WHERE state IN ('pending', 'leased', 'unknown');
CREATE INDEX deliveries_state ON deliveries (state);
CREATE INDEX deliveries_alert ON deliveries (alert_id);
CREATE TABLE attempts (
  id INTEGER PRIMARY KEY, delivery_id INTEGER NOT NULL REFERENCES deliveries (id), number INTEGER NOT NULL,
  worker TEXT NOT NULL, token INTEGER NOT NULL, started_at INTEGER NOT NULL, finished_at INTEGER,
  outcome TEXT, reason TEXT, detail TEXT NOT NULL DEFAULT '', status INTEGER
) STRICT;
CREATE INDEX attempts_delivery ON attempts (delivery_id, id);
CREATE INDEX attempts_unknown ON attempts (outcome) WHERE outcome = 'unknown';
CREATE TABLE subscribers (
  id TEXT PRIMARY KEY, title TEXT NOT NULL, active INTEGER NOT NULL, since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_subscriber ON deliveries (subscriber_id, state, sent_at);
CREATE INDEX alerts_subscriber ON alerts (subscriber_id, created_at);
CREATE TABLE channels (
  channel TEXT PRIMARY KEY, failures INTEGER NOT NULL, open_until INTEGER, probes INTEGER NOT NULL, broken TEXT,
  noticed_at INTEGER, since INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE pulse (id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL) STRICT;
CREATE VIRTUAL TABLE articles_text USING fts5 (
  title, body, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* Co'"
);
"""


_ALERTING = """
CREATE TABLE waiting (
  id INTEGER PRIMARY KEY, subscriber_id TEXT NOT NULL, route TEXT NOT NULL,
  article_id INTEGER NOT NULL REFERENCES articles (id), article_key TEXT NOT NULL, revision INTEGER NOT NULL,
  changed INTEGER NOT NULL, story TEXT NOT NULL, dropped TEXT NOT NULL, feed_id TEXT NOT NULL, outlet TEXT, lang TEXT,
  since INTEGER NOT NULL, due INTEGER, held TEXT, UNIQUE (subscriber_id, route, article_id, revision)
) STRICT;
CREATE INDEX waiting_due ON waiting (subscriber_id, due) WHERE due IS NOT NULL;
CREATE INDEX waiting_story ON waiting (story) WHERE due IS NOT NULL;
CREATE INDEX waiting_article ON waiting (article_id);
CREATE TABLE takings (
  waiting_id INTEGER NOT NULL REFERENCES waiting (id), rule_id TEXT NOT NULL, severity TEXT NOT NULL,
  hit_id INTEGER REFERENCES hits (id), ending TEXT, alert_id INTEGER, reason TEXT, by TEXT,
  at INTEGER, PRIMARY KEY (waiting_id, rule_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX takings_hit ON takings (hit_id);
CREATE TABLE agenda (
  subscriber_id TEXT PRIMARY KEY, due INTEGER, lease_worker TEXT, lease_token INTEGER NOT NULL DEFAULT 0,
  lease_until INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX agenda_due ON agenda (due) WHERE due IS NOT NULL;
CREATE TABLE told (
  subscriber_id TEXT NOT NULL, route TEXT NOT NULL, story TEXT NOT NULL, told TEXT NOT NULL,
  PRIMARY KEY (subscriber_id, route, story)
) STRICT, WITHOUT ROWID;
CREATE INDEX told_story ON told (story);
CREATE TABLE digests (
  subscriber_id TEXT NOT NULL, route TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (subscriber_id, route)
) STRICT, WITHOUT ROWID;
CREATE TABLE hit_tally (
  subscriber_id TEXT NOT NULL, what TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (subscriber_id, what)
) STRICT, WITHOUT ROWID;
ALTER TABLE alerts ADD COLUMN route TEXT NOT NULL DEFAULT '';
CREATE INDEX articles_seen ON articles (first_seen);
CREATE INDEX hits_created ON hits (created_at, rule_id);
CREATE TABLE rules_since (rule_id TEXT PRIMARY KEY, since INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE spikes_told (
  subscriber_id TEXT NOT NULL, rule_id TEXT NOT NULL, at INTEGER NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (rule_id, subscriber_id)
) STRICT, WITHOUT ROWID;
"""


@migrations()
def first(db: sqlite_utils.Database) -> None:
    """Feeds, articles, hits, alerts, deliveries. The text index holds folded words (text/fold.py)."""
    for statement in _FIRST.split(";\n"):
        if statement.strip():
            db.conn.execute(statement)


@migrations()
def feed_schedule(db: sqlite_utils.Database) -> None:
    """When a feed is polled and how it is: `pace` and `health` are JSON, what is searched by stands in columns.

    `untold`: the operator has still to be told of the condition.
    """
    for statement in (
        "ALTER TABLE feeds ADD COLUMN pace TEXT NOT NULL DEFAULT '{}'",
        "ALTER TABLE feeds ADD COLUMN health TEXT NOT NULL DEFAULT '{}'",
        "ALTER TABLE feeds ADD COLUMN condition TEXT NOT NULL DEFAULT 'ok'",
        "ALTER TABLE feeds ADD COLUMN condition_since INTEGER",
        "ALTER TABLE feeds ADD COLUMN gaps INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE feeds ADD COLUMN untold INTEGER NOT NULL DEFAULT 0",
        "CREATE INDEX feeds_condition ON feeds (condition, id) WHERE active = 1 AND condition <> 'ok'",
        "CREATE INDEX feeds_untold ON feeds (id) WHERE active = 1 AND untold = 1",
        "CREATE INDEX articles_canary ON articles (first_seen) WHERE feed_id = 'canary'",
    ):
        db.conn.execute(statement)


@migrations()
def imported_feeds(db: sqlite_utils.Database) -> None:
    """Feeds that were imported into the store stand in no file; the settings leave them alone. How many feeds are polled
    is kept beside them: to count a million takes a second, and health asks all the time.
    """
    db.conn.execute("ALTER TABLE feeds ADD COLUMN imported INTEGER NOT NULL DEFAULT 0")
    db.conn.execute("CREATE INDEX feeds_listed ON feeds (url) WHERE active = 1 AND imported = 0")
    db.conn.execute("CREATE INDEX feeds_imported ON feeds (id) WHERE active = 1 AND imported = 1")
    db.conn.execute("CREATE TABLE feed_tally (id INTEGER PRIMARY KEY CHECK (id = 1), active INTEGER NOT NULL) STRICT")
    db.conn.execute("INSERT INTO feed_tally SELECT 1, count(*) FROM feeds WHERE active = 1")
    for event, change in (("INSERT", "new.active"), ("UPDATE OF active", "new.active - old.active")):
        db.conn.execute(
            f"CREATE TRIGGER feeds_tally_{event.split()[0].lower()} AFTER {event} ON feeds WHEN {change} <> 0 "
            f"BEGIN UPDATE feed_tally SET active = active + {change}; END"
        )


@migrations()
def feed_memory(db: sqlite_utils.Database) -> None:
    """What spares work on what is known: the hash of the body as it came, and the fingerprints of its items."""
    db.conn.execute("ALTER TABLE feeds ADD COLUMN wire_hash TEXT")
    db.conn.execute("ALTER TABLE feeds ADD COLUMN fingerprints BLOB")


@migrations()
def full_text(db: sqlite_utils.Database) -> None:
    """Pages of articles that are to be read, or were. What the feed said stays as the revision before."""
    db.conn.execute("ALTER TABLE feeds ADD COLUMN full_text TEXT NOT NULL DEFAULT 'never'")
    db.conn.execute(
        "CREATE TABLE pages ("
        " article_id INTEGER PRIMARY KEY REFERENCES articles (id), host TEXT NOT NULL, state TEXT NOT NULL,"
        " attempts INTEGER NOT NULL DEFAULT 0, next_attempt INTEGER NOT NULL, read_at INTEGER, source TEXT,"
        " last_error TEXT, lease_worker TEXT, lease_token INTEGER NOT NULL DEFAULT 0, lease_until INTEGER) STRICT"
    )
    db.conn.execute("CREATE INDEX pages_due ON pages (next_attempt) WHERE state = 'pending'")
    db.conn.execute("CREATE INDEX pages_host ON pages (host) WHERE state = 'pending'")


@migrations()
def websub(db: sqlite_utils.Database) -> None:
    """Subscriptions to hubs: what was asked and not confirmed yet, until when they live."""
    db.conn.execute(
        "CREATE TABLE websub ("
        " feed_id TEXT PRIMARY KEY REFERENCES feeds (id), hub TEXT NOT NULL, topic TEXT NOT NULL,"
        " token TEXT NOT NULL UNIQUE, secret TEXT NOT NULL, offered INTEGER NOT NULL DEFAULT 1, asked TEXT,"
        " expires INTEGER, next_action INTEGER NOT NULL, failures INTEGER NOT NULL DEFAULT 0, last_error TEXT"
        ") STRICT, WITHOUT ROWID"
    )
    db.conn.execute("CREATE INDEX websub_due ON websub (next_action)")


@migrations()
def threads(db: sqlite_utils.Database) -> None:
    """What a channel calls a message that it took, so that later ones of the same story refer to it."""
    db.conn.execute("ALTER TABLE deliveries ADD COLUMN reference TEXT NOT NULL DEFAULT ''")


@migrations()
def stories(db: sqlite_utils.Database) -> None:
    """Which story an article tells: the key of the story's first article. Empty for one from before there were stories."""
    db.conn.execute("ALTER TABLE articles ADD COLUMN story TEXT NOT NULL DEFAULT ''")
    db.conn.execute("CREATE INDEX articles_story ON articles (story)")
    db.conn.execute("CREATE TABLE story_merges (gone TEXT PRIMARY KEY, into_story TEXT NOT NULL) STRICT, WITHOUT ROWID")
    db.conn.execute("CREATE INDEX story_merges_into ON story_merges (into_story)")


@migrations()
def alerting(db: sqlite_utils.Database) -> None:
    """What waits for subscribers, how every hit they take ended, and what they were told of each story.

    `agenda` says when something is to be decided for whom; `hit_tally` counts as things happen, because to count all rows
    takes long and health asks all the time.
    """
    for statement in _ALERTING.split(";\n"):
        if statement.strip():
            db.conn.execute(statement)


@migrations()
def people(db: sqlite_utils.Database) -> None:
    """Silences, what people chose or were added at run time, addresses that take nothing, keys of links."""
    for statement in (
        "CREATE TABLE silences (id TEXT PRIMARY KEY, silence TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL)",
        "CREATE INDEX silences_until ON silences (until)",
        "CREATE TABLE people (id TEXT PRIMARY KEY, person TEXT NOT NULL) STRICT, WITHOUT ROWID",
        "CREATE TABLE choices (subscriber_id TEXT PRIMARY KEY, choices TEXT NOT NULL) STRICT, WITHOUT ROWID",
        "CREATE TABLE stopped (address TEXT PRIMARY KEY, reason TEXT NOT NULL, detail TEXT NOT NULL, at INTEGER NOT NULL)",
        "CREATE TABLE link_keys (id INTEGER PRIMARY KEY, key BLOB NOT NULL) STRICT",
        "CREATE TABLE people_version (version INTEGER NOT NULL) STRICT",
        "INSERT INTO people_version (version) VALUES (0)",
    ):
        db.conn.execute(statement)
    db.conn.execute(
        "CREATE TABLE verdicts (alert_key TEXT NOT NULL, rule_id TEXT NOT NULL, subscriber_id TEXT NOT NULL,"
        " at INTEGER NOT NULL, PRIMARY KEY (alert_key, rule_id, subscriber_id)) STRICT, WITHOUT ROWID"
    )


@migrations()
def shards(db: sqlite_utils.Database) -> None:
    """The shard of a feed's host: many workers share feeds by it. Written with the settings at the next start."""
    db.conn.execute("ALTER TABLE feeds ADD COLUMN shard INTEGER NOT NULL DEFAULT 0")
    db.conn.execute("ALTER TABLE pages ADD COLUMN shard INTEGER NOT NULL DEFAULT 0")


def guard_schema(db: sqlite_utils.Database) -> None:
    """Refuse a store that a newer version of the program has written, and a database that is something else. Raises
    SchemaTooNew, StoreError.
    """
    known = [one.name for one in migrations._migrations]  # noqa: SLF001 - it has no public list of its own members
    applied = [one.name for one in migrations.applied(db)]
    if not applied and (others := sorted(set(db.table_names()) - {Migrations.migrations_table})):
        raise StoreError(f"it is no store of this program, but has other tables: {', '.join(others[:3])}")
    unknown = [name for name in applied if name not in known]
    if unknown:
        raise SchemaTooNew(
            f"the store was written by a newer version of this program (schema {len(applied)}, this one knows "
            f"{len(known)}: not {', '.join(unknown)}); run that version, or restore the copy made before the upgrade"
        )


def number(db: sqlite_utils.Database) -> int:
    """The schema number of a store; 0 for one that has no tables yet."""
    return len(migrations.applied(db))


def is_current(db: sqlite_utils.Database) -> bool:
    """Whether there is nothing to migrate."""
    return not migrations.pending(db)


def migrate(db: sqlite_utils.Database) -> None:
    """Apply what is missing; each step whole or not at all."""
    migrations.apply(db)
