"""Where the child landed: machine, node and pod around it, and its way up the node's cgroup tree with the limits on it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen
from markupsafe import Markup

from conformance.analysis.summary import Summary
from conformance.evidence import cgroupfs
from conformance.evidence.identity import first_processes, parsed, product, unproven
from conformance.evidence.items import Seen
from conformance.evidence.names import CHILD, CHILD_CGROUPS, DAEMON, INSPECT, POD, POD_CGROUPS, POD_PROCESSES
from conformance.record.names import leg_name
from conformance.report.pictures.drawing import MARGIN, WIDTH, Drawing, NotDrawn, Picture, readable, short

KIND = "foreground"
"""The kind of leg on which the child's cgroups are read."""
ID, TITLE = "where-it-landed", "Where did the child land, and which limits does it meet?"
SAYS = (
    "One leg of each approach, as the node saw it while the child served. Above: in what the child is. "
    "Below: the node's cgroup tree, from its root; the thick line is the child's way up. "
    "● is a limit on that way, which the child meets; ○ is one that it does not meet."
)
Ways = Mapping[str, tuple[list[cgroupfs.Level], list[cgroupfs.Level]]]
"""By controller: the levels from the child up to the node's root, and those from the pod's client up."""


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
class Place:
    """Where one leg's child is: everything that the picture and its table say."""

    title: str
    leg: str
    node: str
    kernel: str
    pod: str
    pod_ip: str
    client: str
    engine: str
    engine_inside: bool
    network: str
    inside: Mapping[str, bool]
    effective: Mapping[str, float]
    levels: tuple[TreeLevel, ...]
    cites: tuple[str, ...]

    @property
    def within(self) -> bool:
        """Return whether the child is inside its pod by every controller."""
        return all(self.inside.values())

    @property
    def where(self) -> str:
        """Say where the child is; where controllers disagree, by which it is inside."""
        if len(set(self.inside.values())) == 1:
            return "inside its pod" if self.within else "outside its pod"
        return f"inside its pod only by {', '.join(name for name, there in self.inside.items() if there)}"

    @property
    def met(self) -> str:
        """Return the tightest limits on the child's way up in words."""
        limits = " · ".join(cgroupfs.amount(name, value) for name, value in self.effective.items() if not math.isinf(value))
        free = ", ".join(name for name, value in self.effective.items() if math.isinf(value))
        return "; ".join(filter(None, [limits, free and f"no limit of {free}"]))


def picture(summary: Summary) -> Picture:
    """Return the picture of a record: a drawing for each approach that has a child to be shown, the table's first."""
    drawings, missing, rows = [], [], []
    for number, approach in enumerate(_shown(summary)):
        try:
            place = place_of(summary, approach)
        except NotDrawn as why:
            missing.append(f"Not drawn: {leg_name(approach, KIND)}; {why}.")
        else:
            drawings.append(_drawn(place, f"{ID}-{number}"))
            rows += _rows(place)
    return Picture(ID, TITLE, SAYS, tuple(drawings), tuple(missing), ("leg", "what", "read"), tuple(rows))


def _shown(summary: Summary) -> list[str]:
    """Return the approaches of the table, and those beside it whose child's cgroups were read: a mend is known by its place."""
    record = summary.whole
    beside = [name for name in record.approaches if record.seen(leg_name(name, KIND)).get(CHILD_CGROUPS)]
    return list(dict.fromkeys([*summary.table.columns, *beside]))


