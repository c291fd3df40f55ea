"""What records come to, judged by the package that stands first on the path: `python -m hack.mutants.judged FILE [FIRST]`.

FILE is what `harness.kept` wrote; the record FIRST is judged before the others. It runs in a copy of this project, which
may be weakened.
"""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from attrs import evolve

from conformance import suite
from conformance.analysis.outcome import conclude
from conformance.analysis.summary import Summary
from conformance.approaches.catalogue import catalogue
from conformance.claims.observations import Observation
from conformance.claims.properties import Property
from conformance.controls.catalogue import controls
from conformance.record import stream
from conformance.record.names import repeat_of
from conformance.run.sources import Replay

FAILED = "the judge of "
"""How the reason begins where a judge broke (`Property.conclude`)."""


def finals(record: stream.Record) -> Iterator[tuple[str, str, bool]]:
    """Yield every final observation of a record: what it is of, what it is, and whether it is so because a judge broke.

    First the cells, then what is made of all of them: the exit codes, the cells of the summary, the claims.
    """
    replay = Replay(record)
    then = {(line["property"], line["leg"]): line for line in record.observations}
    observed = [(cell, replay.observe(cell)) for cell in map(_cell, then.values())]
    for cell, seen in observed:
        line = _line(cell, seen, record, strict=False)
        expected = "as expected" if line["as_expected"] else f"expected {line['expected']}"
        yield cell.name, f"{seen.state.value}, {expected}", seen.reason.startswith(FAILED)
    legs = {leg["leg"] for leg in record.legs}
    for cell in _cells():
        if cell.leg in legs and (cell.prop.id, cell.leg) not in then:
            seen = replay.observe(cell)
            yield f"{cell.name}, not asked then", seen.state.value, seen.reason.startswith(FAILED)
    for options, strict, enforce in (("", False, False), (" --strict-article", True, False), (" --enforce", False, True)):
        judged = evolve(record, observations=tuple(_line(cell, seen, record, strict=strict) for cell, seen in observed))
        yield f"exit code{options}", str(_exit_code(judged, enforce=enforce)), False
        if not options:
            summary = Summary.of(judged)
            for part in summary.table.cells:
                yield f"{part.family} on {part.approach}", part.state.value, False
            for claim, standing in summary.claims.items():
                yield f"the article's {claim}", standing.standing.value, False


@cache
def _cells() -> list[suite.Cell]:
    """Return every cell of today."""
    return suite.every_cell()


@cache
def _declared() -> dict[str, tuple[suite.Family, Property]]:
    """Return every property with its family, by its id."""
    return {prop.id: (family, prop) for family in suite.families() for prop in family.properties}


def _cell(line: stream.Line) -> suite.Cell:
    """Return the cell that an observation was made of, whether or not the catalogue knows its approach."""
    leg, repeat = repeat_of(line["leg"])
    return suite.Cell(*_declared()[line["property"]], line["approach"], leg.partition(".")[2], repeat)


def _line(cell: suite.Cell, seen: Observation, record: stream.Record, *, strict: bool) -> stream.Line:
    """Return the record's line. What is expected of an approach that is not in the catalogue stands in its record."""
    if cell.approach in {*catalogue(), *controls()}:
        return suite.observation_line(cell, seen, record.header["world"], strict=strict)
    then = next(line for line in record.observations if (line["property"], line["leg"]) == (cell.prop.id, cell.leg))
    return {**then, "state": seen.state.value, "as_expected": seen.state.value == then["expected"]}


def _exit_code(record: stream.Record, *, enforce: bool) -> int:
    footer = record.footer or {"interrupted": True, "cleaned": []}
    code, _ = conclude(record, enforce=enforce, interrupted=footer["interrupted"], broken="", cleaned=footer["cleaned"])
    return code


def main(file: Path, first: str = "") -> None:
    """Print a line of JSON for each record: its name, and its final observations."""
    records: dict[str, bytes] = pickle.loads(file.read_bytes())  # noqa: S301 -- our own
    for name in sorted(records, key=lambda name: name != first):
        lines: list[stream.Line] = pickle.loads(records[name])  # noqa: S301 -- our own
        print(json.dumps([name, list(finals(stream.of(lines)))]), flush=True)  # noqa: T201 -- whoever reads may have seen enough


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
