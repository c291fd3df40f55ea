"""What went when: from the call that deletes a leg's pod on, what ended and vanished, and what was still there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from attrs import evolve, frozen
from markupsafe import Markup

from conformance.analysis import header, summary_table
from conformance.evidence.identity import first_processes, unproven
from conformance.evidence.items import Seen
from conformance.evidence.names import AT_DELETE, CHILD, DELETION, ON_NODE_AFTER, ORPHAN, POD, RECORD
from conformance.record.names import leg_name
from conformance.record.stream import Record
from conformance.report.pictures.drawing import MARGIN, WIDTH, Drawing, NotDrawn, Picture, Scale, readable, seconds

KINDS = ("foreground", "foreground-forced", "detached", "detached-forced")
"""The kinds of leg that are drawn: child attached or not, deleted with grace or without."""
ID, TITLE = "what-went-when", "What went when"
SAYS = (
    "Seconds from the call that deleted the pod, on one axis for all legs. A bar with an end: it was gone then. "
    "A bar with an arrow: still there when last looked. An empty bar: gone when it was looked for; its end was not seen. "
    "▾ is the child's SIGTERM; the dashed line is the end of the pod's grace."
)


class How(Enum):
    """What is known of an end."""

    GONE = "gone"
    GONE_BY = "gone when looked for"
    THERE = "still there"
    BEFORE = "had ended before the call"
    UNREAD = "not read"


@frozen
class End:
    """The end of one thing: `after` is in seconds from the delete call, for THERE when it was last looked at."""

    what: str
    how: How
    after: float = 0
    told: float | None = None
    """When SIGTERM was noted, in the same seconds."""
    part: str = ""
    """How many of several it is, e.g. '4 of 5 paths'."""

    @property
    def words(self) -> str:
        """Say it."""
        if self.how in (How.UNREAD, How.BEFORE):
            return str(self.how.value)
        said = seconds(self.after)
        if self.how is not How.GONE:
            return " ".join(filter(None, [self.part, self.how.value, "after", said]))
        return f"SIGTERM {seconds(self.told)}, gone {said}" if self.told is not None else said


@frozen
class Course:
    """The ends that were seen of one leg. `uncertainty` is how far node's and runner's clock may be apart, in seconds."""

    leg: str
    variation: str
    grace: float
    uncertainty: float
    ends: Mapping[str, End]


def picture(record: Record) -> Picture:
    """Return the picture of a record: a drawing for each approach of its table of which a deletion was followed."""
    courses: dict[str, dict[str, Course]] = {approach: {} for approach in summary_table.columns(record)}
    missing: dict[str, list[str]] = {}
    asked = {cell["leg"] for cell in record.header["cells"]}
    for approach, mine in courses.items():
        for kind in KINDS:
            if (leg := leg_name(approach, kind)) in asked:
                try:
                    mine[kind] = course(record, leg)
                except NotDrawn as why:
                    missing.setdefault(str(why), []).append(leg)
    every = [one for mine in courses.values() for one in mine.values()]
    scale = Scale(max((end.after for one in every for end in one.ends.values()), default=0))
    drawings = tuple(
        _drawn(header.title(record, approach), mine, _lanes(courses.values()), scale, f"{ID}-{number}")
        for number, (approach, mine) in enumerate(courses.items())
        if mine
    )
    sentences = [f"Not drawn: {', '.join(legs)}; {why}." for why, legs in missing.items()]
    sentences += [] if drawings or missing else [f"Not drawn: the record has no leg of the kinds {', '.join(KINDS)}."]
    rows = tuple(row for one in every for row in _told(one))
    return Picture(ID, TITLE, SAYS, drawings, tuple(sentences), ("leg", "what", "after the delete call"), rows)


@readable
def course(record: Record, leg: str) -> Course:
    """Read a leg's ends from its evidence. Raises `NotDrawn`."""
    seen = record.seen(leg)
    if why := unproven(seen):
        raise NotDrawn(why)
    output = seen[DELETION].output
    given, line = output["grace"], record.leg(leg) or {}
    return Course(
        leg,
        str(line.get("variation", "")),
        output["manifest_grace"] if given is None else given,
        output["uncertainty"],
        {end.what: end for end in (*_processes(seen), *_left(seen))},
    )


