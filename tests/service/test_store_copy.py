"""A store moved from one database to another and back: all of it, checked, and nothing told twice."""

import asyncio
import contextlib
import socket
import ssl
import threading
from datetime import timedelta

import psycopg
import pytest
import trustme
from click.testing import CliRunner
from support import pghost
from support.rig import ROOT
from support.storing import (
    FEED,
    LONG,
    MINUTE,
    NOW,
    alert,
    article,
    claimed,
    deliveries_of,
    match,
    polled,
    record,
    row,
    with_alert,
)

from monitor.cli import cli
from monitor.engine.wakeups import installed
from monitor.errors import StoreError
from monitor.model import Verdict
from monitor.settings import StoreSettings
from monitor.store import copy_store, copying
from monitor.store.postgres import PostgresStore, schema
from monitor.store.postgres.connection import vector
from monitor.store.postgres.dialect import translated
from monitor.store.protocol import HitFilter, NewArticle, NewRevision
from monitor.store.sqlite import SqliteStore
from monitor.store.sqlite.connection import connect


@pytest.fixture
def server():
    url = pghost.database(empty=True)
    yield url
    pghost.drop(url)


async def filled(store):
    """A store with something of everything that waits, was told, failed and is under way."""
    await store.open()
    await store.sync_feeds([FEED], NOW, {"f": NOW})
    await with_alert(store, channels=("mail", "slack"))
    claim = await claimed(store, NOW + 2 * LONG)
    changed = article(1, body="Now at Tartus.\x00", title="Один \x00")
    await polled(
        store,
        claim,
        NOW + 2 * LONG,
        articles=(NewArticle(article=article(2, title="中文 'x' \\ y"), matches=(match(),)),),
        revisions=(NewRevision(article=changed, matches=(), dropped=("khmeimim",)),),
        alerts=(alert("second", article_key="key2"),),
    )
    third = NewArticle(article=article(4), matches=(match(),))
    again = await claimed(store, NOW + 4 * LONG)
    await polled(store, again, NOW + 4 * LONG, articles=(third,), waiting=(row("key4", route="later"),))
    (first,) = await deliveries_of(store, limit=1)
    await store.begin_attempt(first.delivery.id, first.lease, NOW)
    await store.record_attempt(record(first))
    (under_way,) = await deliveries_of(store, limit=1, at=NOW + 3 * LONG)
    await store.begin_attempt(under_way.delivery.id, under_way.lease, NOW)
    await store.stop_address("gone@example.org", "bounced", "550", NOW)
    await store.put_verdict(Verdict(alert_key="alert1", rule_id="khmeimim", subscriber_id="desk", at=NOW))
    await store.link_keys(b"\x00\xff key")
    return first


def url_of(path):
    return f"sqlite:///{path}"


def settings(url, tmp_path):
    path = tmp_path / "none" if url.startswith("postgres") else type(tmp_path)(url.removeprefix("sqlite:///"))
    return StoreSettings(url=url, path=path)


def test_there_and_back_everything_is_the_same_and_nothing_is_told_twice(tmp_path, server):
    first = asyncio.run(_filled_and_closed(tmp_path / "a.db"))
    runner = CliRunner()
    there = runner.invoke(cli, ["db", "copy", "--from", url_of(tmp_path / "a.db"), "--to", server])
    assert there.exit_code == 0, there.output
    assert "found the same there" in there.output
    back = runner.invoke(cli, ["db", "copy", "--from", server, "--to", url_of(tmp_path / "b.db")])
    assert back.exit_code == 0, back.output
    one, two = (connect(tmp_path / name, readonly=True, timeout=1).conn for name in ("a.db", "b.db"))
    for table, keys in copying.TABLES.items():
        query = f"SELECT * FROM {table} ORDER BY {', '.join(keys)}"
        plain = [
            tuple(v.replace("\0", "\ufffd") if isinstance(v, str) else v for v in one_) for one_ in one.execute(query)
        ]
        assert plain == [tuple(found) for found in two.execute(query)], table

    async def goes_on():
        store = PostgresStore(server)
        await store.open()
        # What was under way may have been sent: it comes again, with the same key, and is counted as unknown.
        assert await store.recover(NOW + 4 * LONG, timedelta(hours=1)) == 1
        pending = await deliveries_of(store, at=NOW + 4 * LONG)
        assert first.delivery.key not in {one.delivery.key for one in pending}
        assert len(await store.search("tartus")) == 1
        assert {hit.article.key for hit in await store.hits(HitFilter())} == {"key1", "key2", "key4"}
        await store.sync_feeds([FEED], NOW, {})
        again = await claimed(store, NOW + 9 * LONG)
        recorded = await polled(store, again, NOW + 9 * LONG, articles=(NewArticle(article=article(3), matches=()),))
        assert recorded.articles == 1  # numbers go on after those that were copied
        await store.close()

    asyncio.run(goes_on())
    full = runner.invoke(cli, ["db", "copy", "--from", url_of(tmp_path / "a.db"), "--to", server])
    assert full.exit_code == 1
    assert "not empty" in str(full.exception)


