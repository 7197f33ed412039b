"""The library `reader` as a program: `with_reader.py add URLS DATABASE`, then `with_reader.py update URLS DATABASE`."""

import sys
from pathlib import Path

from reader import make_reader

_WORKERS = 8


def main(verb: str, urls: list[str], database: str) -> None:
    """Add the feeds, or update them all once."""
    with make_reader(database) as reader:
        if verb == "add":
            for url in urls:
                reader.add_feed(url)
        else:
            reader.update_feeds(workers=_WORKERS, scheduled=False)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).read_text("utf-8").split(), sys.argv[3])