@readable
def place_of(summary: Summary, approach: str, kind: str = KIND) -> Place:
    """Read a child's place from its leg's evidence. Raises `NotDrawn`."""
    record, leg = summary.whole, leg_name(approach, kind)
    seen = record.seen(leg)
    if leg not in {cell["leg"] for cell in record.header["cells"]}:
        raise NotDrawn("the record has no such leg")
    if why := unproven(seen):
        raise NotDrawn(why)
    pod, child = seen[POD].output, seen[CHILD].output["process"]
    cgroups, pods = seen[CHILD_CGROUPS], seen[POD_CGROUPS]
    levels, around = cgroupfs.levels(cgroups.output), cgroupfs.levels(pods.output)
    inside: dict[str, bool] = {}
    own = set()
    for controller in cgroupfs.LIMITS:
        at_pod = cgroupfs.pod_level(controller, around, pod["metadata"]["uid"])
        way = cgroupfs.of(controller, levels)
        if at_pod and way and all(level.inode for level in (*way, at_pod)):
            inside[controller] = cgroupfs.below(controller, way, at_pod)
            own.add(at_pod.parts)
    if not inside:
        raise NotDrawn("the cgroups of its child and of its pod were not both found")
    processes = seen[POD_PROCESSES]
    client = next(name for name, process in first_processes(pod, processes.output).items() if process["pid"] == pods.asked["pid"])
    daemon = seen.get(DAEMON)
    return Place(
        title=summary.approaches[approach].title,
        leg=leg,
        node=pod["spec"]["nodeName"],
        kernel=record.header["world"]["kernel"],
        pod=pod["metadata"]["name"],
        pod_ip=pod["status"]["podIP"],
        client=client,
        engine=product(parsed(daemon)) if daemon else "",
        engine_inside=bool(daemon and "socket" not in daemon.asked),
        network=_network(seen, child, next(process for process in processes.output if process["pid"] == pods.asked["pid"])),
        inside=inside,
        effective={controller: cgroupfs.effective(controller, levels) for controller in inside},
        levels=tuple(_tree({name: (cgroupfs.of(name, levels), cgroupfs.of(name, around)) for name in inside}, own)),
        cites=tuple(seen[name].id for name in (POD, CHILD, CHILD_CGROUPS, POD_CGROUPS, POD_PROCESSES, INSPECT)),
    )


def _network(seen: Seen, child: Mapping[str, Any], client: Mapping[str, Any]) -> str:
    """Say which network the child is in, and by which addresses: its pod's, the node's, or one of its own."""
    mine, first = child["ns"]["net"], seen.get("node's first process")
    if mine == client["ns"]["net"]:
        return "the pod's network"
    if first and mine == first.output[0]["ns"]["net"]:
        return "the node's network"
    networks = parsed(seen[INSPECT]).get("NetworkSettings", {}).get("Networks", {}).values()
    addresses = [network[key] for network in networks for key in ("IPAddress", "GlobalIPv6Address") if network.get(key)]
    return ", ".join(["its own network", *addresses])


def _tree(ways: Ways, own: set[tuple[str, ...]]) -> Iterable[TreeLevel]:
    """Yield the cgroups of child and pod up to the node's root, parents first, the child's way last."""
    up = {level.parts for mine, _ in ways.values() for level in mine}
    ends = {mine[0].parts: "the child" for mine, _ in ways.values()}
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


def _rows(place: Place) -> list[tuple[str, ...]]:
    """Return the picture's numbers as the rows of a table, with nothing cut."""
    rows = [
        ("the child", place.where),
        *((f"by {name}", "inside" if there else "outside") for name, there in place.inside.items()),
        ("met on its way up", place.met),
        ("machine", f"Linux {place.kernel}"),
        ("node", place.node),
        ("pod", f"{place.pod}, {place.pod_ip}"),
        ("client", place.client),
        *([(f"engine {_of_whom(place)}", place.engine)] if place.engine else []),
        ("the child's network", place.network),
    ]
    for level in place.levels:
        way = "on the child's way" if level.on_way else "not on the child's way"
        rows.append((level.path, "; ".join(filter(None, [level.role, way, level.words or "no limit"]))))
    return [(place.leg, *row) for row in [*rows, ("evidence", ", ".join(place.cites))]]


def _of_whom(place: Place) -> str:
    return "in the pod" if place.engine_inside else "on the node"


LEFT, RIGHT, BOX = 30, 188, 142
"""Where the two columns of boxes begin, and how wide a box is."""
TOP, LINES, GAP = 97, 15, 20
"""Where the first row of boxes begins, how high a line in them is, and how far the second row is from it."""


def _drawn(place: Place, name: str) -> Markup:
    drawing = Drawing()
    drawing.text(MARGIN, 18, place.title, "head", room=WIDTH - 2 * MARGIN)
    drawing.text(MARGIN, 34, f"{place.leg}: {place.where}", "note", "strong", room=WIDTH - 2 * MARGIN)
    below = _nested(drawing, place)
    drawing.height = _climb(drawing, place, below)
    lowest = next(level.path for level in reversed(place.levels) if level.on_way)
    description = (
        f"Machine, Linux {place.kernel}; in it the node {place.node}; in that the pod {place.pod}, {place.pod_ip}. "
        f"The child is {place.where}, at {lowest}; {place.network}. "
        f"Met on its way up to the node's root: {place.met}."
    )
    return drawing.markup(name, f"{place.title}: where the child landed", description)


