"""A build's RUN step: who asked for it, who started it, which limits it meets on its way up, and what it ended with."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

from attrs import frozen
from markupsafe import Markup

from conformance.analysis.summary import Summary
from conformance.claims.observations import State
from conformance.evidence import cgroupfs
from conformance.evidence.identity import first_processes, identity_of
from conformance.evidence.items import Seen
from conformance.evidence.loads import allocated, cpu_rate
from conformance.evidence.names import CHILD_CGROUPS, POD, POD_CGROUPS, POD_PROCESSES, USE_BURNING
from conformance.legs.builders import BUILDAH, BUILDER, BUILDKIT, BUILDKITD, CLASSIC
from conformance.legs.docker import of_containers
from conformance.legs.steps import (
    KILLED_STEP,
    SIGNALS,
    STEP,
    TOLD_STEP,
    Left,
    builder_of,
    first_client,
    left_of,
    of_step,
    unproven,
)
from conformance.legs.variations import BUILDERS
from conformance.record.names import leg_name
from conformance.record.stream import Record
from conformance.report.pictures.drawing import MARGIN, WIDTH, Drawing, NotDrawn, Picture, readable
from conformance.report.pictures.way import Way, climb, way_of
from conformance.timeouts import TIMEOUTS

ID, TITLE = "build-step", "Whose is a build's RUN step, and what binds it?"
SAYS = (
    "One build of each builder, as the node saw its RUN step. Above: who asked for it, who started it, and the step; in the "
    "pod's frame is what is inside the pod. Below: the node's cgroup tree, from its root; the thick line is the step's way up. "
    "● is a limit on that way, which the step meets; ○ is one that it does not meet. In the end: what became of the step."
)
NO_BUILD = "Not drawn: the record has no leg whose build's step was placed."
OF_A_POD = {BUILDKITD: "BuildKit's own daemon, without an engine", BUILDAH: "Buildah, without an engine"}
"""The builders that a pod has without an engine, in words."""
WHAT = "the step"
Words = Callable[[Seen, State], str]
"""Says of a leg's evidence what came of a step, and of the state that its judge gave it, which is decided."""


@frozen
class Part:
    """What is above a step: a container, or the node, with its processes from the outermost down."""

    name: str
    in_pod: bool
    programs: tuple[str, ...]


@frozen
class End:
    """What a step was made to do, or what it was to end with, and what came of that; `leg` is where that was seen."""

    leg: str
    what: str
    came: str


@frozen
class Build:
    """One builder's step: everything that the picture and its table say."""

    title: str
    leg: str
    builder: str
    client: Part
    parts: tuple[Part, ...]
    way: Way
    ends: tuple[End, ...]
    cites: tuple[str, ...]

    @property
    def boxes(self) -> list[tuple[Part, str]]:
        """Return what is drawn, from who asked down to the step, each with its words."""
        inner = [part for part in self.parts if part.name != NODE] or list(self.parts)
        above = [(part, part.name) for part in inner if part.name != self.client.name]
        asked = next((part for part in inner if part.name == self.client.name), self.client)
        words = f"client{' and builder' if asked is not self.client else ''}: {asked.name}"
        return [(asked, words), *above, (Part(WHAT, self.way.within, (self.way.met,)), f"{WHAT}, {self.way.where}, meets")]


def picture(summary: Summary) -> Picture:
    """Return the picture of a record: a drawing for each builder of each approach whose step's cgroups were to be read."""
    drawings: list[Markup] = []
    missing: dict[str, list[str]] = {}
    rows: list[tuple[str, ...]] = []
    asked = {cell["leg"] for cell in summary.whole.header["cells"]}
    for approach, kind in itertools.product(summary.whole.approaches, BUILDERS):
        leg = leg_name(approach, f"{kind}-laden")
        if leg in asked:
            try:
                build = build_of(summary, approach, kind)
            except NotDrawn as why:
                missing.setdefault(str(why), []).append(leg)
            else:
                drawings.append(_drawn(build, f"{ID}-{len(drawings)}"))
                rows += _rows(build)
    sentences = [f"Not drawn: {', '.join(legs)}; {why}." for why, legs in missing.items()]
    sentences += [] if drawings or missing else [NO_BUILD]
    return Picture(ID, TITLE, SAYS, tuple(drawings), tuple(sentences), ("leg", "what", "read"), tuple(rows))


