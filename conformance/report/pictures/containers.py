"""The containers of a pod that was checked: who of them starts others, what each may use, and where what was started landed."""

from __future__ import annotations

from attrs import frozen
from markupsafe import Markup

from conformance.analysis.summary import Summary
from conformance.cluster.api import Object
from conformance.cluster.pods import containers
from conformance.evidence.names import CHILD_CGROUPS, POD
from conformance.record.names import CHECKED, MENDED, leg_name
from conformance.record.stream import Record
from conformance.report.pictures.drawing import MARGIN, WIDTH, Drawing, NotDrawn, Picture
from conformance.report.pictures.landed import Place, place_of

ID, TITLE = "its-containers", "Which of its containers starts others, and where do these land?"
SAYS = (
    "The pod's own containers, each with its image and the limits that it asks for; below, a container that was started through "
    "the engine, inside the pod's cgroup or outside it, and the limits that it meets on its way up."
)
NOT_DRAWN = "Not drawn: of no leg the cgroups of a container that it started were read."


@frozen
class Own:
    """A container of the pod's own. `limits` in words."""

    name: str
    role: str
    image: str
    limits: str


def picture(summary: Summary) -> Picture:
    """Return the picture of a check: a drawing of the pod, and one of the mended pod where that was judged beside it."""
    drawings: list[Markup] = []
    rows: list[tuple[str, ...]] = []
    missing: list[str] = []
    for number, approach in enumerate(name for name in (CHECKED, MENDED) if name in summary.approaches):
        leg = _leg(summary.whole, approach)
        if not leg:
            missing.append(NOT_DRAWN)
            continue
        try:
            place = place_of(summary, approach, leg.partition(".")[2])
        except NotDrawn as why:
            missing.append(f"Not drawn: {leg}; {why}.")
            continue
        own = [_own(each, place, summary) for each in containers(summary.whole.seen(leg)[POD].output)]
        drawings.append(_drawn(place, own, f"{ID}-{number}"))
        rows += [(leg, each.name, "; ".join(filter(None, (each.role, each.image, each.limits)))) for each in own]
        rows += [(leg, "a container that it started", place.way.where), (leg, "met on its way up", place.way.met)]
        rows.append((leg, "evidence", ", ".join(place.cites)))
    return Picture(ID, TITLE, SAYS, tuple(drawings), tuple(missing), ("leg", "container", "read"), tuple(rows))


def _leg(record: Record, approach: str) -> str:
    """Return the first leg of a pod of which a container's cgroups were read; '' where there is none."""
    legs = (line["leg"] for line in record.legs if line["leg"].startswith(leg_name(approach, "")))
    return next((leg for leg in legs if record.seen(leg).get(CHILD_CGROUPS)), "")


def _own(container: Object, place: Place, summary: Summary) -> Own:
    engine = summary.record.header["checked"]["engine"]
    roles = {place.client: "client", engine: "engine"} if place.client != engine else {engine: "client and engine"}
    limits = (container.get("resources") or {}).get("limits") or {}
    words = " · ".join(f"{name} {value}" for name, value in limits.items()) or "no limit of its own"
    return Own(container["name"], roles.get(container["name"], ""), container["image"], words)


EDGE, LINE, PAD = 16, 15, 9
"""How far boxes are from the pod's edge, how high a line in one is, and what is below its last line."""


def _drawn(place: Place, own: list[Own], name: str) -> Markup:
    drawing, tall = Drawing(), 3 * LINE + PAD
    drawing.text(MARGIN, 18, place.title, "head", room=WIDTH - 2 * MARGIN)
    drawing.text(MARGIN, 34, f"{place.leg}: {place.way.where}", "note", "strong", room=WIDTH - 2 * MARGIN)
    bottom = 72 + len(own) * (tall + PAD)
    drawing.box(MARGIN, 44, WIDTH - 2 * MARGIN, bottom + (tall + PAD if place.way.within else 0) - 44, "pod")
    drawing.text(EDGE, 61, f"pod: {place.pod}", "word", "of-pod", room=WIDTH - 2 * EDGE)
    for number, each in enumerate(own):
        words = " is the ".join(filter(None, (each.name, each.role)))
        _box(drawing, 72 + number * (tall + PAD), (words, each.image, each.limits), "part")
    below = bottom + (0 if place.way.within else PAD)
    engine = f"engine {'in the pod' if place.engine_inside else 'of the node'}: {place.engine}"
    _box(drawing, below, ("a container that it started", engine, place.way.met), "child")
    drawing.height = below + tall + 2 * PAD
    every = "; ".join(", ".join(filter(None, (each.name, each.role, each.image, each.limits))) for each in own)
    described = f"The pod {place.pod} has {every}. A container that it started is {place.way.where}. It meets {place.way.met}."
    return drawing.markup(name, f"{place.title}: its containers", described)


def _box(drawing: Drawing, y: float, lines: tuple[str, str, str], kind: str) -> None:
    drawing.box(EDGE, y, WIDTH - 2 * EDGE, 3 * LINE + PAD, kind)
    room = WIDTH - 2 * EDGE - 16
    drawing.text(EDGE + 8, y + LINE, lines[0], "word", *(["of-child"] if kind == "child" else []), room=room)
    for number, words in enumerate(lines[1:], 2):
        drawing.text(EDGE + 8, y + number * LINE, words, "note", *(["strong"] if kind == "child" else []), room=room)
