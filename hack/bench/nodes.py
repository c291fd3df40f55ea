"""What the runner itself takes of 1, 10, 100 and 1000 nodes, which kwok simulates: seconds, CPU seconds, memory, requests.

`python -m hack.bench.nodes [NODES]...`. Exit codes: 0 all goals are met; 1 one is missed; 2 a work, or the cluster, failed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import click
from attrs import frozen

from conformance.errors import ConformanceError, RigError
from conformance.world.machine.progress import Progress
from hack.bench import simulated
from hack.bench.on_nodes import WORKS

NODES = (1, 10, 100, 1000)
MEMORY = 1024.0
"""MiB at most, of any number of nodes."""
SECONDS = 3600.0
PATIENCE = "4"
"""The runner's limits in time are so many times as long: everything of the cluster is on the machine's few CPUs."""
SHOWN = 3
"""The kinds of requests that are most of them, so many of which are named."""


@frozen
class Took:
    """What a work took: seconds, CPU seconds of the runner, MiB of it at most, and its requests by kind."""

    seconds: float
    cpu: float
    peak: float
    requests: Mapping[str, int]

    @property
    def asked(self) -> int:
        """Return how many requests it made."""
        return sum(self.requests.values())


def took(work: str, kubeconfig: Path, folder: Path) -> Took:
    """Return what a work took of a cluster. Raises `RigError` with its words if it failed."""
    args: list[str | Path] = [sys.executable, "-m", "hack.bench.on_nodes", work, kubeconfig, folder]
    env = {**os.environ, "CONFORMANCE_PATIENCE": PATIENCE}
    done = subprocess.run(args, env=env, capture_output=True, text=True, check=False, timeout=SECONDS)  # noqa: S603 -- no shell
    if done.returncode:
        raise RigError(f"{work} ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
    return Took(**json.loads(done.stdout.splitlines()[-1]))


def measured(programs: simulated.Programs, nodes: int) -> dict[str, Took]:
    """Return what each work takes of a cluster of so many nodes, which is made for them. Raises `RigError`."""
    folder = Path(tempfile.mkdtemp(prefix="conformance-nodes-"))
    try:
        with simulated.cluster(programs, folder, nodes) as kubeconfig:
            works = {work: took(work, kubeconfig, folder) for work in WORKS}
    except ConformanceError as broken:
        broken.remedy = f"what each program of the cluster said is in {folder}"
        raise
    shutil.rmtree(folder)
    return works


def row(work: str, nodes: int, of_it: Took) -> str:
    """Return a line of the table."""
    most = sorted(of_it.requests.items(), key=lambda pair: -pair[1])[:SHOWN]
    named = ", ".join(f"{count} {what}" for what, count in most)
    return f"| {work} | {nodes} | {of_it.seconds:.1f} | {of_it.cpu:.1f} | {of_it.peak:.0f} | {of_it.asked} | {named} |"


HEAD = ("| work | nodes | seconds | CPU seconds | MiB | requests | most of them |", "|---|---|---|---|---|---|---|")


def missed(table: Mapping[int, Mapping[str, Took]]) -> list[str]:
    """Return the goals that are missed, in words: more memory than a GiB, or more than linear in the number of nodes.

    `table`: number of nodes -> what each work took. At most linear is what takes of ten times the nodes at most ten times.
    """
    words = [
        f"{work} of {nodes} nodes: {each.peak:.0f} MiB, more than {MEMORY:g}"
        for nodes, works in table.items() for work, each in works.items() if each.peak > MEMORY
    ]  # fmt: skip
    numbers = sorted(table)
    for fewer, more in pairwise(numbers):
        for work, before in table[fewer].items():
            for what, least, most in _pairs(before, table[more][work]):
                if most > least * more / fewer:
                    words.append(f"{work} of {more} nodes: {most:.0f} {what}, of {fewer} nodes {least:.0f}: more than linear")
    return words


def _pairs(before: Took, after: Took) -> Sequence[tuple[str, float, float]]:
    return (
        ("requests", before.asked, after.asked),
        ("CPU seconds", before.cpu, after.cpu),
        ("MiB", before.peak, after.peak),
    )


@click.command()
@click.argument("nodes", type=click.IntRange(min=1), nargs=-1)
def main(nodes: tuple[int, ...]) -> None:
    """Measure what a run, a check of a node, and a clean-up take of clusters of so many NODES."""
    table: dict[int, dict[str, Took]] = {}
    try:
        programs = simulated.Programs.built(Progress())
        click.echo("\n".join(HEAD))
        for number in nodes or NODES:
            table[number] = measured(programs, number)
            for work, of_it in table[number].items():
                click.echo(row(work, number, of_it))
    except ConformanceError as broken:
        click.echo(f"nodes: {broken.sentence}\nremedy: {broken.remedy}", err=True)
        sys.exit(2)
    words = missed(table)
    click.echo("\n".join([f"MISSED: {each}" for each in words] or [f"at most linear, and under {MEMORY:g} MiB: met"]))
    sys.exit(bool(words))


if __name__ == "__main__":
    main()
