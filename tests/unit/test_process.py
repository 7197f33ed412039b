"""How often a long run looks for garbage."""

import subprocess
import sys

ASK = """
import asyncio, gc
from monitor.engine import process
print(process.run(asyncio.sleep(0, 7)), gc.get_freeze_count() > 1000, gc.get_threshold()[0])
"""


def test_what_is_there_at_the_start_is_not_looked_through_again():
    told = subprocess.run([sys.executable, "-c", ASK], check=True, capture_output=True, text=True).stdout
    assert told.split() == ["7", "True", "10000"]
