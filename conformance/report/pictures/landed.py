"""Where the child landed: machine, node and pod around it, and its way up the node's cgroup tree with the limits on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen
from markupsafe import Markup

from conformance.analysis.summary import Summary
from conformance.evidence.identity import first_processes, parsed, product, unproven
from conformance.evidence.items import Seen
from conformance.evidence.names import CHILD, CHILD_CGROUPS, DAEMON, INSPECT, NODES_FIRST, POD, POD_CGROUPS, POD_PROCESSES
from conformance.record.names import leg_name
from conformance.report.pictures.drawing import MARGIN, WIDTH, Drawing, NotDrawn, Picture, readable
from conformance.report.pictures.way import Way, climb, way_of

KIND = "foreground"
"""The kind of leg on which the child's cgroups are read."""
ID, TITLE = "where-it-landed", "Where did the child land, and which limits does it meet?"
SAYS = (
    "One leg of each approach, as the node saw it while the child served. Above: in what the child is. "
    "Below: the node's cgroup tree, from its root; the thick line is the child's way up. "
    "● is a limit on that way, which the child meets; ○ is one that it does not meet."
)


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
    way: Way
    cites: tuple[str, ...]


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
    way, pods = way_of(seen, "the child"), seen[POD_CGROUPS]
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
        way=way,
        cites=tuple(seen[name].id for name in (POD, CHILD, CHILD_CGROUPS, POD_CGROUPS, POD_PROCESSES, INSPECT)),
    )


def _network(seen: Seen, child: Mapping[str, Any], client: Mapping[str, Any]) -> str:
    """Say which network the child is in, and by which addresses: its pod's, the node's, or one of its own."""
    mine, first = child["ns"]["net"], seen.get(NODES_FIRST)
    if mine == client["ns"]["net"]:
        return "the pod's network"
    if first and mine == first.output[0]["ns"]["net"]:
        return "the node's network"
    networks = parsed(seen[INSPECT]).get("NetworkSettings", {}).get("Networks", {}).values()
    addresses = [network[key] for network in networks for key in ("IPAddress", "GlobalIPv6Address") if network.get(key)]
    return ", ".join(["its own network", *addresses])


def _rows(place: Place) -> list[tuple[str, ...]]:
    """Return the picture's numbers as the rows of a table, with nothing cut."""
    rows = [
        *place.way.rows,
        ("machine", f"Linux {place.kernel}"),
        ("node", place.node),
        ("pod", f"{place.pod}, {place.pod_ip}"),
        ("client", place.client),
        *([(f"engine {_of_whom(place)}", place.engine)] if place.engine else []),
        ("the child's network", place.network),
        *place.way.rows_of_levels,
        ("evidence", ", ".join(place.cites)),
    ]
    return [(place.leg, *row) for row in rows]


def _of_whom(place: Place) -> str:
    return "in the pod" if place.engine_inside else "on the node"


LEFT, RIGHT, BOX = 30, 188, 142
"""Where the two columns of boxes begin, and how wide a box is."""
TOP, LINES, GAP = 97, 15, 20
"""Where the first row of boxes begins, how high a line in them is, and how far the second row is from it."""


def _drawn(place: Place, name: str) -> Markup:
    drawing = Drawing()
    drawing.text(MARGIN, 18, place.title, "head", room=WIDTH - 2 * MARGIN)
    drawing.text(MARGIN, 34, f"{place.leg}: {place.way.where}", "note", "strong", room=WIDTH - 2 * MARGIN)
    below = _nested(drawing, place)
    y = climb(drawing, place.way, below) + 26
    drawing.text(MARGIN, y, "met on the child's way up:", "word")
    drawing.text(MARGIN, y + 16, place.way.met, "note", "strong", room=WIDTH - 2 * MARGIN)
    drawing.height = y + 26
    description = (
        f"Machine, Linux {place.kernel}; in it the node {place.node}; in that the pod {place.pod}, {place.pod_ip}. "
        f"The child is {place.way.where}, at {place.way.lowest}; {place.network}. "
        f"Met on its way up to the node's root: {place.way.met}."
    )
    return drawing.markup(name, f"{place.title}: where the child landed", description)


def _nested(drawing: Drawing, place: Place) -> float:
    """Draw machine, node, pod, client, engine and child into one another; return where they end."""
    child = ("the child", *place.network.split(", "))
    tall, bottom = _tall(2), TOP + _tall(2) + GAP + _tall(len(child))
    deep = place.way.within or not place.engine_inside
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
    if place.way.within and not place.engine_inside:
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
