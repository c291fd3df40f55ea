"""Write the README's pictures of the recorded run: where the child landed, and the report's front. `python -m hack.picture`."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from conformance.analysis.summary import Summary
from conformance.record import stream
from conformance.report import html_page
from conformance.report.pictures import landed, style
from conformance.report.pictures.drawing import WIDTH, Picture
from hack.recorded import lines_of

HERE = Path(__file__).parents[1]
RECORDED = HERE / "tests" / "recorded" / "cgroup-hybrid.jsonl.xz"
PICTURE, FRONT = HERE / "docs" / "landed.svg", HERE / "docs" / "report.png"
GAP = 24
HEIGHT = re.compile(r'viewBox="0 0 \d+ ([\d.]+)"')


SHOWN = 2
"""The article's two approaches; the mends of the second are beside it in a report."""
WINDOW = {"width": 1100, "height": 760}


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
    return standalone(landed.picture(_recorded()))


def front(browser: Browser) -> bytes:
    """Return what a window shows first of the recorded run's report, as PNG."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "report.html")
        file.write_text(html_page.report(_recorded()), encoding="utf-8")
        page = browser.new_page(viewport={"width": WINDOW["width"], "height": WINDOW["height"]}, color_scheme="light")
        page.goto(file.as_uri())
        shown = page.screenshot()
        page.close()
    return shown


def _recorded() -> Summary:
    return Summary.of(stream.of(lines_of(RECORDED)))


def main() -> None:
    """Write both."""
    PICTURE.write_text(made(), encoding="utf-8")
    with sync_playwright() as playwright:
        alone = ["--no-sandbox"] if os.geteuid() == 0 else []
        FRONT.write_bytes(front(playwright.chromium.launch(executable_path=shutil.which("chromium"), args=alone)))


if __name__ == "__main__":
    main()
