"""The pictures: every mark is a reading of the record, every number stands in the table too, and what is lacking is said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from markupsafe import escape

from conformance.analysis.summary import Summary
from conformance.record.stream import Record
from conformance.report import html_page, pictures
from conformance.report.pictures import PictureModule, build_step, drawing, kept, landed, strips, timeline
from tests.builders.pictures import SVG, altered, drawn, marks, words
from tests.builders.records import a_record, observed

EACH = pytest.mark.parametrize("module", pictures.MODULES, ids=lambda module: module.ID)


@pytest.fixture
def run(module: PictureModule, recorded: Record, built: Record) -> Record:
    """Return a record that has what a picture is made of."""
    return built if module is build_step else recorded


@EACH
def test_every_number_in_a_picture_is_in_its_table(run: Record, module: PictureModule) -> None:
    picture = module.picture(Summary.of(run))
    assert picture.drawings
    table = "\n".join("\n".join(row) for row in picture.rows)
    axis = {label for svg in drawn(picture) for grid in marks(svg, "middle") for label in [grid.text]}
    for label in (label for svg in drawn(picture) for label in words(svg) if label not in axis):
        for number in re.findall(r"\d+(?:\.\d+)+|\d+ (?:MiB|CPU|pids|s\b)", label):
            assert number.removesuffix(" s") in table, label


@EACH
def test_it_is_said_to_who_cannot_see_it(run: Record, module: PictureModule) -> None:
    for svg in drawn(module.picture(Summary.of(run))):
        title, description = svg.find(f"{SVG}title"), svg.find(f"{SVG}desc")
        assert svg.get("role") == "img"
        assert title is not None
        assert description is not None
        assert svg.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
        assert title.text
        assert len(description.text or "") > 50
        assert not [element for element in svg.iter() if element.get("style")]


def test_its_title_is_a_question() -> None:
    """What it answers: a reader knows whether to look."""
    titles = [module.TITLE for module in (*pictures.MODULES, *pictures.OF_CHECK)]  # type: ignore[attr-defined]
    assert [title for title in titles if not title.endswith("?")] == []


def test_every_module_is_a_picture() -> None:
    files = {path.stem for path in Path(pictures.__file__).parent.glob("*.py")} - {"__init__", "drawing", "way"}
    listed = {module.__name__.rpartition(".")[2] for module in (*pictures.MODULES, *pictures.OF_CHECK)}  # type: ignore[attr-defined]
    assert listed == files, f"{listed ^ files}: a picture is a module, and its place in pictures/__init__.py, MODULES"


FONT = re.compile(r"\.picture (?:\.(\w+)|text) \{[^}]*?font(?:-size)?: ([\d.]+)px")


def test_fonts_are_those_of_the_style() -> None:
    """A class that has no size of its own has that of all text; `strong` is always beside `note`."""
    sizes = {name: float(size) for name, size in FONT.findall(pictures.style())}
    assert {name: sizes.get({"strong": "note"}.get(name, name), sizes[""]) for name in drawing.FONTS} == drawing.FONTS
    assert sizes.keys() - {""} <= drawing.FONTS.keys()


@pytest.mark.parametrize("name", ["recorded", "built"])
def test_they_are_on_the_page_and_small(name: str, request: pytest.FixtureRequest) -> None:
    summary = Summary.of(request.getfixturevalue(name))
    every = pictures.of(summary)
    assert [picture.id for picture in every] == [module.ID for module in pictures.MODULES]
    assert sum(len(drawing.encode()) for picture in every for drawing in picture.drawings) < 64_000
    html = html_page.report(summary)
    for picture in every:
        assert f'<section id="{picture.id}">' in html
        assert all(drawing in html for drawing in picture.drawings)
        assert all(f">{escape(row[-1])}</td>" in html for row in picture.rows)
    identifiers = re.findall(r'\bid="([^"]+)"', html)
    assert len(identifiers) == len({*identifiers})


HOSTILE = '<script>alert("1")</script>&\x07'


def test_hostile_names_stay_text(recorded: Record) -> None:
    hostile = altered(recorded, "dood.foreground", "pod", lambda pod: pod["metadata"].update(name=HOSTILE))
    hostile = altered(hostile, "dood.foreground", "pod", lambda pod: pod["spec"].update(nodeName=HOSTILE))
    titled = {**hostile.header["approaches"], "dood": {**hostile.header["approaches"]["dood"], "title": HOSTILE}}
    legs = tuple({**leg, "variation": HOSTILE} for leg in hostile.legs)
    hostile = evolve(hostile, header={**hostile.header, "approaches": titled}, legs=legs)
    html = html_page.report(Summary.of(hostile))
    assert "<script>alert" not in html
    assert "\x07" not in html
    assert html.count("&lt;script&gt;alert") > 10
    for picture in pictures.of(Summary.of(hostile)):
        assert picture.drawings or picture.id == build_step.ID
        assert not [svg for svg in drawn(picture) if list(svg.iter(f"{SVG}script"))]


def test_what_is_lacking_is_said_and_nothing_is_drawn() -> None:
    lacking = a_record([observed("P2-03", "dood.foreground", "LACKS", "LACKS", family="knowledge")])
    every = pictures.of(Summary.of(lacking))
    assert not any(picture.drawings for picture in every)
    assert all(picture.missing for picture in every)
    assert {picture.id: picture.missing for picture in every}.items() >= {
        landed.ID: ("Not drawn: dood.foreground; the record has no reading “child” of it.",),
        timeline.ID: ("Not drawn: dood.foreground; the record has no reading “child” of it.",),
        strips.ID: (strips.NO_START, strips.NO_LEFT),
        kept.ID: (kept.NOT_JUDGED,),
    }.items()
    html = html_page.report(Summary.of(lacking))
    assert "<svg" not in html
    assert "the record has no reading “child” of it" in html


def test_a_record_without_a_leg_of_the_kind_says_so() -> None:
    every = pictures.of(Summary.of(a_record([observed("P2-24", "dood.laden", "LACKS", "LACKS")])))
    assert every[0].missing == ("Not drawn: dood.foreground; the record has no such leg.",)
    assert every[1].missing == (
        "Not drawn: the record has no leg of the kinds foreground, foreground-forced, detached, detached-forced.",
    )


def test_one_approach_that_is_lacking_does_not_take_the_other_away(recorded: Record) -> None:
    alone = evolve(recorded, evidence=tuple(reading for reading in recorded.evidence if not reading.leg.startswith("dind.")))
    assert len(landed.picture(Summary.of(alone)).drawings) == len(landed.picture(Summary.of(recorded)).drawings) - 1
    assert len(timeline.picture(Summary.of(alone)).drawings) == len(timeline.picture(Summary.of(recorded)).drawings) / 2
    for picture in (landed.picture(Summary.of(alone)), timeline.picture(Summary.of(alone))):
        assert "dind.foreground" in picture.missing[0]
        assert "no reading “child”" in picture.missing[0]


def test_a_child_that_was_not_proven_is_not_drawn(recorded: Record) -> None:
    record = altered(recorded, "dood.foreground", "child", lambda output: output["page"].update(body="another's"))
    assert "Not drawn: dood.foreground; the page was not the child's own nonce." in landed.picture(Summary.of(record)).missing
    assert "Not drawn: dood.foreground; the page was not the child's own nonce." in timeline.picture(Summary.of(record)).missing


@pytest.mark.parametrize("odd", [{}, [], "", None, 7, {"levels": [{}]}, {"events": None}])
@pytest.mark.parametrize(
    "name", ["child's cgroups", "pod's cgroups", "deletion", "pod processes at delete", "on the node after", "pod"]
)
def test_a_reading_of_an_odd_shape_breaks_no_report(recorded: Record, name: str, odd: Any) -> None:
    for picture in pictures.of(Summary.of(_with(recorded, name, odd))):
        assert picture.drawings or picture.missing


@pytest.mark.parametrize("odd", [{}, [], "", None, 7, [{}], {"levels": [{}]}, {"stdout": None}])
@pytest.mark.parametrize(
    "name",
    [
        *(f"step: {each}" for each in ("begun", "buildx", "processes", "client", "above", "container", "child's cgroups")),
        *("use while burning", "allocation", "told-step: afterwards", "killed-step: there", "pod processes"),
    ],
)
def test_a_reading_of_a_build_of_an_odd_shape_breaks_no_report(built: Record, name: str, odd: Any) -> None:
    picture = build_step.picture(Summary.of(_with(built, name, odd)))
    assert picture.drawings or picture.missing


def _with(record: Record, name: str, output: Any) -> Record:
    """Return the record with the output of every reading of a name changed."""
    changed = (evolve(reading, output=output) if reading.name == name else reading for reading in record.evidence)
    return evolve(record, evidence=tuple(changed))


def test_a_finding_leads_to_the_picture_in_which_it_is_seen(recorded: Record) -> None:
    page = html_page.report(Summary.of(recorded))
    first = page[page.index('<section id="findings">') : page.index("</section>")]
    linked = re.findall(r'<a href="#([\w-]+)">[^<]*\?</a>', first)
    assert linked == [landed.ID, timeline.ID, strips.ID], "of limits, of life, of what stays on the node"
    undrawn = evolve(recorded, evidence=())
    page = html_page.report(Summary.of(undrawn))
    first = page[page.index('<section id="findings">') : page.index("</section>")]
    assert re.findall(r'<a href="#([\w-]+)">[^<]*\?</a>', first) == [strips.ID], "what is not drawn is not led to"