@readable
def build_of(summary: Summary, approach: str, kind: str) -> Build:
    """Read a builder's step from the evidence of the legs of its approach. Raises `NotDrawn`."""
    record, leg = summary.whole, leg_name(approach, f"{kind}-laden")
    seen = record.seen(leg)
    builder = builder_of(seen, STEP)
    if why := unproven(seen, STEP, builder):
        raise NotDrawn(why.reason)
    way = way_of(of_step(seen), WHAT)
    name = str(seen[f"{STEP}: begun"].asked["POST"]).rpartition("/")[2]
    client = first_client(seen[f"{STEP}: client"])
    return Build(
        title=summary.approaches[approach].title,
        leg=leg,
        builder=OF_A_POD.get(builder) or BUILDERS[builder],
        client=Part(name, True, (" ".join(client["cmdline"]) if client else "it had ended",)),
        parts=tuple(_above(seen, way)),
        way=way,
        ends=tuple(_ends(record, approach, kind)),
        cites=tuple(seen[each].id for each in (POD, POD_PROCESSES, f"{STEP}: above", f"{STEP}: {CHILD_CGROUPS}", POD_CGROUPS)),
    )


NODE, BUILDERS_OWN, STRANGE = "the node", "the builder's container", "a container of another pod, or of none"


def _above(seen: Seen, way: Way) -> Iterator[Part]:
    """Yield whose processes are above a leg's step, from the node's first down."""
    first = first_processes(seen[POD].output, seen[POD_PROCESSES].output)
    own = {identity_of(process): name for name, process in first.items()}
    builder = seen.get(f"{STEP}: {BUILDER}")
    builders = {identity_of(process) for process in of_containers(builder.output)} if builder else set()

    def places() -> Iterator[tuple[str, bool, str]]:
        name, in_pod = NODE, False
        for process in reversed(seen[f"{STEP}: above"].output[1:]):
            if identity_of(process) in own:
                name, in_pod = own[identity_of(process)], True
            elif identity_of(process) in builders:
                name, in_pod = BUILDERS_OWN, way.within
            elif name == NODE and len(process["nspid"]) > 1 and process["nspid"][-1] == 1:
                name = STRANGE
            yield name, in_pod, process["comm"]

    for (name, in_pod), processes in itertools.groupby(places(), key=lambda place: place[:2]):
        yield Part(name, in_pod, tuple(comm for *_, comm in processes))


def _burnt(seen: Seen, state: State) -> str:
    used = cpu_rate(seen[USE_BURNING].output)
    return state.words if used is None else f"{'held to' if state is State.HOLDS else 'not held:'} {used:.2f} CPU"


def _filled(seen: Seen, state: State) -> str:
    reached = cgroupfs.amount("memory", allocated(seen["allocation"].output["stdout"]))
    return f"{'stopped at' if state is State.HOLDS else 'not stopped:'} {reached}"


def _left(what: str) -> Words:
    def words(seen: Seen, _: State) -> str:
        left, process = left_of(seen, what)
        if left is Left.OF_STEP:
            return f"`{' '.join(process['cmdline'])}` goes on"
        return "goes on" if left is Left.STEP else f"gone within {TIMEOUTS.settle:g} s"

    return words


def _ends(record: Record, approach: str, kind: str) -> Iterator[End]:
    """Yield what came of a builder's steps, on each leg of its approach on which that was judged."""
    judged = {(line["property"], line["leg"]): State(line["state"]) for line in record.observations}
    asked: list[tuple[str, str, str, Words]] = [
        ("BUILD.cpu", f"{kind}-laden", "it burnt CPU", _burnt),
        ("BUILD.memory", f"{kind}-laden", "it took memory", _filled),
        ("STEP.told", kind, f"its client got {SIGNALS[TOLD_STEP]}", _left(TOLD_STEP)),
        ("STEP.killed", kind, f"its client got {SIGNALS[KILLED_STEP]}", _left(KILLED_STEP)),
        ("STEP", kind, "its pod was deleted", _left(STEP)),
        ("STEP", f"{kind}-forced", "its pod was deleted with grace 0", _left(STEP)),
    ]
    if kind in OF_ENGINE:
        asked.append((OF_ENGINE[kind], "engine-killed", "its engine was killed", _left(f"{kind}-{STEP}")))
    for name, variation, what, words in asked:
        leg = leg_name(approach, variation)
        state = judged.get((name, leg), State.NOT_APPLICABLE)
        if state is not State.NOT_APPLICABLE:
            yield End(leg, what, words(record.seen(leg), state) if state.decided else state.words)


