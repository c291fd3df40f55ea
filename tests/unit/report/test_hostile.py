"""A world that wants to write in our outputs: every one of them is made of it, and is still what it says it is."""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import re
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from conformance.analysis.differences import compare
from conformance.analysis.summary import Summary
from conformance.analysis.worlds import SideBySide
from conformance.evidence.items import digest
from conformance.record import stream
from conformance.report import differences, html_page, live, markdown, terminal, verdict_file
from conformance.report.printable import printable
from tests.conftest import recorded_lines, write

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>[red]|`x`]]>--> "
    "\x1b[31m\x1b]8;;http://evil\x07 \x00 \u202etxt\u2066 \ud800 &amp; NEEDLE"
)
HUGE = "A" * (1 << 20) + HOSTILE
SHOWN = printable(HOSTILE)
FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def spoiled() -> list[stream.Line]:
    """Return a record of two properties, with everything that a world can name made hostile."""
    lines = recorded_lines()
    header = lines[0]
    kept = [cell for cell in header["cells"] if cell["property"] in ("P2-05", "P2-08")]
    legs = {cell["leg"] for cell in kept}
    header["cells"] = [{**cell, "sentence": f"{cell['family']}: {HOSTILE}"} for cell in kept]
    header["command"] = header["world"]["kernel"] = header["world"]["leg_node"] = HOSTILE
    header["preflight"] = [{"what": HOSTILE, "found": HOSTILE}]
    spoilt = [header]
    for line in lines[1:-1]:
        if line["kind"] == "observation" and (line["property"], line["leg"]) in {(c["property"], c["leg"]) for c in kept}:
            spoilt.append({**line, "reason": HUGE if line["approach"] == "dind" else HOSTILE, "why_expected": HOSTILE})
        elif line["kind"] == "evidence" and line["leg"] in legs and line["name"] != "pod":
            output = {HOSTILE: HUGE if line["name"] == "child" else HOSTILE}
            spoilt.append({**line, "where": HOSTILE, "output": output, "sha256": digest(output)})
        elif line["kind"] == "leg" and line["leg"] in legs:
            spoilt.append({**line, "diff": HOSTILE, "failed": HOSTILE, "namespace": HOSTILE})
    spoilt.append({"kind": "residue", "node": HOSTILE, "what": HOSTILE, "left": [HOSTILE], "attributed": HOSTILE})
    return [*spoilt, {**lines[-1], "why": HOSTILE, "cleaned": [HOSTILE]}]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> stream.Record:
    """Return the record as it is read after our own writer wrote it."""
    path = tmp_path_factory.mktemp("hostile") / "record.jsonl"
    writer = stream.Writer(path)
    for line in spoiled():
        writer.write(line)
    writer.close()
    return stream.read(path)


@cache
def unlike() -> stream.Record:
    """Return another record, so that everything is a difference."""
    lines = [
        {**line, "state": "ERROR", "reason": f"{HOSTILE} too"} if line["kind"] == "observation" else line for line in spoiled()
    ]
    return stream.of(lines)


class Elements(HTMLParser):
    """What a browser would make of a page: names of elements, and attributes that could act."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.active: list[tuple[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.active += [attribute for attribute in attrs if attribute[0].startswith("on") or attribute[0] in ("src", "style")]


def on_terminal(read: stream.Record, **environment: str) -> str:
    """Return what stands on a terminal without colours after a run."""
    console = Console(
        file=io.StringIO(), width=120, emoji=False, highlight=False, soft_wrap=True, _environ={"TERM": "dumb", **environment}
    )
    with live.plain(console) as tell:
        for line in read.observations:
            tell(line)
    terminal.table(Summary.of(read), console)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


PAGES: dict[str, Callable[[stream.Record], str]] = {
    "report.html": lambda read: html_page.report(Summary.of(read)),
    "worlds.html": lambda read: html_page.side_by_side(SideBySide([read, unlike()])),
    "diff.html": lambda read: differences.html(compare(read, unlike())),
}
TEXTS: dict[str, Callable[[stream.Record], str]] = {
    **PAGES,
    "worlds.md": lambda read: markdown.side_by_side(SideBySide([read, unlike()])),
    "diff.md": lambda read: differences.markdown(compare(read, unlike())),
    "diff.txt": lambda read: differences.text(compare(read, unlike())),
    "summary.md": lambda read: markdown.report(Summary.of(read)),
    "badge.svg": lambda read: html_page.page("badge.svg", **verdict_file.badge(verdict_file.verdicts(Summary.of(read)))),
    "verdict.json": lambda read: json.dumps(verdict_file.verdicts(Summary.of(read))),
    "terminal": on_terminal,
}


WRITTEN: dict[str, str] = {}


def written(hostile: stream.Record, name: str) -> str:
    """Return a text of the record, which is made once: several tests read each, and it is megabytes."""
    if name not in WRITTEN:
        WRITTEN[name] = TEXTS[name](hostile)
    return WRITTEN[name]


@pytest.mark.parametrize("name", TEXTS)
def test_no_output_holds_a_character_that_acts(hostile: stream.Record, name: str) -> None:
    text = written(hostile, name)
    assert text.encode()
    assert FORBIDDEN.findall(text) == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_on_a_page_acts(hostile: stream.Record, name: str) -> None:
    page = written(hostile, name)
    elements = Elements(page)
    assert elements.names.count("script") == (name != "diff.html")
    assert "img" not in elements.names
    assert elements.active == []
    assert SHOWN in html.unescape(page)


@pytest.mark.parametrize("name", ["summary.md", "worlds.md", "diff.md"])
def test_markdown_holds_no_markup_of_the_worlds(hostile: stream.Record, name: str) -> None:
    text = written(hostile, name)
    assert "<script" not in text
    assert "<img" not in text
    assert "NEEDLE" in text
    tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert tables
    assert all(len({row.count("|") for row in table.splitlines()}) == 1 for table in tables)


def test_files_for_machines_hold_all_of_it(hostile: stream.Record) -> None:
    cells = json.loads(written(hostile, "verdict.json"))["cells"]
    assert {cell["reason"] for cell in cells} == {HOSTILE, HUGE}
    assert ET.fromstring(written(hostile, "badge.svg")).tag.endswith("svg")


def test_evidence_is_on_the_page_whole(hostile: stream.Record) -> None:
    packed = re.findall(r'data-gzip="([^"]*)"', written(hostile, "report.html"))
    whole = [gzip.decompress(base64.b64decode(pack)).decode() for pack in packed]
    assert any(len(text) > len(HUGE) and "NEEDLE" in text for text in whole)


def test_a_terminal_shows_reasons_whole(hostile: stream.Record) -> None:
    text = written(hostile, "terminal")
    assert SHOWN in text
    assert "A" * 1000 in text


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_is_never_the_only_sign_and_can_be_had_without(
    recorded: stream.Record, environment: dict[str, str], coloured: bool
) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120, _environ={"TERM": "xterm", **environment})
    terminal.table(Summary.of(recorded), console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert bool(re.search(r"\x1b\[3\d", text)) is coloured
    assert "✗ LACKS" in text


def test_a_lone_surrogate_is_in_the_record_as_it_was_read(tmp_path: Path) -> None:
    lines = spoiled()
    path = write(tmp_path / "plain.jsonl", lines)  # as json itself writes it
    assert stream.read(path) == stream.of(lines)
