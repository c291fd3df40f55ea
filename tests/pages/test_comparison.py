"""The approaches side by side, a dozen of them in two worlds: chosen, scrolled, and on paper."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser
from pypdf import PdfReader

from conformance.analysis.worlds import SideBySide
from conformance.record import stream
from conformance.report import files
from hack.bench.paint import MEMORY_GOAL, copied, painted
from tests.conftest import RECORDED, RECORDED_V2, recorded_lines
from tests.pages.conftest import Open

MORE = ("dood-cgroup-parent", "dind-sidecar", "dind-guaranteed", "dind-rootless", "dind-sysbox", "dind-of-a-team", "dind-kept",
        "dind-with-a-name-that-is-long")  # fmt: skip
OF = {name: name.partition("-")[0] for name in MORE}
SHOWN = """[...document.querySelectorAll('.compared thead [data-of]')]
  .filter((head) => head.checkVisibility()).map((head) => head.dataset.of)"""


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return worlds.html of a dozen approaches in two worlds."""
    folder = tmp_path_factory.mktemp("dozen")
    runs = [copied(stream.of(recorded_lines(run, evidence=False)), OF) for run in (RECORDED, RECORDED_V2)]
    files.several(SideBySide(runs), folder)
    return folder / "worlds.html"


def test_which_approaches_are_compared_is_chosen_and_the_address_keeps_it(worlds: Path, open_page: Open) -> None:
    opened = open_page(worlds)
    every = opened.page.evaluate(SHOWN)
    assert len(every) == 12
    for name in {*every} - {"dood", "dind"}:
        opened.page.uncheck(f".pick input[value='{name}']")
    assert opened.page.evaluate(SHOWN) == ["dood", "dind"]
    assert opened.page.evaluate("location.hash") == "#comparison~dood+dind"
    again = open_page(worlds, "#comparison~dind+dind-sidecar")
    assert again.page.evaluate(SHOWN) == ["dind", "dind-sidecar"]
    assert again.complaints == opened.complaints == []


def test_over_the_columns_stands_where_their_engines_are(worlds: Path, open_page: Open) -> None:
    page = open_page(worlds).page
    ways = """[...document.querySelectorAll('.compared .ways th')].filter((way) => way.checkVisibility())
      .map((way) => [way.textContent, way.colSpan])"""
    assert [name for name, _ in page.evaluate(ways)] == ["engine outside the pod", "engine in the pod"]
    assert sum(many for _, many in page.evaluate(ways)) == 12
    for name in page.evaluate(SHOWN)[1:-2]:
        page.uncheck(f".pick input[value='{name}']")
    assert page.evaluate(ways) == [["engine outside the pod", 1], ["engine in the pod", 2]]
    page.uncheck(".pick input[value='dood']")
    assert [name for name, _ in page.evaluate(ways)] == ["engine in the pod"]


def test_without_its_script_every_approach_is_there_and_nothing_to_choose(worlds: Path, open_page: Open) -> None:
    page = open_page(worlds, java_script_enabled=False).page
    assert page.locator(".compared thead [data-of]").count() == 12
    assert not page.locator(".pick").is_visible()


def test_on_a_telephone_it_scrolls_in_itself_and_the_property_stays(worlds: Path, open_page: Open) -> None:
    page = open_page(worlds, viewport={"width": 360, "height": 800}).page
    page.evaluate("document.querySelector('.scroll:has(.compared)').scrollLeft = 400")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    head = page.locator(".compared .differs > th").first.bounding_box()
    assert head
    assert head["x"] >= 0, "it would be left of the window if it scrolled with the rest"
    assert head["width"] < 180


def test_on_paper_it_lies_on_its_side_and_is_whole(worlds: Path, open_page: Open, tmp_path: Path) -> None:
    page = open_page(worlds, viewport={"width": 1047, "height": 720}).page  # A4 on its side at 96 dots an inch, less the margins
    page.emulate_media(media="print")
    assert page.evaluate("document.querySelector('.compared').getBoundingClientRect().right") <= 1047
    page.pdf(path=tmp_path / "worlds.pdf", prefer_css_page_size=True)
    sheets = [sheet for sheet in PdfReader(tmp_path / "worlds.pdf").pages if sheet.mediabox.width > sheet.mediabox.height]
    text = "".join("".join(sheet.extract_text().split()) for sheet in sheets)
    assert "Limitsandbills:" in text
    assert "P2-13.memory" in text
    assert {"≠", "✓", "✗"} <= set(text), "what differs, is kept and is lost has a sign"


def test_how_soon_a_page_is_painted_and_what_it_takes_is_measured_in_a_browser(worlds: Path, browser: Browser) -> None:
    """Whether that is within the goals, `make bench` says: tests share their machine."""
    taken = painted(browser, worlds)
    assert 0 < taken.seconds < 30
    assert 20 < taken.memory < MEMORY_GOAL
