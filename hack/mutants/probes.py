"""Weakened probes: what records would hold if a probe had read less, or had told it in fewer words.

A probe cannot read again what a recorded node was, so what is weakened is what it kept: each edits every reading of a
record as that probe would have written it, and the project's own judges must come to something else.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import frozen

from conformance.record.stream import Line
from hack.mutants.disguises import signed


@frozen
class WeakProbe:
    """A probe that reads less: its edit of one reading, a line of a record."""

    name: str
    imitates: str
    edit: Callable[[Line], None]

    def blinded(self, records: Mapping[str, list[Line]]) -> dict[str, list[Line]]:
        """Return the records as they would be with this probe."""
        copies: dict[str, list[Line]] = pickle.loads(pickle.dumps(dict(records)))  # noqa: S301 -- our own, in half the time of deepcopy
        for line in (line for lines in copies.values() for line in lines if line["kind"] == "evidence"):
            self.edit(line)
        return {name: signed(lines) for name, lines in copies.items()}


def _objects(value: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 -- any JSON
    """Yield every object in a JSON value."""
    if isinstance(value, dict):
        yield value
    for inside in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(inside)


def _answers(line: Line) -> Iterator[list[dict[str, Any]]]:
    """Yield the levels of cgroups in each answer of a reading; they may be changed in place."""
    yield from (value["levels"] for value in _objects(line["output"]) if isinstance(value.get("levels"), list))


def _question(line: Line) -> str:
    return str(line["asked"].get("question", "")) if isinstance(line["asked"], dict) else ""


def _silence(line: Line) -> None:
    """Whatever does not answer has run out of time."""
    for value in _objects(line["output"]):
        if value.get("outcome") == "ECONNREFUSED":
            value["outcome"] = "timeout"


def _no_page(line: Line) -> None:
    """That somebody answers is read, and not what."""
    for value in _objects(line["output"]):
        if value.get("outcome") == "served":
            value.pop("body", None)


def _pids(line: Line) -> None:
    """A process is known by its pid."""
    for value in _objects(line["output"]):
        if "pid" in value and "start" in value:
            value["start"] = 0


def _own_level(line: Line) -> None:
    """Of each hierarchy the process's own cgroup is read, and nothing above it."""
    for levels in _answers(line):
        levels[:] = {level["controller"]: level for level in reversed(levels)}.values()


def _own_namespace(line: Line) -> None:
    """Cgroups are read from within the leg, where its own is the root of everything."""
    _own_level(line)
    for levels in _answers(line):
        for level in levels:
            level["path"] = "/"


def _one_controller(line: Line) -> None:
    """One controller's hierarchy is read."""
    for levels in _answers(line):
        levels[:] = [level for level in levels if level["controller"] in ("cpu", "")]


def _no_inodes(line: Line) -> None:
    """Paths are read, and no inodes."""
    for value in _objects(line["output"]):
        if "inode" in value:
            value["inode"] = 0


def _inside_the_leg(line: Line) -> None:
    """Files are looked for inside the leg, where no path of the node is."""
    if _question(line) == "storage" and "root" not in line["asked"]:
        line["output"] = {path: {"exists": False, "error": "ENOENT"} for path in line["asked"]["paths"]}


def _nobody_listens(line: Line) -> None:
    """Who listens is asked of the node alone."""
    if _question(line) == "listeners" and line["asked"]["netns"] != 1:
        line["output"] = []


def _one_mount_namespace(line: Line) -> None:
    """Mounts are looked for where the node's first process is."""
    if _question(line) == "mounts":
        line["output"] = {}


def _unwatched(line: Line) -> None:
    """The watch follows the pod's own processes, and not the child."""
    if line["name"] == "deletion":
        line["output"]["events"] = [event for event in line["output"]["events"] if event.get("role") != "child"]


def _one_pid(line: Line) -> None:
    """Of a process's pids the one in its own namespace is read."""
    for value in _objects(line["output"]):
        if "nspid" in value:
            value["nspid"] = value["nspid"][-1:]


def _first_of_the_name(line: Line) -> None:
    """Of the processes that were asked for the first is read."""
    if _question(line) == "processes":
        line["output"] = line["output"][:1]


def _sizeless(line: Line) -> None:
    """That a path is there is read, and not how large it is."""
    if _question(line) == "storage":
        for value in _objects(line["output"]):
            value.pop("files", None)
            if "bytes" in value:
                value["bytes"] = 0


WEAKENED = {
    "refused = timeout": _silence,
    "an answer without its page": _no_page,
    "a process by its pid": _pids,
    "a cgroup without what is above it": _own_level,
    "a cgroup as its process sees it": _own_namespace,
    "one controller": _one_controller,
    "paths without inodes": _no_inodes,
    "read inside the leg only": _inside_the_leg,
    "listeners of the node alone": _nobody_listens,
    "no other mount namespace": _one_mount_namespace,
    "a watch without the child": _unwatched,
    "a pid in its own namespace": _one_pid,
    "the first process": _first_of_the_name,
    "a path without its size": _sizeless,
}


def probes() -> list[WeakProbe]:
    """Return every weakened probe."""
    return [WeakProbe(f"probe: {name}", (edit.__doc__ or "").strip(), edit) for name, edit in WEAKENED.items()]