async def _filled_and_closed(path):
    store = SqliteStore(path, owner=True)
    first = await filled(store)
    await store.close()
    return first


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        ("sqlite:///nowhere.db", "sqlite:///new.db", "there is no store"),
        ("sqlite:///x.db", "sqlite:///x.db", "the same store"),
        ("mysql://x/y", "sqlite:///x.db", "expected sqlite:///"),
    ],
)
def test_what_cannot_be_copied_is_said(tmp_path, monkeypatch, source, target, said):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["db", "copy", "--from", source, "--to", target])
    assert result.exit_code > 0
    assert said in result.output


def test_a_store_in_use_is_not_copied(tmp_path, server):
    asyncio.run(_filled_and_closed(tmp_path / "a.db"))

    async def while_owned():
        store = SqliteStore(tmp_path / "a.db", owner=True)
        await store.open()
        arguments = ["db", "copy", "--from", url_of(tmp_path / "a.db"), "--to", server]
        result = await asyncio.to_thread(CliRunner().invoke, cli, arguments)
        await store.close()
        return result

    result = asyncio.run(while_owned())
    assert result.exit_code == 1
    assert "in use (process" in result.output


def test_a_copy_that_is_not_the_same_keeps_nothing(tmp_path, server):
    asyncio.run(_filled_and_closed(tmp_path / "a.db"))
    pghost_database = server.rpartition("/")[2]
    with psycopg.connect(server, autocommit=True) as db:
        schema.migrate(db)
        db.execute(
            "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.title = 'other'; RETURN new; END $$"
        )
        db.execute("CREATE TRIGGER spoil BEFORE INSERT ON articles FOR EACH ROW EXECUTE FUNCTION spoil()")
    with pytest.raises(StoreError, match="the copy of articles is not the same"):
        copy_store(settings(url_of(tmp_path / "a.db"), tmp_path), settings(server, tmp_path), lambda *_: None)
    assert pghost.shared().execute("SELECT count(*) FROM feeds", pghost_database) == [(0,)]


def test_the_tables_of_both_databases_have_the_same_columns(tmp_path, server):
    async def opened():
        for store in (SqliteStore(tmp_path / "a.db", owner=True), PostgresStore(server)):
            await store.open()
            await store.close()

    asyncio.run(opened())
    lite = connect(tmp_path / "a.db", readonly=True, timeout=1).conn
    with psycopg.connect(server) as db:
        for table in copying.TABLES:
            here = {one[1] for one in lite.execute(f"PRAGMA table_info({table})")}
            there = {
                one[0]
                for one in db.execute(
                    "SELECT column_name FROM information_schema.columns WHERE table_name = %s", (table,)
                )
            }
            assert here == there, table


# ── what is PostgreSQL's own ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT '?' WHERE a = ? AND b LIKE '%x'", "SELECT '?' WHERE a = %s AND b LIKE '%%x'"),
        (
            "a IN (SELECT value FROM json_each(?))",
            "a IN (SELECT value FROM jsonb_array_elements_text(%s::jsonb) AS each(value))",
        ),
        ("LIMIT :most /* skip locked */", "LIMIT %(most)s FOR UPDATE SKIP LOCKED"),
        ("json_group_object(a, b)", "coalesce(json_object_agg(a, b)::text, '{}')"),
        ("json_group_array(DISTINCT a.lang)", "coalesce(json_agg(DISTINCT a.lang)::text, '[]')"),
        ("FROM feeds INDEXED BY feeds_failing WHERE instr(a, ?) > 0", "FROM feeds  WHERE strpos(a, %s) > 0"),
        ("x::text = :y", "x::text = %(y)s"),
    ],
)
def test_statements_in_postgresqls_words(statement, expected):
    assert translated(statement) == expected


