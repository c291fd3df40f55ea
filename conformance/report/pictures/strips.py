"""Start-up and residue: every sample a dot, a strip an approach, the median marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen
from markupsafe import Markup

from conformance.analysis.statistics import times
from conformance.analysis.summary import Summary
from conformance.evidence.names import ON_NODE_AFTER
from conformance.record.names import repeat_of
from conformance.report.pictures.drawing import MARGIN, WIDTH, Drawing, Picture, Scale, seconds

ID, TITLE = "start-up-and-residue", "How long does a start take, and how much is left?"
SAYS = (
    "A dot is one leg, deployed once; dots of the same value are on top of one another; the bar is the median. "
    "Kinds of leg differ in what they do: what can be compared is one kind on two approaches, which the table names."
)


@frozen
class Strip:
    """One kind of samples: what they are, where from, what each is in, and by approach and leg every one of them."""

    title: str
    says: str
    unit: str
    samples: Mapping[str, Mapping[str, Sequence[float]]]

    def words(self, value: float) -> str:
        """Write a sample."""
        return seconds(value) if self.unit else f"{value:g}"


def picture(summary: Summary) -> Picture:
    """Return the picture of a record: a drawing of its cold starts, and one of what its legs left."""
    missing, drawings, rows = [], [], []
    says = "from the pod's creation to the child's first page"
    starts = Strip("Start-up", says, " s", _by_approach(summary, summary.cold_starts))
    for number, (strip, lacking) in enumerate(((starts, NO_START), (left(summary), NO_LEFT))):
        if strip.samples:
            drawings.append(_drawn(summary, strip, f"{ID}-{number}"))
            rows += _rows(summary, strip)
        else:
            missing.append(lacking)
    return Picture(ID, TITLE, SAYS, tuple(drawings), tuple(missing), ("approach", "what", "samples"), tuple(rows))


NO_START = "Start-up is not drawn: no leg of the record came to serve, or the record is older than the times of legs."
NO_LEFT = f"Residue is not drawn: no reading “{ON_NODE_AFTER}” is in the record."


def left(summary: Summary) -> Strip:
    """Return how many paths on the node were left of each leg of which they were looked for."""
    counts: dict[str, list[float]] = {}
    for reading in summary.whole.named(ON_NODE_AFTER):
        if isinstance(reading.output, dict):
            there = [path for path in reading.output.values() if isinstance(path, dict) and path.get("exists")]
            counts.setdefault(repeat_of(reading.leg)[0], []).append(len(there))
    return Strip("Residue", "paths left on the node when the pod was gone", "", _by_approach(summary, counts))


def _by_approach(summary: Summary, legs: Mapping[str, Sequence[float]]) -> dict[str, dict[str, Sequence[float]]]:
    """Return the legs that have a sample, approach by approach in the record's order."""
    by_approach: dict[str, dict[str, Sequence[float]]] = {approach: {} for approach in summary.whole.approaches}
    for leg, samples in legs.items():
        if samples and (approach := leg.partition(".")[0]) in by_approach:
            by_approach[approach][leg] = samples
    return {approach: mine for approach, mine in by_approach.items() if mine}


def _every(legs: Mapping[str, Sequence[float]]) -> list[float]:
    return [sample for samples in legs.values() for sample in samples]


def _rows(summary: Summary, strip: Strip) -> list[tuple[str, ...]]:
    """Return the numbers as rows: for each approach its median, and leg by leg every sample."""
    rows: list[tuple[str, ...]] = []
    for approach, legs in strip.samples.items():
        every = _every(legs)
        title = summary.approaches[approach].title
        rows.append((title, f"{strip.title}, median of {len(every)}", strip.words(times(every).median)))
        rows += [
            (title, f"{strip.title}, {leg}", ", ".join(strip.words(sample) for sample in samples))
            for leg, samples in legs.items()
        ]
    return rows


RADIUS, WORDS, FOOT = 4.0, 36, 14
"""Of a dot; how high the two lines of words above a strip are, and how much room is below it."""


def _drawn(summary: Summary, strip: Strip, name: str) -> Markup:
    every = {approach: sorted(_every(legs)) for approach, legs in strip.samples.items()}
    scale = Scale(max(max(samples) for samples in every.values()))
    drawing, y, sentences = Drawing(), 68.0, []
    placed = {approach: _stacked([scale.at(sample) for sample in samples]) for approach, samples in every.items()}
    heights = {approach: WORDS + 2 * RADIUS * (1 + max(level for _, level in dots)) + FOOT for approach, dots in placed.items()}
    drawing.height = y + sum(heights.values())
    drawing.text(MARGIN, 18, strip.title, "head", room=WIDTH - 2 * MARGIN)
    drawing.text(MARGIN, 34, strip.says, "note", room=WIDTH - 2 * MARGIN)
    scale.draw(drawing, 62, drawing.height - 6, strip.unit)
    for approach, dots in placed.items():
        middle = times(every[approach]).median
        title, words = summary.approaches[approach].title, f"n = {len(dots)}, median {strip.words(middle)}"
        drawing.text(scale.left, y + 12, title, "note", "strong", "clear", room=WIDTH - MARGIN - scale.left)
        drawing.text(scale.left, y + 26, words, "note", "clear", room=WIDTH - MARGIN - scale.left)
        base = y + heights[approach] - FOOT
        drawing.line(f"M{scale.left} {base:.1f}H{WIDTH - MARGIN}", "rule")
        drawing.line(f"M{scale.at(middle):.1f} {y + WORDS - 5:.1f}V{base + 5:.1f}", "median")
        for x, level in dots:
            drawing.dot(x, base - RADIUS * (2 * level + 1), RADIUS - 0.5, "sample")
        y += heights[approach]
        sentences.append(f"{title}: {', '.join(map(strip.words, every[approach]))}; median {strip.words(middle)}")
    return drawing.markup(name, strip.title, f"{strip.title}, {strip.says}. {'. '.join(sentences)}.")


def _stacked(places: Sequence[float]) -> list[tuple[float, int]]:
    """Return each place, in order, with the lowest level on which its dot touches none before it."""
    ends: list[float] = []
    stacked = []
    for x in places:
        level = next((number for number, end in enumerate(ends) if x - end >= 2 * RADIUS), len(ends))
        ends[level : level + 1] = [x]
        stacked.append((x, level))
    return stacked
