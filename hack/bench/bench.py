"""The warm run against a plain kubectl script, in pairs; how late it sees events; what commands, a long report and a page take.

Exit codes: 0 all goals are met; 1 one is missed; 2 a run of either side failed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
from attrs import frozen

from conformance.errors import ConformanceError, RigError
from conformance.record import stream
from conformance.world import kind
from conformance.world.reach import reach
from hack.bench import many, paint, start
from hack.bench.lag import lags, percentile

RATIO_GOAL, LAG_GOAL = 0.6, 0.1
QUESTIONS = 8
"""Four properties by two approaches."""
SECONDS = 300.0
"""One side of one round (measured: 40 s and 71 s)."""
SCRIPT = Path(__file__).with_name("four-properties.sh")
ANSWER = re.compile(r"^(dood|dind) +\w+ +(HOLDS|LACKS) ", re.MULTILINE)


@frozen
class Round:
    """One pair, in seconds of wall clock from the start of each program to its end."""

    run: float
    script: float

    @property
    def ratio(self) -> float:
        """Return the run's time as a share of the script's."""
        return self.run / self.script


def environment() -> dict[str, str]:
    """Return the environment in which `kubectl` is the suite's own and speaks to its cluster. Raises `NoCluster`."""
    kubectl = Path(kind.binaries_kubectl()).parent
    return {**os.environ, "KUBECONFIG": str(reach("").kubeconfig), "PATH": f"{kubectl}{os.pathsep}{os.environ['PATH']}"}


def timed(side: str, args: Sequence[str | Path], kept: Path) -> float:
    """Run a side's program to its end, its output kept in a file; give the seconds.

    Raises `RigError` if it fails or takes longer than SECONDS. However it ends, it has cleaned up by then.
    """
    env = environment()
    began = time.monotonic()
    with (
        kept.open("w", encoding="utf-8") as output,
        subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=env) as process,  # noqa: S603 -- an argument list, no shell
    ):
        try:
            code = process.wait(SECONDS)
        except (KeyboardInterrupt, subprocess.TimeoutExpired) as late:
            process.terminate()
            process.wait()
            if isinstance(late, KeyboardInterrupt):
                raise
            raise RigError(f"{side} did not end within {SECONDS:g} s.", f"its output is in {kept}") from late
    seconds = time.monotonic() - began
    if code:
        raise RigError(f"{side} ended with {code}.", f"its output is in {kept}")
    return seconds


def script(kept: Path) -> float:
    """Return the seconds that the script took. Raises `RigError` if it failed or did not answer every question."""
    seconds = timed("The script", ["bash", SCRIPT], kept)
    answers = len(ANSWER.findall(kept.read_text(encoding="utf-8")))
    if answers != QUESTIONS:
        raise RigError(f"The script gave {answers} answers instead of {QUESTIONS}.", f"its output is in {kept}")
    return seconds


def run(reports: Path, kept: Path) -> tuple[float, stream.Record]:
    """Return the seconds that the run took, and its record. Raises `RigError` if it failed."""
    program = Path(sys.executable).with_name("conformance")
    seconds = timed("The run", [program, "run", "--reports", reports], kept)
    return seconds, stream.read(reports / "latest" / "record.jsonl")


@frozen
class Alone:
    """What was measured without a cluster: CPU seconds by command, CPU seconds and MiB of a very long run's report, its pages."""

    starts: Mapping[str, Sequence[float]]
    rendering: float
    peak: float
    pages: paint.Pages


