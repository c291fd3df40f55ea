"""One headless Chromium a session, and pages opened in it as a reader would: from a file, with every request noted."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, field, frozen
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, sync_playwright

from conformance.analysis.differences import compare
from conformance.analysis.summary import Summary
from conformance.analysis.worlds import SideBySide
from conformance.record import stream
from conformance.record.stream import Record
from conformance.report import differences, files, html_page
from hack.bench import many
from tests.builders.records import checked_as
from tests.conftest import RECORDED_V2, recorded_lines, up_to

DESK = {"width": 1280, "height": 900}


@frozen
class Opened:
    """A page as it is in the browser, with what it asked for beyond itself and what it complained of."""

    page: Page
    requests: list[str] = field(factory=list)
    complaints: list[str] = field(factory=list)


Open = Callable[..., Opened]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Yield Debian's chromium, which `make test-pages` installs; its sandbox refuses root."""
    program = shutil.which("chromium")
    assert program, "chromium is missing: make test-pages installs it"
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=program, args=["--no-sandbox"] if os.geteuid() == 0 else [])


@pytest.fixture(scope="session")
def report(recorded: Record, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return report.html of the recorded run, of level extended."""
    return rendered(recorded, tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="session")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return report.html of a run of 5 000 observations: the recorded run, with every leg deployed as often as that takes."""
    return rendered(stream.of(many.long(recorded_lines())), tmp_path_factory.mktemp("long"))


@pytest.fixture(scope="session")
def brief(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return report.html of its level core: everything that a report has, a tenth of its length."""
    return rendered(core(), tmp_path_factory.mktemp("brief"))


@pytest.fixture(scope="session")
def builds(built: Record, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return report.html of a run of builds."""
    return rendered(built, tmp_path_factory.mktemp("builds"))


@pytest.fixture(scope="session")
def pages(brief: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return one page of every kind; the worlds of two of them differ in one observation."""
    folder = tmp_path_factory.mktemp("pages")
    run = core()
    other = evolve(run, observations=({**run.observations[0], "state": "LACKS"}, *run.observations[1:]))
    files.several(SideBySide([run, other]), folder)
    (folder / "differences.html").write_text(differences.html(compare(run, other)), encoding="utf-8")
    (folder / "checked.html").write_text(html_page.report(Summary.of(check())), encoding="utf-8")
    return {"report": brief, **{name: folder / f"{name}.html" for name in ("worlds", "differences", "checked")}}


def core() -> Record:
    """Return the recorded run as one of level core."""
    return stream.of(up_to("core", recorded_lines()))


def check() -> Record:
    """Return the record of a check of a pod that came to what DinD did in the world of cgroup v2."""
    return checked_as("dind", "dind.foreground", RECORDED_V2)


def rendered(run: Record, folder: Path) -> Path:
    """Return the report.html of a record, made in a folder."""
    files.everything(Summary.of(run), folder)
    return folder / "report.html"


UNALIKE = """async ([one, other, unlike]) => {
  const pixels = async (data) => {
    const image = new Image();
    image.src = 'data:image/png;base64,' + data;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
    canvas.drawImage(image, 0, 0);
    return canvas.getImageData(0, 0, image.width, image.height);
  };
  const [a, b] = [await pixels(one), await pixels(other)];
  if (a.width !== b.width || a.height !== b.height) return 1;
  let count = 0;
  for (let i = 0; i < a.data.length; i += 4) {
    if ([i, i + 1, i + 2].some((c) => Math.abs(a.data[c] - b.data[c]) >= unlike)) count += 1;
  }
  return count / (a.data.length / 4);
}"""
"""Return the share of pixels in which two images (base64) differ; 1 where they are not of one size."""


def unalike(page: Page, now: bytes, golden: Path, unlike: int) -> float:
    """Return in what share of its pixels an image is not like a golden: by `unlike` of 255 or more in a colour."""
    pair = [base64.b64encode(image).decode() for image in (now, golden.read_bytes())]
    return float(page.evaluate(UNALIKE, [*pair, unlike]))


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Yield what opens a file (`#part` may follow) in a context of its own; arguments are those of Playwright's `new_context`."""
    contexts = []

    def opened(file: Path, part: str = "", **options: Any) -> Opened:
        context = browser.new_context(**{"viewport": DESK, **options})
        contexts.append(context)
        opened_page = Opened(context.new_page())
        address = file.as_uri()

        def answer(route: Route) -> None:
            if route.request.url.partition("#")[0] == address:
                route.continue_()
            else:
                opened_page.requests.append(route.request.url)
                route.abort()

        def heard(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                opened_page.complaints.append(message.text)

        context.route("**/*", answer)
        opened_page.page.on("console", heard)
        opened_page.page.on("pageerror", lambda error: opened_page.complaints.append(str(error)))
        opened_page.page.goto(address + part)
        return opened_page

    yield opened
    for context in contexts:
        context.close()


def hold(page: Page, shown: Mapping[Path, bytes], *, tolerance: float, unlike: int) -> None:
    """Assert that what is shown is what its golden has, but for a share of its pixels; a missing one is written, and fails."""
    new = [golden for golden in shown if not golden.exists()]
    for golden in new:
        golden.write_bytes(shown[golden])
    assert not new, f"{', '.join(golden.name for golden in new)}: not there, so written now: look at them, and commit them"
    page.goto("about:blank")
    differing = {golden.name: unalike(page, now, golden, unlike) for golden, now in shown.items()}
    assert {name: share for name, share in differing.items() if share > tolerance} == {}
