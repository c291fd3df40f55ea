"""Run a program; print how many CPU seconds it used, and how many MiB of memory at most. Its output is dropped.

This is a process of its own, and a small one: what Linux counts for a program begins with the memory of the one that starts it.
"""

from __future__ import annotations

import resource
import subprocess
import sys

code = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False).returncode  # noqa: S603 -- the bench's own list
took = resource.getrusage(resource.RUSAGE_CHILDREN)
print(took.ru_utime + took.ru_stime, took.ru_maxrss / 1024)  # noqa: T201 -- for the bench
sys.exit(code)