def test_the_words_of_a_text_of_any_size():
    assert vector("Tartus", "a tartus") == "'tartus':1A,4 'a':3"
    assert len(vector("", "word " * 300_000).encode()) < 1_000_000
    assert len(vector("", " ".join(f"w{n}" for n in range(300_000))).encode()) < 1_000_000
    assert vector("", "x" * 5_000) == ""


def test_many_starters_migrate_once(server):
    async def test():
        stores = [PostgresStore(server) for _ in range(6)]
        await asyncio.gather(*(store.open() for store in stores))
        await asyncio.gather(*(store.check() for store in stores))
        await asyncio.gather(*(store.close() for store in stores))

    asyncio.run(test())
    assert pghost.shared().execute("SELECT name FROM migrations ORDER BY number", server.rpartition("/")[2]) == [
        (one.name,) for one in schema.MIGRATIONS
    ]


def test_what_a_newer_program_did_is_borne_if_it_says_so(server):
    name = server.rpartition("/")[2]

    async def opened(**more):
        store = PostgresStore(server, **more)
        try:
            await store.open()
        finally:
            await store.close()

    with pytest.raises(StoreError, match="there is no store"):
        asyncio.run(opened(expect_existing=True))
    asyncio.run(opened())
    pghost.shared().execute("INSERT INTO migrations (name, compatible) VALUES ('newer', true)", name)
    asyncio.run(opened())
    pghost.shared().execute("INSERT INTO migrations (name, compatible) VALUES ('breaking', false)", name)
    with pytest.raises(StoreError, match=r"newer version of this program.*breaking"):
        asyncio.run(opened())
    pghost.shared().execute("DELETE FROM migrations WHERE name IN ('breaking', 'cluster')", name)
    with pytest.raises(StoreError, match="older version"):
        asyncio.run(opened(readonly=True))


def test_a_database_that_is_away_is_said_without_its_password():
    store = PostgresStore("postgresql://monitor:canary-secret@127.0.0.1:1/monitor")

    async def test():
        with pytest.raises(StoreError) as caught:
            await store.open()
        return str(caught.value)

    said = asyncio.run(test())
    assert "postgresql://127.0.0.1:1/monitor cannot be" in said
    assert "canary" not in said


def test_a_server_that_crashed_is_found_again_and_nothing_is_half_written(tmp_path):
    tmp_path.chmod(0o755)
    host = pghost.Postgres(tmp_path, settings=("fsync=off",)).start()
    try:
        host.execute("CREATE DATABASE m")
        store = PostgresStore(host.url("m"))

        async def test():
            await store.open()
            await store.sync_feeds([FEED], NOW, {"f": NOW})
            claim = await claimed(store)
            await asyncio.to_thread(host.stop, "immediate")
            with pytest.raises(StoreError):
                await polled(store, claim, articles=(NewArticle(article=article(), matches=(match(),)),))
            await asyncio.to_thread(host.start)
            recorded = await polled(store, claim, articles=(NewArticle(article=article(), matches=(match(),)),))
            assert (recorded.articles, recorded.hits) == (1, 1)
            assert (await store.inspect()).damage == ()
            await store.close()

        asyncio.run(test())
    finally:
        host.stop("immediate")


def test_claims_of_many_workers_at_once_never_meet(server):
    feeds = [FEED.__class__(id=f"n{n}", url=f"https://h{n}.example/f") for n in range(120)]

    async def test():
        stores = [PostgresStore(server) for _ in range(4)]
        await stores[0].open()
        await stores[0].sync_feeds(feeds, NOW, {})
        await asyncio.gather(*(store.open() for store in stores[1:]))
        claims = await asyncio.gather(
            *(store.claim_feeds(f"w{n}", NOW, 7, MINUTE) for _ in range(8) for n, store in enumerate(stores))
        )
        ids = [claim.feed.id for some in claims for claim in some]
        assert len(ids) == len(set(ids)) == 120
        # Records that touch the same rows in another order wait or are done again, and none is lost.
        outcomes = await asyncio.gather(
            *(
                polled(
                    stores[n % 4],
                    claim,
                    feed_id=claim.feed.id,
                    articles=(new(claim),),
                    waiting=(row(f"k{claim.feed.id}"),),
                )
                for n, some in enumerate(claims)
                for claim in some
            )
        )
        assert sum(one.waiting for one in outcomes) == 120
        assert (await stores[0].ledger())[0].taken == 120
        await asyncio.gather(*(store.close() for store in stores))

    def new(claim):
        return NewArticle(article=article(feed_id=claim.feed.id, key=f"k{claim.feed.id}"), matches=(match(),))

    asyncio.run(test())