def _nested(drawing: Drawing, place: Place) -> float:
    """Draw machine, node, pod, client, engine and child into one another; return where they end."""
    child = ("the child", *place.network.split(", "))
    tall, bottom = _tall(2), TOP + _tall(2) + GAP + _tall(len(child))
    deep = place.within or not place.engine_inside
    drawing.box(4, 46, WIDTH - 8, bottom + 26 - 46, "around")
    drawing.text(12, 60, f"machine: Linux {place.kernel}", "note", room=WIDTH - 24)
    drawing.box(12, 66, WIDTH - 24, bottom + 18 - 66, "around")
    drawing.text(20, 80, f"node: {place.node}", "note", room=WIDTH - 40)
    low = (bottom if deep else TOP + tall) + 10
    _pod(drawing, place, TOP + tall + GAP / 2, low)
    words = low - 24 if deep else low + 16
    drawing.text(LEFT, words, f"pod: {place.pod}", "word", "of-pod", room=BOX)
    drawing.text(LEFT, words + LINES, place.pod_ip, "note", "strong", room=BOX)
    _labelled(drawing, LEFT, TOP, ("client", place.client), "part")
    if place.engine:
        _labelled(drawing, RIGHT, TOP, (f"engine {_of_whom(place)}", place.engine), "part")
        drawing.line(f"M{LEFT + BOX} {TOP + tall / 2}H{RIGHT - 2}m-5 -3l5 3l-5 3", "arrow")
        drawing.line(f"M{RIGHT + BOX / 2} {TOP + tall}v{GAP - 2}m-3 -5l3 5l3 -5", "arrow")
    _labelled(drawing, RIGHT, TOP + tall + GAP, child, "child")
    return bottom + 26


def _pod(drawing: Drawing, place: Place, between: float, low: float) -> None:
    """Draw the pod down to `low`, around what is in it alone; `between` is where the second row of boxes begins."""
    left, top, narrow, wide = LEFT - 8, TOP - 10, LEFT + BOX + 8, RIGHT + BOX + 8
    if place.within and not place.engine_inside:
        drawing.line(f"M{left} {top}H{narrow}V{between:g}H{wide}V{low:g}H{left}z", "pod")
    else:
        drawing.box(left, top, (wide if place.engine_inside else narrow) - left, low - top, "pod")


def _tall(lines: int) -> float:
    """Return how high a box of so many lines is."""
    return LINES * lines + 9


def _labelled(drawing: Drawing, x: float, y: float, words: tuple[str, ...], kind: str) -> None:
    drawing.box(x, y, BOX, _tall(len(words)), kind)
    drawing.text(x + 8, y + LINES, words[0], "word", *(["of-child"] if kind == "child" else []), room=BOX - 12)
    for number, line in enumerate(words[1:], 2):
        drawing.text(x + 8, y + number * LINES, line, "note", *(["strong"] if kind == "child" else []), room=BOX - 12)


STEP, FIRST, LINE, NEXT = 10, 14, 18, 14
"""How far a level is set in from its parent, where the root's line is, and how high a level's two lines are."""


def _climb(drawing: Drawing, place: Place, top: float) -> float:
    """Draw the cgroup tree below `top`; return where it ends."""
    y = top + 24
    drawing.text(MARGIN, y, "cgroups of the node", "word")
    at: dict[tuple[str, ...], float] = {}
    for level in place.levels:
        y += LINE
        at[level.parts] = y
        depth = len(level.parts)
        x = FIRST + STEP * depth
        if parent := at.get(level.parts[:-1]) if level.parts else None:
            drawing.line(f"M{x - STEP} {parent - 1}V{y - 4}h{STEP}", "way" if level.on_way else "branch")
        name = short(level.parts[-1]) if level.parts else "/"
        drawing.dot(x, y - 4, 3.5 if level.on_way else 2.5, "way" if level.on_way else "branch")
        drawing.text(x + 8, y, name, "path", *_whose(level.role), room=WIDTH - x - 10)
        words = [level.role] if level.role else []
        words += [f"{'●' if level.on_way else '○'} {level.words}"] if level.words else []
        if words:
            y += NEXT
            drawing.text(x + 8, y, "  ".join(words), "note", *_whose(level.role), room=WIDTH - x - 10)
    y += LINE + 8
    drawing.text(MARGIN, y, "met on the child's way up:", "word")
    drawing.text(MARGIN, y + 16, place.met, "note", "strong", room=WIDTH - 2 * MARGIN)
    return y + 26


def _whose(role: str) -> list[str]:
    return {"the pod": ["of-pod"], "the child": ["of-child"]}.get(role, [])
