"""What went when: from the call that deletes a leg's pod on, what ended and vanished, and what was still there."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any

from attrs import evolve, frozen
from markupsafe import Markup

from conformance.analysis.summary import Summary
from conformance.evidence.identity import first_processes, identity_of, unproven
from conformance.evidence.items import Seen
from conformance.evidence.names import AT_DELETE, CHILD, DELETION, ON_NODE_AFTER, ORPHAN, POD, RECORD
from conformance.record.names import leg_name
from conformance.record.stream import Record
from conformance.report.pictures.drawing import MARGIN, WIDTH, Drawing, NotDrawn, Picture, Scale, readable, seconds

KINDS = ("foreground", "foreground-forced", "detached", "detached-forced")
"""The kinds of leg that are drawn: child attached or not, deleted with grace or without."""
ID, TITLE = "what-went-when", "What ended when the pod was deleted, and when?"
SAYS = (
    "Seconds from the call that deleted the pod, on one axis for all legs. A bar with an end: it was gone then. "
    "A bar with an arrow: still there when last looked. An empty bar: gone when it was looked for; its end was not seen. "
    "▾ is the child's SIGTERM; the dashed line is the end of the pod's grace. ✕: something of the pod still ran then, and "
    "kubelet sent it SIGKILL."
)


class How(Enum):
    """What is known of an end."""

    GONE = "gone"
    GONE_BY = "gone when looked for"
    THERE = "still there"
    BEFORE = "ended before"
    UNREAD = "not read"


@frozen
class SeenEnd:
    """The end of one thing: `after` is in seconds from the delete call, for THERE when it was last looked at."""

    what: str
    how: How
    after: float = 0
    terminated: float | None = None
    """When SIGTERM was noted, in the same seconds."""
    part: str = ""
    """How many of several it is, e.g. '4 of 5 paths'."""
    again: float | None = None
    """When what was seen in its place was started, in the same seconds."""
    seen: float = 0
    """When that was looked at."""

    @property
    def words(self) -> str:
        """Say it."""
        if self.again is not None:
            end = {How.GONE: f"gone {seconds(self.after)}", How.GONE_BY: f"gone by {seconds(self.after)}"}
            return f"{end.get(self.how, self.how.value)}, again {seconds(self.again)}"
        if self.how in (How.UNREAD, How.BEFORE):
            return str(self.how.value)
        after = seconds(self.after)
        if self.how is not How.GONE:
            return " ".join(filter(None, [self.part, self.how.value, "after", after]))
        return f"SIGTERM {seconds(self.terminated)}, gone {after}" if self.terminated is not None else after


@frozen
class LegEnds:
    """The ends that were seen of one leg. `uncertainty` is how far node's and runner's clock may be apart, in seconds."""

    leg: str
    variation: str
    grace: float
    uncertainty: float
    ends: Mapping[str, SeenEnd]

    @property
    def last(self) -> float:
        """Return the last second of which something is known."""
        return max((max(end.after, end.seen) for end in self.ends.values()), default=0)

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """Return the ends as the rows of a table."""
        rows = [*((end.what, end.words) for end in self.ends.values())]
        return [(self.leg, *row) for row in [*rows, ("the clocks", f"apart by at most {seconds(self.uncertainty, 3)}")]]


def picture(summary: Summary) -> Picture:
    """Return the picture of a record: two drawings for each approach of its table of which deletions were followed.

    The approaches stand side by side first with an attached child, then with a detached one: each fits a screen.
    """
    record = summary.whole
    legs: dict[str, dict[str, LegEnds]] = {approach: {} for approach in summary.table.columns}
    missing: dict[str, list[str]] = {}
    asked = {cell["leg"] for cell in record.header["cells"]}
    for approach, mine in legs.items():
        for kind in KINDS:
            if (leg := leg_name(approach, kind)) in asked:
                try:
                    mine[kind] = leg_ends(record, leg)
                except NotDrawn as why:
                    missing.setdefault(str(why), []).append(leg)
    every = [leg for mine in legs.values() for leg in mine.values()]
    scale = Scale(max((leg.last for leg in every), default=0))
    titled = {summary.approaches[approach].title: mine for approach, mine in legs.items()}
    drawings = tuple(halves(titled, KINDS, lambda _: _lanes(legs.values()), scale, ID))
    sentences = [f"Not drawn: {', '.join(lacking)}; {why}." for why, lacking in missing.items()]
    sentences += [] if drawings or missing else [f"Not drawn: the record has no leg of the kinds {', '.join(KINDS)}."]
    rows = tuple(row for leg in every for row in (*leg.rows, (leg.leg, "the pod's grace", f"{leg.grace:g} s")))
    return Picture(ID, TITLE, SAYS, drawings, tuple(sentences), ("leg", "what", "after the delete call"), rows)


@readable
def leg_ends(record: Record, leg: str) -> LegEnds:
    """Read a leg's ends from its evidence. Raises `NotDrawn`."""
    seen = record.seen(leg)
    if why := unproven(seen):
        raise NotDrawn(why)
    output = seen[DELETION].output
    given, line = output["grace"], record.leg(leg) or {}
    return LegEnds(
        leg,
        str(line.get("variation", "")),
        output["manifest_grace"] if given is None else given,
        output["uncertainty"],
        {end.what: end for end in (*_processes(seen), *_left(seen))},
    )