def _processes(seen: Seen) -> Iterable[End]:
    """Yield the ends of the client, the child, the pod's last process and the pod's object."""
    output, child = seen[DELETION].output, seen[CHILD].output["process"]
    first = first_processes(seen[POD].output, seen[AT_DELETE].output)
    if client := first.get(_client(seen[POD].output)):
        yield _end("the client's process", [client["pid"]], output)
    yield evolve(_end("the child's process", [child["pid"]], output, _looked(seen, child)), told=_told_at(child, output))
    yield _end("the pod's last process", [one["pid"] for one in output["followed"] if one["role"] == "pod"], output)
    yield End("the pod's object", How.GONE, output["object_gone"] - output["delete_called"])


def _client(pod: Mapping[str, Any]) -> str:
    """Return the name of the pod's container that starts the child: the one to which the run gave its nonce."""
    told = (one["name"] for one in pod["spec"]["containers"] for name in one.get("env", []) if name["name"] == "NONCE")
    return str(next(told, ""))


def _end(what: str, pids: Sequence[int], deletion: Mapping[str, Any], looked: float = 0) -> End:
    """Return the end of the last of these processes; `looked` is when the node last saw one that never went, by its clock."""
    events, called = deletion["events"], deletion["delete_called"]
    gone = {one["pid"]: one["at"] for one in events if one["event"] == "gone"}
    absent = {one["pid"] for one in events if one["event"] == "absent"}
    if not pids:
        return End(what, How.UNREAD)
    if not {*pids} <= gone.keys() | absent:
        return End(what, How.THERE, max(looked, *(one["at"] for one in events)) - called)
    last = max((gone[pid] for pid in pids if pid in gone), default=None)
    if last is None or last < called - deletion["uncertainty"]:
        return End(what, How.BEFORE)
    return End(what, How.GONE, last - called)


def _looked(seen: Seen, child: Mapping[str, Any]) -> float:
    """Return when a child that outlived its pod was last looked at, and was the same process; 0 where it was not."""
    orphan = seen.get(ORPHAN)
    there = orphan and any((one["pid"], one["start"]) == (child["pid"], child["start"]) for one in orphan.output)
    return (orphan.at or 0) if orphan and there else 0


def _told_at(child: Mapping[str, Any], deletion: Mapping[str, Any]) -> float | None:
    """Return when SIGTERM was noted by the child, None where it was not."""
    noted = (
        one["at"] - deletion["delete_called"]
        for one in deletion["events"]
        if one["event"] == "noted" and one["pid"] == child["pid"] and "SIGTERM" in one["text"]
    )
    return next(noted, None)


def _left(seen: Seen) -> Iterable[End]:
    """Yield what became of the engine's record of the child, and of all that was looked for on the node, if it was."""
    after = seen.get(ON_NODE_AFTER)
    if after is None or after.at is None:
        return
    looked = after.at - seen[DELETION].output["delete_called"]
    kept = [path for path, what in after.asked.get("are", {}).items() if what == RECORD]
    for what, paths in {CONTAINER: kept, PATHS: [*after.output]}.items():
        there = [path for path in paths if after.output[path]["exists"]]
        part = f"{len(there)} of {len(paths)}" if there and len(paths) > 1 else ""
        if paths:
            yield End(what, How.THERE if there else How.GONE_BY, looked, part=part)


CONTAINER, PATHS = "the child's container", "the paths on the node"


def _lanes(courses: Collection[Mapping[str, Course]]) -> dict[str, list[str]]:
    """Return for each kind of leg what was followed of any approach's, in the order in which it was read."""
    ends = {kind: [what for mine in courses if kind in mine for what in mine[kind].ends] for kind in KINDS}
    return {kind: list(dict.fromkeys(found)) for kind, found in ends.items() if found}