def concluded(rounds: Sequence[Round], late: list[float], alone: Alone) -> tuple[list[str], int]:
    """Return the lines that sum the rounds, the events' lags (seconds) and what was measured alone up, and the exit code."""
    ratios = [pair.ratio for pair in rounds]
    ratio, p95 = statistics.median(ratios), percentile(late, 0.95)
    met = {True: "met", False: "MISSED"}
    ratios_told = f"median {ratio:.3f} (min {min(ratios):.3f}, max {max(ratios):.3f}) of {len(rounds)} rounds"
    p50, worst = percentile(late, 0.5), max(late)
    lags_told = f"p50 {_ms(p50)}, p95 {_ms(p95)}, max {_ms(worst)} of {len(late)} events"
    rendering_told = f"{alone.rendering:.1f} s; goal at most {many.GOAL:g} s: {met[alone.rendering <= many.GOAL]}"
    peak_told = f"{alone.peak:.0f} MiB; goal at most {start.PEAK_GOAL:g} MiB: {met[alone.peak <= start.PEAK_GOAL]}"
    start_ratio = start.ratio(alone.starts)
    start_told = f"{start_ratio:.2f}; goal at most {start.RATIO_GOAL:g}: {met[start_ratio <= start.RATIO_GOAL]}"
    lines = [
        f"the run's time as a share of the script's: {ratios_told}; goal at most {RATIO_GOAL:g}: {met[ratio <= RATIO_GOAL]}",
        f"from an event on the node to its being seen: {lags_told}; goal p95 at most {_ms(LAG_GOAL)}: {met[p95 <= LAG_GOAL]}",
        f"the report of {many.OBSERVATIONS} observations: {rendering_told}",
        f"the memory of the command that reads and writes it: {peak_told}",
        f"`{start.HELP}` as a multiple of `{start.BARE}`: {start_told}",
        *alone.pages.words,
        *start.told(alone.starts),
    ]
    missed = (
        ratio > RATIO_GOAL, p95 > LAG_GOAL, alone.rendering > many.GOAL, alone.peak > start.PEAK_GOAL,
        start_ratio > start.RATIO_GOAL, alone.pages.missed,
    )  # fmt: skip
    return lines, int(any(missed))


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def measured(file: Path, folder: Path) -> Alone:
    """Measure what needs no cluster, of a run's record. Raises `RigError` if a command fails."""
    long = many.long([json.loads(line) for line in file.read_text(encoding="utf-8").rstrip("\n").split("\n")])
    return Alone(start.started(file), many.seconds(stream.of(long)), start.peak(long, folder), paint.measured(folder))


def bench(count: int, folder: Path) -> int:
    """Do the rounds, printing each; give the exit code. Raises `RigError` if a run of either side fails."""
    rounds: list[Round] = []
    late: list[float] = []
    for number in range(1, count + 1):
        kept = folder / f"script-{number}.log"
        # In alternating order: what drifts while the machine is at work falls on both sides alike.
        before = script(kept) if number % 2 == 0 else 0.0
        seconds, read = run(folder, folder / f"run-{number}.log")
        rounds.append(Round(seconds, before or script(kept)))
        late += lags(read)
        if number == 1:
            sentence = f"the run gives {len(read.observations)} observations, the script answers {QUESTIONS} questions"
            click.echo(f"In each round {sentence}.\nround      run   script  ratio")
        click.echo(f"{number:5} {seconds:6.1f} s {rounds[-1].script:6.1f} s  {rounds[-1].ratio:.3f}")
    lines, code = concluded(rounds, late, measured(folder / "latest" / "record.jsonl", folder))
    click.echo("\n".join(lines))
    return code


@click.command()
@click.argument("rounds", type=click.IntRange(min=1), default=5)
def main(rounds: int) -> None:
    """Time ROUNDS pairs of the warm run and the script; the runs' records and all output stay if a goal is missed."""
    folder = Path(tempfile.mkdtemp(prefix="conformance-bench-"))
    try:
        code = bench(rounds, folder)
    except ConformanceError as broken:
        click.echo(f"bench: {broken.sentence}\nremedy: {broken.remedy}", err=True)
        sys.exit(2)
    if code:
        click.echo(f"records and output: {folder}")
    else:
        shutil.rmtree(folder)
    sys.exit(code)


if __name__ == "__main__":
    main()