def _processes(seen: Seen) -> Iterable[SeenEnd]:
    """Yield the ends of the client, the child, the pod's last process and the pod's object."""
    client_s, last = OF_POD
    output, child = seen[DELETION].output, seen[CHILD].output["process"]
    first = first_processes(seen[POD].output, seen[AT_DELETE].output)
    if client := first.get(_client(seen[POD].output)):
        yield process_end(client_s, [client["pid"]], output)
    yield child_end("the child's process", seen, child)
    yield process_end(last, [process["pid"] for process in output["followed"] if process["role"] == "pod"], output)
    yield SeenEnd("the pod's object", How.GONE, output["object_gone"] - output["delete_called"])


def _client(pod: Mapping[str, Any]) -> str:
    """Return the name of the pod's container that starts the child: the one to which the run gave its nonce."""
    containers = pod["spec"]["containers"]
    names = (each["name"] for each in containers for variable in each.get("env", []) if variable["name"] == "NONCE")
    return str(next(names, ""))


OF_POD = ("the client's process", "the pod's last process")
"""What kubelet kills when the pod's grace is over."""


def child_end(what: str, seen: Seen, child: Mapping[str, Any]) -> SeenEnd:
    """Return the end of a child's process, and when it was told to end, as they were watched while its pod was deleted."""
    output = seen[DELETION].output
    return evolve(process_end(what, [child["pid"]], output, _looked(seen, child)), terminated=_terminated(child, output))


def process_end(what: str, pids: Sequence[int], deletion: Mapping[str, Any], looked: float = 0) -> SeenEnd:
    """Return the end of the last of these processes; `looked` is when the node last saw one that never went, by its clock."""
    events, called = deletion["events"], deletion["delete_called"]
    gone = {event["pid"]: event["at"] for event in events if event["event"] == "gone"}
    absent = {event["pid"] for event in events if event["event"] == "absent"}
    if not pids:
        return SeenEnd(what, How.UNREAD)
    if not {*pids} <= gone.keys() | absent:
        return SeenEnd(what, How.THERE, max(looked, *(event["at"] for event in events)) - called)
    last = max((gone[pid] for pid in pids if pid in gone), default=None)
    if last is None or last < called - deletion["uncertainty"]:
        return SeenEnd(what, How.BEFORE)
    return SeenEnd(what, How.GONE, last - called)


def _looked(seen: Seen, child: Mapping[str, Any]) -> float:
    """Return when a child that outlived its pod was last looked at, and was the same process; 0 where it was not."""
    orphan = seen.get(ORPHAN)
    there = orphan and any(identity_of(process) == identity_of(child) for process in orphan.output)
    return (orphan.at or 0) if orphan and there else 0


def _terminated(child: Mapping[str, Any], deletion: Mapping[str, Any]) -> float | None:
    """Return when SIGTERM was noted by the child, None where it was not."""
    noted = (
        event["at"] - deletion["delete_called"]
        for event in deletion["events"]
        if event["event"] == "noted" and event["pid"] == child["pid"] and "SIGTERM" in event["text"]
    )
    return next(noted, None)


def _left(seen: Seen) -> Iterable[SeenEnd]:
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
            yield SeenEnd(what, How.THERE if there else How.GONE_BY, looked, part=part)


CONTAINER, PATHS = "the child's container", "the paths on the node"


def _lanes(legs: Collection[Mapping[str, LegEnds]]) -> dict[str, list[str]]:
    """Return for each kind of leg what was followed of any approach's, in the order in which it was read."""
    ends = {kind: [what for mine in legs if kind in mine for what in mine[kind].ends] for kind in KINDS}
    return {kind: list(dict.fromkeys(lanes)) for kind, lanes in ends.items() if lanes}


Lanes = Mapping[str, Sequence[str]]


