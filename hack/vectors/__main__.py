"""Build `vectors.c`, run it twice at once in a world of its own that stands, and end as it did.

`python -m hack.vectors [WORLD]`, with cgroup-v2 unless told, after `conformance up --world WORLD`. It takes ten seconds: two
processes of six threads look at their registers after system calls, signals and forks, and each at a child's under ptrace.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from pathlib import Path

import click

from conformance.world.machine import commands
from conformance.world.uml.guest import Guest, ssh

SOURCE = Path(__file__).with_name("vectors.c")
IN_WORLD = """
base64 -d >/tmp/vectors && chmod +x /tmp/vectors || exit 2
/tmp/vectors & one=$!
/tmp/vectors; two=$?
wait $one && exit $two
"""


def main() -> int:
    """Return the exit status: 1 where a register was not what its program had put there, 2 where no such world stands."""
    guest = Guest(sys.argv[1] if len(sys.argv) > 1 else "cgroup-v2")
    if not guest.runs:
        click.echo(f"The world {guest.world} does not stand. Remedy: conformance up --world {guest.world}", err=True)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "vectors"
        commands.run(["gcc", "-O1", "-mavx", "-static", "-pthread", "-o", program, SOURCE], timeout=60)
        text = base64.b64encode(program.read_bytes()).decode()
    done = ssh(guest, IN_WORLD, check=False, stdin=text)
    click.echo(done.stdout, nl=False)
    return done.returncode


sys.exit(main())