def _told(one: Course) -> list[tuple[str, ...]]:
    """Return a leg's ends as the rows of a table."""
    rows = [*((end.what, end.words) for end in one.ends.values()), ("the pod's grace", f"{one.grace:g} s")]
    return [(one.leg, *row) for row in [*rows, ("the clocks", f"apart by at most {seconds(one.uncertainty, 3)}")]]


HEAD, LANE, ABOVE, BAR = 46, 31, 18, 8
"""How high a leg's two lines of words are, and a thing's line with its bar; where in that the bar begins, how high it is."""
WIDTH_OF_STOP = 2
"""Units that the end of a bar is wide: an uncertainty that is less cannot be seen, and is told in words alone."""
Lanes = Mapping[str, Sequence[str]]


def _drawn(title: str, courses: Mapping[str, Course], kinds: Lanes, scale: Scale, name: str) -> Markup:
    drawing = Drawing()
    drawing.text(MARGIN, 18, title, "head", room=WIDTH - 2 * MARGIN)
    drawing.height = 52 + sum(HEAD + LANE * len(lanes) for lanes in kinds.values())
    scale.draw(drawing, 44, drawing.height - 6, " s")
    y: float = 46
    for kind, lanes in kinds.items():
        _headed(drawing, y, kind, courses.get(kind))
        one = courses.get(kind)
        if one and one.grace:
            places = (y + HEAD + LANE * number + ABOVE - 3 for number in range(len(lanes)))
            drawing.line("".join(f"M{scale.at(one.grace):.1f} {place:.1f}v{BAR + 6}" for place in places), "grace")
        for number, what in enumerate(lanes):
            end = (one.ends if one else {}).get(what, End(what, How.UNREAD))
            _lane(drawing, y + HEAD + LANE * number, end, one.uncertainty if one else 0, scale)
        y += HEAD + LANE * len(lanes)
    said = "; ".join(
        f"{one.leg}: " + ", ".join(f"{end.what} {end.words}" for end in one.ends.values()) for one in courses.values()
    )
    return drawing.markup(name, f"{title}: what went when", f"In seconds from the delete call. {said}.")


def _headed(drawing: Drawing, y: float, kind: str, one: Course | None) -> None:
    drawing.line(f"M{MARGIN} {y + 12}H{WIDTH - MARGIN}", "rule")
    drawing.text(MARGIN, y + 28, one.leg if one else kind, "word", room=190)
    clocks = f"clocks ± {seconds(one.uncertainty, 3)}" if one else How.UNREAD.value
    drawing.text(WIDTH - MARGIN, y + 28, clocks, "note", "end", room=150)
    drawing.text(MARGIN, y + 42, one.variation if one else "", "note", room=WIDTH - 2 * MARGIN)


def _lane(drawing: Drawing, y: float, end: End, uncertainty: float, scale: Scale) -> None:
    whose = "of-child" if "child" in end.what else "of-pod" if "pod" in end.what or "client" in end.what else "of-both"
    drawing.text(MARGIN + 6, y + 12, end.what, "note", "strong", "clear", room=150)
    drawing.text(WIDTH - MARGIN, y + 12, end.words, "note", "end", "clear", room=200)
    if end.how in (How.UNREAD, How.BEFORE):
        return
    right, top = scale.at(end.after), y + ABOVE
    drawing.box(scale.left, top, max(right - scale.left, 1.5), BAR, {How.GONE_BY: "empty"}.get(end.how, "bar"), whose)
    if end.how is How.THERE:
        drawing.line(f"M{right + 1:.1f} {top - 3}l9 {BAR / 2 + 3}l-9 {BAR / 2 + 3}z", "bar", whose)
    elif end.how is How.GONE:
        drawing.line(f"M{right:.1f} {top - 2}v{BAR + 4}", "stop")
        early, late = (scale.at(end.after + sign * uncertainty) for sign in (-1, 1))
        if late - early > WIDTH_OF_STOP:
            drawing.line(f"M{early:.1f} {top + BAR / 2}H{late:.1f}", "range")
    if end.told is not None:
        drawing.line(f"M{scale.at(end.told) - 3:.1f} {top - 4}h6l-3 5z", "told")
