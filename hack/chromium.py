"""Debian's chromium, in which the tests of the pages read them: `python -m hack.chromium --install|--no-install`."""

from __future__ import annotations

import sys

from conformance.errors import ConformanceError
from conformance.world.machine import packages
from conformance.world.machine.progress import Progress

NEEDS: packages.Needs = {"chromium": "chromium"}


def main() -> None:
    """Install it where it is missing. Ends with 2 and a sentence where it may not or cannot."""
    try:
        packages.ensure(Progress(), NEEDS, install="--install" in sys.argv[1:])
    except ConformanceError as missing:
        print(missing, file=sys.stderr)  # noqa: T201 -- what a person runs by hand
        sys.exit(2)


if __name__ == "__main__":
    main()
