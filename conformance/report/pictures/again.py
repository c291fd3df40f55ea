"""Which children are started again: each with a restart policy, how it ended, and what its engine started in its place."""

from __future__ import annotations

from attrs import evolve

from conformance.analysis.summary import Summary
from conformance.evidence.identity import told_to_restart, unproven
from conformance.evidence.items import Seen
from conformance.evidence.names import AFTER_IT, AFTER_KILL, CHILD, DAEMON, DELETION, KILLED, POD, SUCCESSORS
from conformance.legs.variations import RESTARTS
from conformance.record.names import leg_name
from conformance.record.stream import Record
from conformance.report.pictures.drawing import NotDrawn, Picture, Scale, readable
from conformance.report.pictures.timeline import How, LegEnds, SeenEnd, child_end, halves

KINDS = ("restarts", "restarts-detached", "restarts-engine-killed", "restarts-engine-beside")
"""The kinds of leg that are drawn; those whose pod is deleted with grace 0 are in the table of their property."""
ID, TITLE = "started-again", "Which children does an engine start again, and when?"
SAYS = (
    "One child of each restart policy; its stop signal is SIGTERM, unless another is named. Seconds from the call that deleted "
    "the pod, or from the kill of the engine. The first bar is the child, the second what ran in its place; "
    "an arrow: still there when last looked. ▾ is the child's SIGTERM."
)
TICKS = 100
"""In which the kernel counts a process's start, a second: USER_HZ of every architecture that has kubelet."""


def picture(summary: Summary) -> Picture:
    """Return the picture of a record: drawings for each approach that has children with a restart policy."""
    record = summary.whole
    asked, legs, missing = {cell["leg"] for cell in record.header["cells"]}, {}, []
    for approach in summary.table.columns:
        mine = {}
        for kind in KINDS:
            if (leg := leg_name(approach, kind)) in asked:
                try:
                    mine[kind] = leg_ends(record, leg)
                except NotDrawn as why:
                    missing.append(f"Not drawn: {leg}; {why}.")
        if mine:
            legs[approach] = mine
    every = [leg for mine in legs.values() for leg in mine.values()]
    scale = Scale(max((leg.last for leg in every), default=0))
    titled = {summary.approaches[approach].title: mine for approach, mine in legs.items()}
    drawings = tuple(halves(titled, KINDS, lambda mine: {kind: [*leg.ends] for kind, leg in mine.items()}, scale, ID))
    missing += [] if drawings or missing else [f"Not drawn: the record has no leg of the kinds {', '.join(KINDS)}."]
    rows = tuple(row for leg in every for row in leg.rows)
    return Picture(ID, TITLE, SAYS, drawings, tuple(missing), ("leg", "child", "ended"), rows)


@readable
def leg_ends(record: Record, leg: str) -> LegEnds:
    """Read the ends of a leg's children from its evidence. Raises `NotDrawn`."""
    seen, line = record.seen(leg), record.leg(leg) or {}
    if why := unproven(seen):
        raise NotDrawn(why)
    further = (name for name in RESTARTS if seen.get(f"{name} {CHILD}"))
    ends = [_end("no policy", seen), *(_further(seen, name) for name in further)]
    deletion, killed = seen[DELETION].output, seen.get(KILLED)
    given = 0 if killed else deletion["grace"]
    return LegEnds(
        leg,
        str(line.get("variation", "")),
        deletion["manifest_grace"] if given is None else given,
        0 if killed else deletion["uncertainty"],
        {end.what: end for end in ends},
    )


def _further(seen: Seen, name: str) -> SeenEnd:
    """Return the end of a further child, as its engine knows it."""
    own = seen.of(f"{name} ", DAEMON, POD, DELETION, KILLED)
    policy, signal = told_to_restart(own)
    what = f"{policy}{'' if signal == 'SIGTERM' else f', {signal}'}"
    return SeenEnd(what, How.UNREAD) if unproven(own) else _end(what, own)


def _end(what: str, seen: Seen) -> SeenEnd:
    """Return how a child ended with its pod, or with its engine, and what was started in its place."""
    child, killed, deletion = seen[CHILD].output["process"], seen.get(KILLED), seen[DELETION]
    began = (killed.at or 0) if killed else deletion.output["delete_called"]
    if killed:
        looked = seen.get(AFTER_IT)
        how = How.BEFORE if looked is None else How.THERE if looked.output else How.GONE_BY
        end = SeenEnd(what, how, (looked.at or 0) - began if looked else 0)
    else:
        end = child_end(what, seen, child)
    successors = seen.get(AFTER_KILL if killed else SUCCESSORS)
    first = [each["start"] / TICKS for each in successors.output if each["nspid"][-1] == 1] if successors else []
    return evolve(end, again=min(first) - began, seen=(successors.at or 0) - began) if successors and first else end