def halves(
    titled: Mapping[str, Mapping[str, LegEnds]],
    kinds: Sequence[str],
    lanes_of: Callable[[Mapping[str, LegEnds]], Lanes],
    scale: Scale,
    name: str,
) -> Iterator[Markup]:
    """Yield a drawing for the first half of the kinds of legs of each approach, by its title, then for the second.

    `lanes_of` returns what is drawn of an approach's legs, by kind: where all of it were one drawing it would not fit a screen.
    """
    number = itertools.count()
    for half in (kinds[: len(kinds) // 2], kinds[len(kinds) // 2 :]):
        for title, mine in titled.items():
            legs = {kind: leg for kind, leg in mine.items() if kind in half}
            lanes = {kind: lanes for kind, lanes in lanes_of(mine).items() if kind in half}
            if legs:
                yield drawn(title, legs, lanes, scale, f"{name}-{next(number)}")


HEAD, LANE, ABOVE, BAR = 46, 31, 18, 8
"""How high a leg's two lines of words are, and a thing's line with its bar; where in that the bar begins, how high it is."""
WIDTH_OF_STOP = 2
"""Units that the end of a bar is wide: an uncertainty that is less cannot be seen, and is told in words alone."""


def drawn(title: str, legs: Mapping[str, LegEnds], kinds: Lanes, scale: Scale, name: str) -> Markup:
    """Return the drawing of an approach: `legs` by their kinds, and in each a lane for whatever `kinds` has of it."""
    drawing = Drawing()
    drawing.text(MARGIN, 18, title, "head", room=WIDTH - 2 * MARGIN)
    drawing.height = 52 + sum(HEAD + LANE * len(lanes) for lanes in kinds.values())
    scale.draw(drawing, 44, drawing.height - 6, " s")
    y: float = 46
    for kind, lanes in kinds.items():
        leg = legs.get(kind)
        _headed(drawing, y, kind, leg)
        if leg and leg.grace:
            places = (y + HEAD + LANE * number + ABOVE - 3 for number in range(len(lanes)))
            drawing.line("".join(f"M{scale.at(leg.grace):.1f} {place:.1f}v{BAR + 6}" for place in places), "grace")
        for number, what in enumerate(lanes):
            end = (leg.ends if leg else {}).get(what, SeenEnd(what, How.UNREAD))
            _lane(drawing, y + HEAD + LANE * number, end, leg, scale)
        y += HEAD + LANE * len(lanes)
    ends = "; ".join(f"{leg.leg}: " + ", ".join(f"{end.what} {end.words}" for end in leg.ends.values()) for leg in legs.values())
    return drawing.markup(name, f"{title}: what went when", f"In seconds. {ends}.")


def _headed(drawing: Drawing, y: float, kind: str, leg: LegEnds | None) -> None:
    drawing.line(f"M{MARGIN} {y + 12}H{WIDTH - MARGIN}", "rule")
    drawing.text(MARGIN, y + 28, leg.leg if leg else kind, "word", room=190)
    clocks = f"clocks ± {seconds(leg.uncertainty, 3)}" if leg else How.UNREAD.value
    drawing.text(WIDTH - MARGIN, y + 28, clocks, "note", "end", room=150)
    drawing.text(MARGIN, y + 42, leg.variation if leg else "", "note", room=WIDTH - 2 * MARGIN)


def _lane(drawing: Drawing, y: float, end: SeenEnd, leg: LegEnds | None, scale: Scale) -> None:
    whose = "of-both" if end.what == PATHS else "of-pod" if "pod" in end.what or "client" in end.what else "of-child"
    drawing.text(MARGIN + 6, y + 12, end.what, "note", "strong", "clear", room=165)
    drawing.text(WIDTH - MARGIN, y + 12, end.words, "note", "end", "clear", room=200)
    if end.again is not None:
        _going_on(drawing, y + ABOVE, scale.at(end.again), scale.at(end.seen), whose)
    if end.how in (How.UNREAD, How.BEFORE):
        return
    right, top = scale.at(end.after), y + ABOVE
    uncertainty = leg.uncertainty if leg else 0
    if end.how is How.THERE:
        _going_on(drawing, top, scale.left, right, whose)
    else:
        drawing.box(scale.left, top, max(right - scale.left, 1.5), BAR, "empty" if end.how is How.GONE_BY else "bar", whose)
    if end.how is How.GONE:
        drawing.line(f"M{right:.1f} {top - 2}v{BAR + 4}", "stop")
        early, late = (scale.at(end.after + sign * uncertainty) for sign in (-1, 1))
        if late - early > WIDTH_OF_STOP:
            drawing.line(f"M{early:.1f} {top + BAR / 2}H{late:.1f}", "range")
    if end.terminated is not None:
        drawing.line(f"M{scale.at(end.terminated) - 3:.1f} {top - 4}h6l-3 5z", "told")
    if leg and end.what in OF_POD and 0 < leg.grace < end.after:
        drawing.line(f"M{scale.at(leg.grace) - 4:.1f} {top}l8 8m0 -8l-8 8", "stop")


def _going_on(drawing: Drawing, top: float, left: float, right: float, whose: str) -> None:
    """Draw a bar that ends where something was last seen to be there, with an arrow."""
    drawing.box(left, top, max(right - left, 1.5), BAR, "bar", whose)
    drawing.line(f"M{right + 1:.1f} {top - 3}l9 {BAR / 2 + 3}l-9 {BAR / 2 + 3}z", "bar", whose)
