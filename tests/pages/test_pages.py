"""What holds of every page: it can be read by anybody, in light and dark, on a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.pages.conftest import Open

KINDS = ("report", "worlds", "differences", "checked")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_no_barrier_and_nothing_is_asked_of_anybody(kind: str, pages: dict[str, Path], open_page: Open) -> None:
    opened = open_page(pages[kind])
    opened.page.evaluate("document.querySelectorAll('details').forEach((one, number) => { one.open = number < 3; })")
    _no_barrier(opened.page)
    opened.page.emulate_media(color_scheme="dark")
    _no_barrier(opened.page, runOnly=["color-contrast"])
    assert (opened.requests, opened.complaints) == ([], [])


def _no_barrier(page: Page, **options: Any) -> None:
    axe = Axe().run(page, options=options).response
    barriers = [(rule["id"], rule["nodes"][0]["html"]) for rule in axe["violations"] if rule["impact"] in {"serious", "critical"}]
    assert barriers == []
    assert "color-contrast" in {rule["id"] for rule in axe["passes"]}


@pytest.mark.parametrize("kind", KINDS)
def test_dark_is_dark(kind: str, pages: dict[str, Path], open_page: Open) -> None:
    colours = "(({ backgroundColor, color }) => [backgroundColor, color])(getComputedStyle(document.body))"
    light, dark = (open_page(pages[kind], color_scheme=scheme).page.evaluate(colours) for scheme in SCHEMES)
    assert [_brightness(colour) > 128 for colour in (*light, *dark)] == [True, False, False, True]


def _brightness(colour: str) -> float:
    """Return the mean of a colour's parts; 0 to 255."""
    parts = [int(part) for part in colour.removeprefix("rgb(").rstrip(")").split(",")]
    return sum(parts) / len(parts)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_wider_than_the_window(kind: str, pages: dict[str, Path], open_page: Open) -> None:
    page = open_page(pages[kind]).page
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    for width in (360, 720, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


NARROW = """() => [...document.querySelectorAll('td, th')].filter((cell) => cell.checkVisibility()).flatMap((cell) => {
  const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), range = document.createRange(), broken = [];
  for (let text; text = walker.nextNode();)
    for (const word of text.data.matchAll(/(?<![\\w/.:…-])[A-Za-z]{2,16}(?![\\w/.:…-])/g)) {
      range.setStart(text, word.index);
      range.setEnd(text, word.index + word[0].length);
      if (new Set([...range.getClientRects()].map((part) => part.top)).size > 1) broken.push(word[0]);
    }
  return broken;
})"""
"""Return the words of a table that are broken in two."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [360, 700, 1280])
def test_no_column_is_narrower_than_a_word(kind: str, width: int, pages: dict[str, Path], open_page: Open) -> None:
    page = open_page(pages[kind], viewport={"width": width, "height": 900}).page
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    assert page.evaluate(NARROW) == []
