"""The record: a stream of JSON lines with header and footer, checked when written and when read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache, cached_property
from importlib import resources
from io import FileIO
from pathlib import Path
from typing import Any, TypeVar

from attrs import define, evolve, field, frozen

from conformance.claims.observations import State, summarise
from conformance.errors import RigError, UsageError
from conformance.evidence.items import Evidence, Seen, digest
from conformance.record.names import repeat_of

Line = dict[str, Any]
T = TypeVar("T")
K = TypeVar("K")
SCHEMA = 1
KINDS_OF_LINE = ("header", "leg", "evidence", "observation", "residue", "footer")


@cache
def _schema(kind: str) -> Line:
    """Return the schema of one kind of line, so that an error speaks of that kind and not of all six."""
    whole = json.loads((resources.files("conformance.record") / "record.schema.json").read_text(encoding="utf-8"))
    return {"$defs": whole["$defs"], "$ref": f"#/$defs/{kind}"}


@cache
def _validator(kind: str) -> Callable[[Line], object]:
    """Return what raises `ValueError` unless a line is as the schema says: compiled, for a record has thousands of lines."""
    import fastjsonschema

    compiled: Callable[[Line], object] = fastjsonschema.compile(_schema(kind))
    return compiled


def _wrong(line: Line) -> str:
    """Return where a line is not as the schema says, and what is wrong there; '' if nothing is.

    jsonschema takes 30 times as long as what is compiled, finds the words for it, and has the last one.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    wrong = best_match(Draft202012Validator(_schema(line["kind"])).iter_errors(line))
    return f"{'/'.join(str(part) for part in wrong.absolute_path) or 'the line'}: {wrong.message}" if wrong else ""


class BadRecord(UsageError):
    """A file is not a record: the message says which line, and what is wrong with it."""


def check(line: Line) -> None:
    """Raise `BadRecord` unless the line is as the schema says."""
    if not isinstance(line, dict):
        raise BadRecord("not a JSON object")
    kind = line.get("kind")
    if kind not in KINDS_OF_LINE:
        raise BadRecord(f"{kind!r} is no kind of line (those are {', '.join(KINDS_OF_LINE)})")
    if kind == "header" and isinstance(line.get("schema"), int) and line["schema"] != SCHEMA:
        why = f"the record is of schema {line['schema']}, and this version of conformance reads schema {SCHEMA}"
        raise BadRecord(why, "read it with the version that wrote it")
    try:
        _validator(kind)(line)
    except ValueError as refused:
        if wrong := _wrong(line):
            raise BadRecord(f"a line of kind {kind!r} is not as the schema says: {wrong}") from refused


REMEDY = "free space there, or use --reports DIR on another disk"


