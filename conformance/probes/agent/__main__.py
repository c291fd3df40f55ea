"""python3 -I agent.pyz PORT TOKENFILE: serve until told to end."""

import encodings.idna  # noqa: F401 -- no name is resolved without it, and in another mount namespace there may be none
import os
import signal
import sys
import warnings

# Each registers its questions. All are imported before the first is asked: its thread may be where this archive is not.
from conformance.probes.agent import (  # noqa: F401
    cgroups,
    child,
    consumption,
    docker,
    files,
    hold,
    inventory,
    machine,
    network,
    processes,
    programs,
    throughput,
    watch,
)
from conformance.probes.agent.procfs import text
from conformance.probes.agent.server import Handler, Server


def main() -> None:
    """Serve."""
    Handler.token = text(sys.argv[2]).strip()
    # Python 3.12 warns of each fork beside threads; those here do nothing in Python that a thread could be in the midst of.
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    Server(("", int(sys.argv[1])), Handler).serve_forever()


if __name__ == "__main__":
    main()
