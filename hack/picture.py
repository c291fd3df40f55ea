"""Write the README's picture, where the child landed, from the recorded run: `python -m hack.picture`."""

from __future__ import annotations

import re
from pathlib import Path

from conformance.analysis.summary import Summary
from conformance.record import stream
from conformance.report.pictures import landed, style
from conformance.report.pictures.drawing import WIDTH, Picture
from hack.recorded import lines_of

HERE = Path(__file__).parents[1]
RECORDED = HERE / "tests" / "recorded" / "cgroup-hybrid.jsonl.xz"
PICTURE = HERE / "docs" / "landed.svg"
GAP = 24
HEIGHT = re.compile(r'viewBox="0 0 \d+ ([\d.]+)"')


SHOWN = 2
"""The article's two approaches; the mends of the second are beside it in a report."""


def standalone(picture: Picture) -> str:
    """Return a picture's first drawings beside one another as one SVG that brings its own style, light and dark."""
    heights = [float(height[1]) for drawing in picture.drawings[:SHOWN] if (height := HEIGHT.search(drawing))]
    placed = [
        str(drawing).replace("<svg ", f'<svg x="{number * (WIDTH + GAP)}" width="{WIDTH}" height="{height:g}" ', 1)
        for number, (drawing, height) in enumerate(zip(picture.drawings[:SHOWN], heights, strict=True))
    ]
    size = f"{len(placed) * (WIDTH + GAP) - GAP} {max(heights):g}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="picture" viewBox="0 0 {size}"><title>{picture.title}</title>'
    return "\n".join([head, f"<style>{style()}</style>", *placed, "</svg>", ""])


def made() -> str:
    """Return the picture of the recorded run."""
    return standalone(landed.picture(Summary.of(stream.of(lines_of(RECORDED)))))


if __name__ == "__main__":
    PICTURE.write_text(made(), encoding="utf-8")
