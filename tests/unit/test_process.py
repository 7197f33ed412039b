"""Which loop a long run stands on, with uvloop and without, and how often it looks for garbage."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

ASK = """
import sys
if sys.argv[1] == "without":
    sys.modules["uvloop"] = None
import asyncio, gc
from monitor.engine import process

async def main():
    return type(asyncio.get_running_loop()).__module__.partition(".")[0]

print(process.LOOP, process.run(main()), gc.get_freeze_count() > 1000, gc.get_threshold()[0])
"""


def asked(how):
    return subprocess.run([sys.executable, "-c", ASK, how], check=True, capture_output=True, text=True).stdout.split()


@pytest.mark.skipif(find_spec("uvloop") is None, reason="uvloop is an extra")
def test_uvloop_runs_where_it_is_installed():
    assert asked("with")[:2] == ["uvloop", "uvloop"]


def test_asyncio_runs_where_it_is_not_and_what_is_there_is_not_looked_through_again():
    assert asked("without") == ["asyncio", "asyncio", "True", "10000"]