OF_ENGINE = {CLASSIC: "STEP.engine", BUILDKIT: "STEP.engine-buildkit"}
"""The properties of what becomes of a step when its engine is killed, by builder."""


def _rows(build: Build) -> list[tuple[str, ...]]:
    """Return the picture's numbers as the rows of a table, with nothing cut."""
    rows = [
        ("builder", build.builder),
        ("who asked", f"{build.client.name}: {' '.join(build.client.programs)}"),
        *((f"above it, {part.name}", " → ".join(part.programs)) for part in build.parts),
        *build.way.rows,
        *build.way.rows_of_levels,
        *((end.what, f"{end.came} ({end.leg})") for end in build.ends),
        ("evidence", ", ".join(build.cites)),
    ]
    return [(build.leg, *row) for row in rows]


EDGE, LINE, PAD, NEXT, LABEL = 20, 15, 9, 14, 22
"""How far boxes are from the edge, a line in one, what is below its last, how far the next one is; how high a frame's head is."""
TALL = 2 * LINE + PAD


def _drawn(build: Build, name: str) -> Markup:
    drawing, y = Drawing(), 72.0
    drawing.text(MARGIN, 18, build.title, "head", room=WIDTH - 2 * MARGIN)
    drawing.text(MARGIN, 34, f"{build.leg}: {build.way.where}", "note", "strong", room=WIDTH - 2 * MARGIN)
    drawing.text(MARGIN, 49, f"by {build.builder}", "note", room=WIDTH - 2 * MARGIN)
    y = _boxes(drawing, build.boxes, 58)
    drawing.height = _became(drawing, build.ends, climb(drawing, build.way, y, whole=False))
    chain = "; ".join(f"{part.name}: {' → '.join(part.programs)}" for part in build.parts)
    ends = "".join(f" When {end.what}: {end.came}." for end in build.ends)
    described = (
        f"By {build.builder}. Asked for by {build.client.name}. Above the step, from the node down: {chain}. "
        f"The step is {build.way.where}, at {build.way.lowest}. Met on its way up: {build.way.met}.{ends}"
    )
    return drawing.markup(name, f"{build.title}: a build's step", described)


def _boxes(drawing: Drawing, boxes: Sequence[tuple[Part, str]], y: float) -> float:
    """Draw who asked, who is above the step, and the step, each below the one that began it; return where they end."""
    for in_pod, framed in itertools.groupby(boxes, key=lambda box: box[0].in_pod):
        inside = list(framed)
        if in_pod:
            high = LABEL + len(inside) * (TALL + NEXT)
            drawing.box(MARGIN, y, WIDTH - 2 * MARGIN, high - NEXT / 2, "pod")
            drawing.text(EDGE, y + 15, "its pod", "word", "of-pod")
            y += LABEL
        for part, words in inside:
            of_step, room = part.name == WHAT, WIDTH - 2 * EDGE - 16
            programs = " → ".join(program for program, _ in itertools.groupby(part.programs))
            drawing.box(EDGE, y, WIDTH - 2 * EDGE, TALL, "child" if of_step else "part")
            drawing.text(EDGE + 8, y + LINE, words, "word", *(["of-child"] if of_step else []), room=room)
            drawing.text(EDGE + 8, y + 2 * LINE, programs, "note", *(["strong"] if of_step else []), room=room)
            if not of_step:
                drawing.line(f"M{WIDTH / 2} {y + TALL}v{NEXT - 2}m-3 -5l3 5l3 -5", "arrow")
            y += TALL + NEXT
    return y - NEXT / 2


def _became(drawing: Drawing, ends: Sequence[End], y: float) -> float:
    """Write what came of the steps below `y`; return where that ends."""
    if not ends:
        return y + 12
    y += 26
    drawing.text(MARGIN, y, "what became of the step when", "word")
    for end in ends:
        y += LINE + 2
        drawing.text(MARGIN + 6, y, end.what, "note", room=200)
        drawing.text(WIDTH - MARGIN, y, end.came, "note", "strong", "end", room=140)
    return y + 12
