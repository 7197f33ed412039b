"""Three workers on one PostgreSQL, each fault once and then all together, judged by what the servers saw.

    make test-cluster                 network namespaces where there is root, plain processes elsewhere (said in the table)

The faults: a worker killed and started again; one stopped (SIGSTOP) past its leases; the link of one cut; the database
ended as by a crash and started again. What must hold: no feed goes without a poll for two periods and the time of the
fault; a host has one request at a time; every item reaches both channels; what comes twice was in flight at a fault and
has the same key.
"""

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path

from support.crew import Crew, gaps, most_at_once, repeats
from support.rig import until

AROUND = 0.25
"""Seconds by which two logs may differ."""


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--feeds", type=int, default=3000)
    arguments.add_argument("--every", type=int, default=30)
    arguments.add_argument("--calm", type=float, default=75.0, help="seconds after each fault")
    arguments.add_argument("--no-namespaces", action="store_true")
    arguments.add_argument("--out", type=Path)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="cluster-") as folder:
        crew = Crew(Path(folder), feeds=given.feeds, every=given.every, real=False if given.no_namespaces else None)
        with crew:
            table, failed = run(crew, given)
            if failed:
                for name in crew.names:
                    print(f"--- {name}\n" + (crew.folder / f"{name}.out").read_text()[-2000:], file=sys.stderr)
    print(table)
    if given.out:
        given.out.write_text(table + "\n")
    sys.exit(bool(failed))


def run(crew, given):
    """The faults one after the other; the table and what did not hold."""
    crew.start()
    until(lambda: len({feed for _, feed, *_ in crew.logs().polls}) == crew.feeds, 180)
    rounds = [("none", lambda: time.sleep(5))]
    rounds += [("kill -9", lambda: killed(crew)), ("SIGSTOP 35 s", lambda: frozen(crew))]
    rounds += [("link cut 25 s", lambda: cut(crew))] if crew.network.real else []
    rounds += [("database crash", lambda: crashed(crew)), ("all together", lambda: everything(crew))]
    marks = []
    for name, fault in rounds:
        began = time.time()
        fault()
        ended = time.time()
        time.sleep(given.calm)
        marks.append((name, began, ended, time.time()))
    crew.end_publishing()
    try:
        crew.drained(120)
        missing = 0
    except AssertionError:
        got = {(channel, guid) for channel, _, guids, _ in crew.logs().accepted for guid in guids}
        missing = 2 * len(crew.logs().items) - len(got)
    return judged(crew, given, marks, missing)


def killed(crew):
    crew.kill("w1")
    time.sleep(12)
    crew.start("w1")


def frozen(crew):
    crew.signal("w2", signal.SIGSTOP)
    time.sleep(35)
    crew.signal("w2", signal.SIGCONT)


def cut(crew):
    crew.network.cut("w3")
    time.sleep(25)
    crew.network.mend("w3")


def crashed(crew):
    crew.postgres.stop("immediate")
    time.sleep(3)
    crew.postgres.start()


def everything(crew):
    crew.signal("w2", signal.SIGSTOP)
    if crew.network.real:
        crew.network.cut("w3")
    crew.kill("w1")
    crashed(crew)
    time.sleep(20)
    crew.start("w1")
    if crew.network.real:
        crew.network.mend("w3")
    time.sleep(10)
    crew.signal("w2", signal.SIGCONT)


def judged(crew, given, marks, missing):
    """The table, and what did not hold."""
    logs, failed = crew.logs(), []
    lines = [
        f"{len(crew.names)} workers, {crew.feeds} feeds on {crew.sites} hosts, each every {crew.every} s; "
        + ("network namespaces" if crew.network.real else "processes on loopback: no link was cut"),
        "",
        "| fault | polls | longest gap of a feed | median longest | feeds over two periods and the fault | more than one at a host |",
        "|---|---|---|---|---|---|",
    ]
    for name, began, ended, until_ in marks:
        part = type(logs)([one for one in logs.polls if began - crew.every <= one[2] <= until_], {}, [])
        longest = sorted(gaps(part, crew.feeds, began, until_).values())
        # While the fault lasts a host's worker may be the one that is gone: until its lease ends, and the next has it.
        bound = 2 * crew.every + (ended - began)
        late = sum(one > bound for one in longest)
        hosts = {host: most for host, most in most_at_once(part).items() if most > 1}
        if late or hosts:
            failed.append(name)
        lines.append(
            f"| {name} | {len(part.polls)} | {longest[-1]:.1f} s | {longest[len(longest) // 2]:.1f} s | {late} | {len(hosts)} |"
        )
    extra, twice = repeats(logs)
    lines += [
        "",
        f"{len(logs.items)} items published, {len(logs.accepted)} messages accepted, {missing} missing, accepted again with the "
        f"same key: mail {extra['mail']}, webhook {extra['hook']}; told under two keys: {len(twice)}",
    ]
    if missing or twice:
        failed.append("deliveries")
    lines.append("all held" if not failed else f"DID NOT HOLD: {', '.join(failed)}")
    del given
    return "\n".join(lines), failed


if __name__ == "__main__":
    main()
