"""report.html as a reader has it: a file, read with a mouse or a keyboard, with and without its script, and on paper."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page
from pypdf import PdfReader

from conformance.analysis.summary import Summary
from conformance.record import stream
from conformance.record.stream import Record
from conformance.report import raw
from tests.conftest import RECORDED, RECORDED_V2, recorded_lines
from tests.pages.conftest import Open, core, rendered

OPENED = "!document.querySelector('[data-packed]')"
FOLLOWED = """async () => {
  const links = new Set([...document.querySelectorAll('a[href]')].map((one) => one.getAttribute('href')));
  const found = [];
  for (const link of links) {
    const goal = document.getElementById(link.slice(1));
    const details = goal.closest('details');
    if (!details) continue;
    details.open = false;
    location.hash = link;
    const laidOut = () => details.open && !details.dataset.packed;
    for (let wait = 0; wait < 100 && !laidOut(); wait += 1) await new Promise((done) => setTimeout(done, 2));
    found.push([link, laidOut() && goal.checkVisibility()]);
  }
  return found;
}"""
"""Follows every link into something that can be closed: gives each, and whether it is then to be seen, laid out."""
DEAD = """[...document.querySelectorAll('a[href]')].map((one) => one.getAttribute('href'))
  .filter((link) => !document.getElementById(link.slice(1)))"""
LONGEST = 2 << 20
"""Bytes of a report of so many observations: what was read of a leg's first deployment, and each state of the others."""
SHOWN = """[...document.querySelectorAll('[id^=evidence-]')]
  .map((one) => [one.id, [...one.querySelectorAll('pre')].map((pre) => pre.textContent)])"""


def test_every_link_leads_to_what_is_then_open_and_nothing_is_asked_of_anybody(report: Path, open_page: Open) -> None:
    opened = open_page(report)
    assert opened.page.evaluate(DEAD) == []
    followed = dict(opened.page.evaluate(FOLLOWED))
    assert len(followed) > 20
    assert [link for link, seen in followed.items() if not seen] == []
    assert (opened.requests, opened.complaints) == ([], [])


def test_all_evidence_is_what_the_record_has(report: Path, recorded: Record, open_page: Open) -> None:
    opened = open_page(report)
    opened.page.click("#all-evidence")
    opened.page.wait_for_function(OPENED)
    shown = dict(opened.page.evaluate(SHOWN))
    wanted = {
        f"evidence-{reading.id.replace('#', '-')}": [raw.laid_out(reading.asked), raw.laid_out(reading.output)]
        for reading in recorded.evidence
    }
    assert len(shown) > 100
    assert {name: texts for name, texts in shown.items() if texts != wanted[name]} == {}
    assert opened.complaints == []


def test_a_report_of_5000_observations_stays_usable(long: Path, open_page: Open) -> None:
    opened = open_page(long)
    assert opened.page.evaluate(DEAD) == []
    assert opened.page.locator("#repeats tbody tr").count() > 150, "each cell is there once, with its agreement"
    followed = dict(opened.page.evaluate(FOLLOWED))
    assert len(followed) > 20
    assert [link for link, seen in followed.items() if not seen] == []
    assert (opened.requests, opened.complaints) == ([], [])
    assert long.stat().st_size < LONGEST


@pytest.mark.parametrize("run", [RECORDED, RECORDED_V2])
def test_what_was_found_fits_the_first_screen(run: Path, open_page: Open, tmp_path: Path) -> None:
    file = rendered(stream.of(recorded_lines(run)), tmp_path)
    desk = open_page(file, viewport={"width": 1280, "height": 900}).page
    assert _bottom(desk, "#findings") <= 900
    telephone = open_page(file, viewport={"width": 360, "height": 800}).page
    assert _bottom(telephone, "#findings ul") <= 700
    assert _bottom(telephone, "#findings .do") <= 800


def _bottom(page: Page, part: str) -> float:
    """Return how far down a part of a page ends, in pixels."""
    box = page.locator(part).first.bounding_box()
    assert box
    return box["y"] + box["height"]


def test_a_keyboard_reaches_every_link_and_shows_where_it_is(brief: Path, open_page: Open) -> None:
    page = open_page(brief).page
    wanted = page.evaluate("""() => {
      const all = [...document.querySelectorAll('a[href], summary, button, input')].filter((one) => one.checkVisibility());
      all.forEach((one, number) => { one.dataset.number = number; });
      window.reached = {};
      document.addEventListener('focusin', (e) => {
        window.reached[e.target.dataset.number] = getComputedStyle(e.target).outlineStyle;
      });
      return all.length;
    }""")
    for _ in range(wanted):
        page.keyboard.press("Tab")
    reached = page.evaluate("window.reached")
    assert len(reached) == wanted > 50
    assert set(reached.values()) <= {"solid", "auto"}
    page.focus("#legs summary")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.open")


def test_without_its_script_it_says_the_same(brief: Path, open_page: Open) -> None:
    with_script, without = (open_page(brief, java_script_enabled=on).page for on in (True, False))
    for page in (with_script, without):
        # Not by a style of its own: playwright waits for the event of its loading, which a page without scripts never tells.
        page.evaluate("document.querySelectorAll('#all-evidence, .pick').forEach(part => part.style.display = 'none')")
    main = "document.querySelector('main').innerText.replace(/\\s+/g, ' ')"
    assert with_script.evaluate(main) == without.evaluate(main)
    without.set_default_timeout(5000)
    says = "getComputedStyle(document.querySelector('#legs details'), '::after').content"
    assert without.evaluate(says) == "none"
    without.locator("#legs summary").first.click()
    assert "record.jsonl has it" in without.evaluate(says)


def test_on_paper_nothing_is_cut_off_and_the_table_is_there(report: Path, brief: Path, open_page: Open, tmp_path: Path) -> None:
    # A4 at 96 dots an inch, less the margins: what is wider is cut off.
    page = open_page(report, viewport={"width": 794 - 2 * 38, "height": 1047}).page
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    sheets = open_page(brief).page
    sheets.pdf(path=tmp_path / "report.pdf", format="A4", margin={"left": 38, "right": 38, "top": 38, "bottom": 38})
    printed = "".join(re.sub(r"\s", "", sheet.extract_text()) for sheet in PdfReader(tmp_path / "report.pdf").pages[:4])
    run = core()
    for row in Summary.of(run).table.rows:
        for words in (row.sentence, *(cell.words for cell in row.cells if cell)):
            assert re.sub(r"\s", "", words) in printed
