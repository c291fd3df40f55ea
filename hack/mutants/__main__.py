"""Try every weakening; print, of each, which final observation, or test, told it, and how many were caught.

`python -m hack.mutants [-k WORDS] [RECORD...]`. Judged are the recorded runs of tests/recorded/, legs of them in disguise,
and further RECORDs; the code of probes, which reads a node, has its own tests. Exits with 1 where a weakening survives or is
broken.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from conformance.record.stream import Line
from hack.mutants import harness
from hack.mutants.disguises import disguised
from hack.mutants.probes import WeakProbe, probes
from hack.mutants.weakenings import Refused, Weakening, declared
from hack.recorded import lines_of

RECORDED = harness.ROOT / "tests" / "recorded"
DISGUISED = "cgroup-hybrid"
"""The run whose legs are put in disguise: it is of every level."""


def judged(further: Iterable[Path]) -> dict[str, list[Line]]:
    """Return every record that is judged, by its name: runs, and legs in disguise."""
    runs = {file.name.partition(".")[0]: lines_of(file) for file in sorted(RECORDED.glob("*.jsonl.xz"))}
    return {**runs, **dict(disguised(runs[DISGUISED])), **{str(file): lines_of(file) for file in further}}


@click.command(help=__doc__)
@click.option("-k", "words", default="", help="Try only the weakenings whose names have this in them.")
@click.argument("further", metavar="[RECORD...]", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
def main(words: str, further: tuple[Path, ...]) -> None:
    """Try, and print."""
    every: list[Weakening | WeakProbe] = [*declared(), *probes()]
    tries = [each for each in every if words in each.name]
    records = judged(further)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        evidence = harness.kept(records, Path(folder) / "evidence")
        before = dict(harness.judgements(harness.ROOT, evidence))

        def tried(each: Weakening | WeakProbe) -> harness.Tried:
            if isinstance(each, Weakening):
                return harness.tested(each) if each.test else harness.weakened(each, evidence, before)
            own = harness.kept(each.blinded(records), Path(folder) / each.name.replace(" ", "-"))
            return harness.compare(each.name, before, harness.judgements(harness.ROOT, own))

        results = []
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for result in pool.map(tried, tries):
                results.append(result)
                click.echo(result)
    caught = sum(result.caught for result in results)
    number = sum(len(judgement.finals) for judgement in before.values())
    click.echo(f"{caught} of {len(results)} weakenings caught, by {number} final observations of {len(records)} records")
    sys.exit(caught < len(results) or not results)


if __name__ == "__main__":
    try:
        main()
    except Refused as refused:
        sys.exit(str(refused))
