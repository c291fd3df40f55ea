"""The report's pictures as Chromium draws them: no words on one another, and shape by shape what was last looked at."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from conformance.analysis.summary import Summary
from conformance.record.stream import Record
from conformance.report import html_page, pictures
from conformance.report.pictures import build_step
from tests.builders.pictures import altered
from tests.pages.conftest import Open, hold

GOLDENS = Path(__file__).parent / "goldens"
"""What the pictures of the recorded run were when somebody looked. One that is missing is written, and its test fails:
`rm tests/pages/goldens/*.png; make test-pages` makes all of them again."""
PICTURES = tuple(module.ID for module in (*pictures.MODULES, *pictures.OF_CHECK))
SCHEMES = ("light", "dark")
SHAPES_ALONE = ".picture text { visibility: hidden !important; }"
"""Words depend on a machine's fonts. What they say is tested without a browser, that they fit with one, below."""
TOLERANCE, UNLIKE = 0.0002, 48
"""So large a share of the pixels may differ by so much of 255 or more in a colour: edges are not smoothed alike everywhere."""
CLASHES = """() => {
  const both = (a, b, from, size) => Math.min(a[from] + a[size], b[from] + b[size]) - Math.max(a[from], b[from]);
  const over = (a, b) => both(a, b, 'x', 'width') > 0.5 && both(a, b, 'y', 'height') > 3;
  const within = (a, b) => both(a, b, 'x', 'width') >= a.width - 0.1 && both(a, b, 'y', 'height') >= a.height - 0.1;
  return [...document.querySelectorAll('svg.picture')].flatMap((svg) => {
    const words = [...svg.querySelectorAll('text')].map((one) => ({ said: one.textContent, box: one.getBBox() }));
    const outside = words.filter((one) => !within(one.box, svg.viewBox.baseVal)).map((one) => one.said);
    const on = (one, number) => words.slice(number + 1).filter((other) => over(one.box, other.box)).map((other) => other.said);
    return [...outside, ...words.flatMap(on)];
  });
}"""
"""Return the words that leave their picture, and those that are on one another by more than their lines' leading."""


TAKEN = (
    "window.figures = Object.fromEntries([...document.querySelectorAll('.pictures')].map((one) => [one.parentElement.id, one]))"
)
ALONE = "(name) => document.body.replaceChildren(window.figures[name])"
"""Leaves a picture alone on the page: where it lies on a pixel must not hang on what is above it."""


def test_no_golden_is_of_no_picture() -> None:
    """One that is missing fails the test below."""
    assert {golden.name for golden in GOLDENS.iterdir()} <= {f"{name}-{scheme}.png" for name in PICTURES for scheme in SCHEMES}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_shapes_are_what_they_were(report: Path, builds: Path, pages: dict[str, Path], open_page: Open, scheme: str) -> None:
    shown = {}
    of_run = [module for module in pictures.MODULES if module is not build_step]
    for file, modules in ((report, of_run), (builds, [build_step]), (pages["checked"], pictures.OF_CHECK)):
        page = open_page(file, viewport={"width": 760, "height": 900}, color_scheme=scheme).page
        page.add_style_tag(content=SHAPES_ALONE)
        page.evaluate(TAKEN)
        for module in modules:
            page.evaluate(ALONE, module.ID)
            shown[GOLDENS / f"{module.ID}-{scheme}.png"] = page.locator(".pictures").screenshot()
    hold(page, shown, tolerance=TOLERANCE, unlike=UNLIKE)


SMALLEST = 11
"""Pixels of the smallest words of a picture."""
SMALLEST_WORDS = """Math.min(...[...document.querySelectorAll('svg.picture text')].map((text) => {
  const picture = text.ownerSVGElement;
  return parseFloat(getComputedStyle(text).fontSize) * picture.getBoundingClientRect().width / picture.viewBox.baseVal.width;
}))"""
LONG = "runner-7f9c-gitlab-ci-build-and-integration.eu-central-1.compute.internal.example.net"


def test_no_words_are_on_one_another_or_leave_their_picture(
    recorded: Record, built: Record, tmp_path: Path, open_page: Open
) -> None:
    titles = {name: {**approach, "title": LONG} for name, approach in recorded.header["approaches"].items()}
    long = evolve(recorded, header={**recorded.header, "approaches": titles})
    long = altered(long, "dood.foreground", "pod", lambda pod: pod["metadata"].update(name=LONG))
    long = altered(long, "dood.foreground", "pod", lambda pod: pod["spec"].update(nodeName=LONG))
    for number, run in enumerate((recorded, long, built)):
        file = tmp_path / f"{number}.html"
        file.write_text(html_page.report(Summary.of(run)), encoding="utf-8")
        page = open_page(file).page
        assert page.locator("svg.picture text").count() > 100
        assert page.evaluate(CLASHES) == []


@pytest.mark.parametrize(("width", "height"), [(360, 800), (1280, 900)])
@pytest.mark.parametrize(("name", "of"), [("report", "recorded"), ("builds", "built")])
def test_a_picture_is_as_wide_as_there_is_room_and_fits_a_screen(
    name: str, of: str, request: pytest.FixtureRequest, open_page: Open, width: int, height: int
) -> None:
    page = open_page(request.getfixturevalue(name), viewport={"width": width, "height": height}).page
    boxes = [svg.bounding_box() for svg in page.locator("svg.picture").all()]
    assert len(boxes) == sum(len(picture.drawings) for picture in pictures.of(Summary.of(request.getfixturevalue(of))))
    for box in boxes:
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert 360 <= box["width"] <= 512, "a picture of 360 units"
        assert box["height"] <= height
    assert page.evaluate(SMALLEST_WORDS) >= SMALLEST
