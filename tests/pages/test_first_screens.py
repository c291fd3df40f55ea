"""What a reader sees first of five runs, on a telephone and a desk, in light and dark, and on paper: as it was last looked at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from conformance.record import stream
from conformance.record.stream import Record
from hack import picture
from tests.conftest import RECORDED_V2, recorded_lines, up_to
from tests.pages.conftest import Open, check, hold, rendered, unalike

GOLDENS = Path(__file__).parent / "first_screens"
"""One that is missing is written, and its test fails: `rm tests/pages/first_screens/*.jpg; make test-pages` makes all again."""
FONT = """(() => {
  const pen = new OffscreenCanvas(9, 9).getContext('2d');
  pen.font = '100px system-ui';
  return pen.measureText('will').width;
})()"""
MADE_WITH = 165.1
"""How wide these letters are in the font that the goldens were made with, DejaVu Sans: in another one, lines end elsewhere."""
TOLERANCE, UNLIKE = 0.003, 96
"""So large a share of the pixels may differ by so much of 255: JPEG, and what smooths letters, leave their traces."""
SIZES = {360: 800, 1280: 900}
LOOKS: dict[str, tuple[Literal["screen", "print"], Literal["light", "dark"]]] = {
    "light": ("screen", "light"),
    "dark": ("screen", "dark"),
    "print": ("print", "light"),
}


def as_the_article() -> Record:
    """Return the recorded run as if it had been asked only what came to what the article predicts."""
    lines = up_to("core", recorded_lines())
    so = {
        (line["property"], line["leg"]) for line in lines if line["kind"] == "observation" and line["state"] == line["predicted"]
    }
    header = {**lines[0], "cells": [cell for cell in lines[0]["cells"] if (cell["property"], cell["leg"]) in so]}
    kept = [line for line in lines[1:] if line["kind"] != "observation" or (line["property"], line["leg"]) in so]
    return stream.of([header, *kept])


def lost() -> Record:
    """Return the recorded run as it would be had its machine gone away when a third of its cells had been judged."""
    lines = up_to("core", recorded_lines())
    judged = [line for line in lines if line["kind"] == "observation"]
    return stream.of([line for line in lines[:-1] if line["kind"] != "observation" or line in judged[: len(judged) // 3]])


RUNS: dict[str, Callable[[], Record]] = {
    "v1": lambda: stream.of(up_to("article", recorded_lines())),
    "v2": lambda: stream.of(recorded_lines(RECORDED_V2)),
    "as-expected": as_the_article,
    "lost": lost,
    "checked": check,
}


def test_no_golden_is_of_no_first_screen() -> None:
    """One that is missing fails the test below."""
    names = {f"{run}-{width}-{look}.jpg" for run in RUNS for width in SIZES for look in LOOKS}
    assert {golden.name for golden in GOLDENS.iterdir()} <= names


@pytest.mark.parametrize("run", RUNS)
def test_a_first_screen_is_what_it_was(run: str, open_page: Open, tmp_path: Path) -> None:
    file = rendered(RUNS[run](), tmp_path)
    shown = {}
    for width, height in SIZES.items():
        page = open_page(file, viewport={"width": width, "height": height}).page
        _of_the_same_font(page)
        for look in LOOKS:
            shown[GOLDENS / f"{run}-{width}-{look}.jpg"] = _screen(page, look)
    hold(page, shown, tolerance=TOLERANCE, unlike=UNLIKE)


def test_the_readmes_picture_is_the_recorded_runs_front(browser: Browser, open_page: Open, tmp_path: Path) -> None:
    empty = tmp_path / "empty.html"
    empty.write_text("", encoding="utf-8")
    page = open_page(empty).page
    _of_the_same_font(page)
    assert unalike(page, picture.front(browser), picture.FRONT, UNLIKE) <= TOLERANCE, "write it again: python -m hack.picture"


def _of_the_same_font(page: Page) -> None:
    if abs(page.evaluate(FONT) - MADE_WITH) > 1:
        pytest.skip("this machine's letters are of another font than those of the goldens")


def _screen(page: Page, look: str) -> bytes:
    """Return what a window shows of a page, as JPEG."""
    media, scheme = LOOKS[look]
    page.emulate_media(media=media, color_scheme=scheme)
    return page.screenshot(type="jpeg", quality=10)
