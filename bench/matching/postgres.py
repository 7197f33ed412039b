"""PostgreSQL as a rival: rules as `tsquery`, every row held against the article's `tsvector`.

A server of its own is started in a temporary folder, on a socket alone, and ended after. Words are given as lexemes with
their positions, so no dictionary of the server changes them. Distance in a `tsquery` is exact and one way, so NEAR is AND.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.matching.made import Clause, Made
from bench.matching.oracle import words
from monitor.model import Article

_GAP = 1000
"""Positions between title and body, so that no phrase crosses."""
_LAST = 16_383  # PostgreSQL knows no position behind it
_NANOSECONDS = 1e9
_STARTED = 30.0


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def _tsquery(clause: Clause) -> str:
    rows = []
    for phrase in clause:
        weight = ":A" * phrase.title
        rows.append("(" + " <-> ".join(f"{_quoted(word)}{weight}" for word in words(phrase.text)) + ")")
    return f"({' | '.join(rows)})"


def as_tsquery(made: Made) -> str:
    """A made rule in PostgreSQL's language; NEAR as AND."""
    parts = [_tsquery(clause) for clause in made.required]
    return " & ".join([*parts, f"!{_tsquery(made.none_of)}"] if made.none_of else parts)


def as_tsvector(article: Article) -> str:
    """An article's words at their positions; those of the title have weight A."""
    places: dict[str, list[str]] = defaultdict(list)
    title = words(article.title)
    for place, word in enumerate(title, start=1):
        places[word].append(f"{place}A")
    for place, word in enumerate(words(article.body), start=len(title) + _GAP):
        places[word].append(str(min(place, _LAST)))
    return " ".join(f"{_quoted(word)}:{','.join(all_places)}" for word, all_places in places.items())


class Postgres:
    """A throw-away server with the rules in a table."""

    name = "PostgreSQL tsquery @@"
    superset = True

    @staticmethod
    def programs() -> Path | None:
        """The folder of initdb and postgres."""
        on_path = shutil.which("initdb")
        folders = [*([Path(on_path).parent] if on_path else []), *sorted(Path("/usr/lib/postgresql").glob("*/bin"))]
        return next((one for one in reversed(folders) if (one / "initdb").exists()), None)

    def __init__(self, rules: Sequence[Made], _frequency: Mapping[str, int]) -> None:
        import psycopg  # noqa: PLC0415 - not there unless rivals were installed

        self._folder = Path(tempfile.mkdtemp(prefix="bench-pg-"))
        user = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
        if user:
            shutil.chown(self._folder, user)
        programs, data = self.programs(), self._folder / "data"
        initdb = [programs / "initdb", "-D", data, "-A", "trust", "-U", "bench", "-E", "UTF8", "--locale=C", "-N"]
        subprocess.run(initdb, check=True, user=user, stdout=subprocess.DEVNULL, cwd=self._folder)
        options = ["-c", "listen_addresses=", "-c", "fsync=off", "-c", "autovacuum=off", "-k", self._folder]
        with (self._folder / "log").open("wb") as log:
            self._server = subprocess.Popen(
                [programs / "postgres", "-D", data, *options], user=user, stdout=log, stderr=log, cwd=self._folder
            )
        self._connection = self._connect(psycopg)
        self._connection.execute("SET jit = off")
        self._connection.execute("SET max_parallel_workers_per_gather = 0")
        self._connection.execute("CREATE TABLE rules (id text, query tsquery)")
        with self._connection.cursor().copy("COPY rules FROM STDIN") as copy:
            for made in rules:
                copy.write_row((made.id, as_tsquery(made)))
        self._connection.execute("VACUUM ANALYZE rules")
        self._stat = Path(f"/proc/{self._connection.info.backend_pid}/schedstat")

    def _connect(self, psycopg):
        until = time.monotonic() + _STARTED
        while True:
            try:
                return psycopg.connect(host=str(self._folder), user="bench", dbname="postgres", autocommit=True)
            except psycopg.OperationalError:
                if time.monotonic() > until or self._server.poll() is not None:
                    raise
                time.sleep(0.05)

    def hits(self, article: Article) -> list[str]:
        rows = self._connection.execute("SELECT id FROM rules WHERE %s::tsvector @@ query", [as_tsvector(article)])
        return [name for (name,) in rows.fetchall()]

    def cpu(self) -> float:
        """Of this process and of the server's that answers it."""
        return time.process_time() + int(self._stat.read_text("ascii").split()[0]) / _NANOSECONDS

    def close(self) -> None:
        """End the server and remove its folder."""
        self._connection.close()
        self._server.terminate()
        self._server.wait(timeout=_STARTED)
        shutil.rmtree(self._folder)