@define
class Writer:
    """Writes a record line by line; each is checked first and on disk when `write` returns."""

    path: Path
    _file: FileIO = field(init=False)
    _refused: str = ""

    def __attrs_post_init__(self) -> None:
        """Open the file."""
        # Unbuffered: what a full disk refused must not come back when the file is closed.
        self._file = self.path.open("wb", buffering=0)

    def write(self, line: Line) -> None:
        """Check and append one line. Raises `RigError` if the disk does not take it: then nothing more is written.

        A stream that goes on behind a hole could be taken for a whole one.
        """
        check(line)
        if self._refused:
            raise RigError(self._refused, REMEDY)
        # What is no character alone (a lone surrogate) is kept as JSON writes it: \\udc80.
        text = (json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n").encode(errors="backslashreplace")
        place = self._file.tell()
        try:
            while text:
                text = text[self._file.write(text) :]
        except OSError as failed:
            self._file.truncate(place)
            self._refused = f"The record {self.path} cannot be written: {failed.strerror}."
            raise RigError(self._refused, REMEDY) from failed

    def close(self) -> None:
        """End the stream. A stream that was closed without a footer is an interrupted run."""
        self._file.close()


def grouped(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Return the items by their key, each group in the order of the items."""
    groups: dict[K, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


@frozen
class Record:
    """A record as read. `footer` is None where the run was interrupted."""

    header: Line
    legs: tuple[Line, ...]
    evidence: tuple[Evidence, ...]
    observations: tuple[Line, ...]
    residue: tuple[Line, ...]
    footer: Line | None
    sha256: str = field(default="", eq=False)
    """Of the file that it was read from."""

    def seen(self, leg: str) -> Seen:
        """Return a leg's evidence as a judge gets it."""
        return Seen(self._of_leg.get(leg, ()))

    @cached_property
    def _of_leg(self) -> dict[str, list[Evidence]]:
        return grouped(self.evidence, lambda reading: reading.leg)

    def named(self, name: str) -> list[Evidence]:
        """Return all readings of a name, of every leg."""
        return self._of_name.get(name, [])

    @cached_property
    def _of_name(self) -> dict[str, list[Evidence]]:
        return grouped(self.evidence, lambda reading: reading.name)

    def leg(self, name: str) -> Line | None:
        """Return a leg's line."""
        return self._legs.get(name)

    @cached_property
    def _legs(self) -> dict[str, Line]:
        return {line["leg"]: line for line in reversed(self.legs)}

    @cached_property
    def repeats(self) -> int:
        """Return how many times a leg was to be deployed."""
        return max((repeat_of(cell["leg"])[1] for cell in self.header["cells"]), default=1)

    @cached_property
    def lost(self) -> list[Line]:
        """Return the cells that were to be judged and have no observation."""
        judged = {(line["property"], line["leg"]) for line in self.observations}
        return [cell for cell in self.header["cells"] if (cell["property"], cell["leg"]) not in judged]

    def cell(self, family: str, approach: str) -> list[Line]:
        """Return the observations that one cell of the summary table sums up."""
        return self._of_cell.get((family, approach), [])

    @cached_property
    def _of_cell(self) -> dict[tuple[str, str], list[Line]]:
        return grouped(self.observations, lambda line: (line["family"], line["approach"]))

    @cached_property
    def approaches(self) -> list[str]:
        """Return the approaches in the order of their first cell."""
        return list(dict.fromkeys(cell["leg"].partition(".")[0] for cell in self.header["cells"]))

    def state(self, family: str, approach: str) -> State:
        """Return the state of a summary cell, of what somebody predicted of it where somebody has; a lost part makes it ERROR.

        An observation that nobody predicted counts only where it is unexpected.
        """
        wanted = [c for c in self.lost if c["family"] == family and c["leg"].startswith(f"{approach}.")]
        states = [State(line["state"]) for line in self.spoken(family, approach)]
        return summarise([*states, *[State.ERROR for _ in wanted]])

    def spoken(self, family: str, approach: str) -> list[Line]:
        """Return the lines that make a summary cell's state."""
        lines = self.cell(family, approach)
        return [line for line in lines if line["predicted"] or not line["as_expected"]] or lines


def every(_: Evidence) -> bool:
    """Keep every reading."""
    return True


def nothing(_: Evidence) -> bool:
    """Keep no reading: for what looks at observations alone."""
    return False


def read(path: Path, keep: Callable[[Evidence], bool] = every) -> Record:
    """Read a record, checking every line and every digest, and keeping the readings that are asked for. Raises `BadRecord`.

    What is not kept is never in memory with the rest: a long run's evidence is hundreds of megabytes.
    """
    sha256 = hashlib.sha256()
    return evolve(of(_lines(path, sha256.update), str(path), keep), sha256=sha256.hexdigest())


def observed(path: Path, keep: Callable[[Evidence], bool] = every) -> Record:
    """Read a record that something can be held against. Raises `BadRecord`, and `RigError` where nothing was observed."""
    record = read(path, keep)
    if not record.observations:
        raise RigError(f"{path} has no observation: its run ended before the first, or the file was cut short.", "run it again")
    return record


XZ = b"\xfd7zXZ\0"
"""How a file begins that xz has packed (tukaani.org, The .xz File Format, 2.1.1.1), and no UTF-8 does."""


def _lines(path: Path, hear: Callable[[bytes], None]) -> Iterator[Line]:
    """Yield the checked lines of a file, one at a time; `hear` gets the bytes of each. Raises `BadRecord`."""
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                hear(raw)
                if raw == b"\n" or not raw.endswith(b"\n"):  # a line that was being written when the run died
                    continue
                text = raw[:-1].decode()
                try:
                    line = json.loads(text)
                    check(line)
                except ValueError as broken:
                    raise BadRecord(f"{path}, line {number}: not JSON: {broken}.", "give a record.jsonl") from broken
                except BadRecord as wrong:
                    raise BadRecord(f"{path}, line {number}: {wrong.sentence}", wrong.remedy or "was it edited?") from wrong
                yield line
    except (OSError, UnicodeDecodeError) as unreadable:
        if isinstance(unreadable, UnicodeDecodeError) and unreadable.object.startswith(XZ):
            raise BadRecord(f"{path} is packed with xz.", f"unpack it: xz -dk {path}") from unreadable
        why = getattr(unreadable, "strerror", None) or "it is no text"
        raise BadRecord(f"{path} cannot be read: {why}.", "give a record.jsonl") from unreadable


def of(lines: Iterable[Line], name: str = "the record", keep: Callable[[Evidence], bool] = every) -> Record:
    """Make a record of checked lines. Raises `BadRecord` on a missing header, two footers, or a wrong digest."""
    by_kind: dict[str, list[Line]] = {}
    evidence: list[Evidence] = []
    for line in lines:
        if line["kind"] != "evidence":
            by_kind.setdefault(line["kind"], []).append(line)
            continue
        reading = Evidence.from_line(line)
        if digest(reading.output) != reading.sha256:
            raise BadRecord(f"{name}: evidence {reading.id} does not match its digest.", "was it edited?")
        if keep(reading):
            evidence.append(reading)
    headers, footers = by_kind.get("header", []), by_kind.get("footer", [])
    if not headers:
        raise BadRecord(f"{name} is no record, or was cut short: it has no header.", "give one run's record.jsonl")
    if len(headers) > 1 or len(footers) > 1:
        raise BadRecord(f"{name} is more than one record: it has more than one header or footer.", "give one run's record.jsonl")
    return Record(
        headers[0],
        tuple(by_kind.get("leg", [])),
        tuple(evidence),
        tuple(by_kind.get("observation", [])),
        tuple(by_kind.get("residue", [])),
        footers[0] if footers else None,
    )