def test_rights_that_a_role_has_not_are_said(server):
    asyncio.run(_made(server))
    host, name = pghost.shared(), server.rpartition("/")[2]
    role = f"reader_{name}"
    host.execute(f"CREATE ROLE {role} LOGIN")
    host.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}", name)

    async def test():
        store = PostgresStore(host.url(name, role), migrate=False)
        await store.open()
        assert await store.hits(HitFilter()) == ()
        with pytest.raises(StoreError, match=r"permission denied for table pulse; see docs"):
            await store.check()
        await store.close()

    asyncio.run(test())
    host.execute(f"DROP OWNED BY {role}", name)
    host.execute(f"DROP ROLE {role}")


def test_each_role_can_do_what_it_is_for_and_no_more(server):
    host, name = pghost.shared(), server.rpartition("/")[2]
    for statement in (ROOT / "deploy" / "roles.sql").read_text().split(";\n"):
        if statement.strip():
            host.execute(statement, name)

    async def test():
        owner = PostgresStore(host.url(name, "monitor_owner"))
        await owner.open()
        await owner.close()
        async with await psycopg.AsyncConnection.connect(host.url(name, "monitor_owner"), autocommit=True) as made:
            await installed(made)
        worker = PostgresStore(host.url(name, "monitor_worker"))
        await worker.open()
        await worker.sync_feeds([FEED], NOW, {"f": NOW})
        assert len(await worker.claim_feeds("w", NOW, 1, MINUTE)) == 1
        async with await psycopg.AsyncConnection.connect(host.url(name, "monitor_worker"), autocommit=True) as there:
            await installed(there)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await there.execute("CREATE TABLE mine (id int)")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await there.execute("DROP TABLE feeds")
        await worker.close()
        reader = PostgresStore(host.url(name, "monitor_reader"), readonly=True)
        await reader.open()
        assert len(await reader.feed_states()) == 1
        with pytest.raises(StoreError):
            await reader.check()
        await reader.close()

    asyncio.run(test())
    for role in ("monitor_reader", "monitor_worker", "monitor_owner"):
        host.execute(f"DROP OWNED BY {role} CASCADE", name)
        host.execute(f"DROP ROLE {role}")


class Encrypted:
    """What a server with a certificate says on the wire: the test's own server is built without TLS. Answers the request
    for encryption, and hands everything on.
    """

    def __init__(self, port, certificate):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(self.context)
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.encrypted = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with contextlib.suppress(OSError), client:
            while client.recv(8)[4:] != b"\x04\xd2\x16\x2f":  # other kinds of encryption are asked for first
                client.sendall(b"N")
            client.sendall(b"S")
            with (
                self.context.wrap_socket(client, server_side=True) as secure,
                socket.create_connection(("127.0.0.1", self.target)) as plain,
            ):
                self.encrypted += 1
                there = threading.Thread(target=self._pump, args=(secure, plain), daemon=True)
                there.start()
                self._pump(plain, secure)

    @staticmethod
    def _pump(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)

    def close(self):
        self.listener.close()


def test_the_servers_certificate_is_checked(tmp_path, server):
    ours, other = trustme.CA(), trustme.CA()
    for name, authority in (("ours.pem", ours), ("other.pem", other)):
        authority.cert_pem.write_to_path(tmp_path / name)
    wire = Encrypted(pghost.shared().port, ours.issue_cert("127.0.0.1"))
    name = server.rpartition("/")[2]

    async def opened(authority):
        url = (
            f"postgresql://postgres@127.0.0.1:{wire.port}/{name}?sslmode=verify-full&sslrootcert={tmp_path / authority}"
        )
        store = PostgresStore(url)
        try:
            await store.open()
            await store.check()
        finally:
            await store.close()

    asyncio.run(opened("ours.pem"))
    assert wire.encrypted
    before = wire.encrypted
    with pytest.raises(StoreError, match="certificate verify failed"):
        asyncio.run(opened("other.pem"))
    assert wire.encrypted == before
    wire.close()


async def _made(server):
    store = PostgresStore(server)
    await store.open()
    await store.close()
