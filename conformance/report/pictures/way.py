"""The way up of a process through the node's cgroup tree, beside that of its pod, with the limits on both."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from attrs import frozen

from conformance.evidence import cgroupfs
from conformance.evidence.items import Seen
from conformance.evidence.names import CHILD_CGROUPS, POD, POD_CGROUPS
from conformance.report.pictures.drawing import MARGIN, WIDTH, Drawing, NotDrawn, short

Ways = Mapping[str, tuple[list[cgroupfs.Level], list[cgroupfs.Level]]]
"""By controller: the levels from the process up to the node's root, and those from the pod's client up."""


@frozen
class TreeLevel:
    """One cgroup of the tree. `limits` are in the controllers' own units, only those that are set."""

    parts: tuple[str, ...]
    on_way: bool
    role: str
    limits: Mapping[str, float]

    @property
    def path(self) -> str:
        """Return its path from the node's root."""
        return "/" + "/".join(self.parts)

    @property
    def words(self) -> str:
        """Return its limits in words, '' where none is set."""
        return " · ".join(cgroupfs.amount(name, value) for name, value in self.limits.items())


@frozen
class Way:
    """The cgroups of a process, which `what` names, and of its pod; `inside` and `effective` are by controller."""

    what: str
    inside: Mapping[str, bool]
    effective: Mapping[str, float]
    levels: tuple[TreeLevel, ...]

    @property
    def within(self) -> bool:
        """Return whether the process is inside its pod by every controller."""
        return all(self.inside.values())

    @property
    def where(self) -> str:
        """Say where the process is; where controllers disagree, by which it is inside."""
        if len(set(self.inside.values())) == 1:
            return "inside its pod" if self.within else "outside its pod"
        return f"inside its pod only by {', '.join(name for name, there in self.inside.items() if there)}"

    @property
    def met(self) -> str:
        """Return the tightest limits on the way up in words."""
        limits = " · ".join(cgroupfs.amount(name, value) for name, value in self.effective.items() if not math.isinf(value))
        free = ", ".join(name for name, value in self.effective.items() if math.isinf(value))
        return "; ".join(filter(None, [limits, free and f"no limit of {free}"]))

    @property
    def lowest(self) -> str:
        """Return the path of the cgroup that the process is in."""
        return next(level.path for level in reversed(self.levels) if level.on_way)

    @property
    def rows(self) -> list[tuple[str, str]]:
        """Return where the process is and what it meets as the rows of a table, with nothing cut."""
        by = [(f"by {name}", "inside" if there else "outside") for name, there in self.inside.items()]
        return [(self.what, self.where), *by, ("met on its way up", self.met)]

    @property
    def rows_of_levels(self) -> list[tuple[str, str]]:
        """Return the levels as the rows of a table, with nothing cut."""
        ways = {True: f"on {self.what}'s way", False: f"not on {self.what}'s way"}
        return [(e.path, "; ".join(filter(None, [e.role, ways[e.on_way], e.words or "no limit"]))) for e in self.levels]


def way_of(seen: Seen, what: str) -> Way:
    """Read the way up of what stands in the place of a leg's child. Raises `NotDrawn`."""
    levels, around = (cgroupfs.levels(seen[name].output) for name in (CHILD_CGROUPS, POD_CGROUPS))
    inside: dict[str, bool] = {}
    own = set()
    for controller in cgroupfs.LIMITS:
        at_pod = cgroupfs.pod_level(controller, around, seen[POD].output["metadata"]["uid"])
        way = cgroupfs.of(controller, levels)
        if at_pod and way and all(level.inode for level in (*way, at_pod)):
            inside[controller] = cgroupfs.below(controller, way, at_pod)
            own.add(at_pod.parts)
    if not inside:
        raise NotDrawn(f"the cgroups of {what} and of its pod were not both found")
    ways = {name: (cgroupfs.of(name, levels), cgroupfs.of(name, around)) for name in inside}
    effective = {name: cgroupfs.effective(name, levels) for name in inside}
    return Way(what, inside, effective, tuple(_tree(ways, own, what)))


def _tree(ways: Ways, own: set[tuple[str, ...]], what: str) -> Iterable[TreeLevel]:
    """Yield the cgroups of process and pod up to the node's root, parents first, the process's way last."""
    up = {level.parts for mine, _ in ways.values() for level in mine}
    ends = {mine[0].parts: what for mine, _ in ways.values()}
    ends = {theirs[0].parts: "the client" for _, theirs in ways.values()} | dict.fromkeys(own, "the pod") | ends
    there = up | {level.parts for _, theirs in ways.values() for level in theirs}

    def order(parts: tuple[str, ...]) -> list[tuple[bool, str]]:
        return [(parts[: depth + 1] in up, part) for depth, part in enumerate(parts)]

    for parts in sorted(there, key=order):
        values = {
            name: cgroupfs.LIMITS[name](level)
            for name, way in ways.items()
            for level in (*way[1], *way[0])
            if level.parts == parts
        }
        finite = {name: value for name, value in values.items() if not math.isinf(value)}
        yield TreeLevel(parts, parts in up, ends.get(parts, "" if parts else "the node's root"), finite)


STEP, FIRST, LINE, NEXT = 10, 14, 18, 14
"""How far a level is set in from its parent, where the root's line is, and how high a level's two lines are."""


def climb(drawing: Drawing, way: Way, top: float, *, whole: bool = True) -> float:
    """Draw the cgroup tree below `top`; return where it ends.

    Where it is not to be `whole`, a level that has neither a limit nor a role is in the name of the next below it.
    """
    y = top + 24
    drawing.text(MARGIN, y, "cgroups of the node", "word")
    at: dict[tuple[str, ...], float] = {}
    for level in way.levels:
        if not (whole or level.words or level.role):
            continue
        y += LINE
        above = [parts for parts in at if parts == level.parts[: len(parts)]]
        parent = max(above, key=len, default=())
        at[level.parts] = y
        x = FIRST + STEP * len(above)
        if above:
            drawing.line(f"M{x - STEP} {at[parent] - 1}V{y - 4}h{STEP}", "way" if level.on_way else "branch")
        name = short("/".join(level.parts[len(parent) :]) or "/")
        whose = {"the pod": ["of-pod"], way.what: ["of-child"]}.get(level.role, [])
        drawing.dot(x, y - 4, 3.5 if level.on_way else 2.5, "way" if level.on_way else "branch")
        drawing.text(x + 8, y, name, "path", *whose, room=WIDTH - x - 10)
        words = [level.role] if level.role else []
        words += [f"{'●' if level.on_way else '○'} {level.words}"] if level.words else []
        if words:
            y += NEXT
            drawing.text(x + 8, y, "  ".join(words), "note", *whose, room=WIDTH - x - 10)
    return y
