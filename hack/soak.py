"""Run level article many times in a row, and print how long each took and every observation that was not always the same.

`python -m hack.soak [RUNS]` (20 unless told). Exits with 1 if an observation flipped or a run did not end as expected.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

import click

from conformance import record
from conformance.observations import State
from conformance.repeats import Agreement

RUNS = 20
COMMAND = (str(Path(sys.executable).with_name("conformance")), "run", "--level", "article", "-q")


def run(reports: Path) -> tuple[int, record.Record]:
    """Run once; give the exit code and the record."""
    code = subprocess.run([*COMMAND, "--reports", reports], check=False).returncode  # noqa: S603 -- our own command
    return code, record.read(reports / "latest" / "record.jsonl")


def table(records: list[record.Record]) -> list[Agreement]:
    """Give every cell of the runs with its state in each; one that a run did not judge is ERROR there."""
    cells = dict.fromkeys((c["property"], c["leg"]) for one in records for c in one.header["cells"])
    judged = [{(o["property"], o["leg"]): State(o["state"]) for o in one.observations} for one in records]
    return [Agreement(name, leg, tuple(of.get((name, leg), State.ERROR) for of in judged)) for name, leg in cells]


def main() -> int:
    """Run, and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    codes, records = zip(*(run(Path("reports/soak")) for _ in range(runs)), strict=True)
    seconds = [one.footer["seconds"]["end"] for one in records if one.footer]
    cells = table(list(records))
    flipped = [cell for cell in cells if not cell.whole]
    for cell in flipped:
        click.echo(f"{cell.name}[{cell.leg}]: {cell} {cell.state.value}: {' '.join(state.value for state in cell.states)}")
    left = sum(bool(one.residue) for one in records)
    times = f"{min(seconds):.0f} to {max(seconds):.0f} s, median {statistics.median(seconds):.0f} s" if seconds else "none ended"
    click.echo(
        f"{runs} runs of {len(cells)} cells ({times}): {len(flipped)} flipped; exit codes {sorted(set(codes))}; residue in {left}"
    )
    return 1 if flipped or any(codes) else 0


if __name__ == "__main__":
    sys.exit(main())
