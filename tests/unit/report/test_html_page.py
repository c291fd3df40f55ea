"""The report's page: its order, what it escapes, and what it asks for."""

from __future__ import annotations

import base64
import copy
import hashlib
import html
import re
from pathlib import Path

import jinja2
import pytest
from attrs import evolve

from conformance.analysis.summary import Summary
from conformance.evidence.items import REDACTED, digest
from conformance.record import stream
from conformance.report import html_page, markdown
from tests.builders.quantities import measured_record
from tests.conftest import RECORDED, RECORDED_V2, of_legs, recorded_lines, up_to


@pytest.mark.parametrize("folder", ["__pycache__", "no/such/folder"])
def test_compiled_templates_are_kept_where_that_can_be_written_and_used_again(folder: str, tmp_path: Path) -> None:
    """They took a third of the CPU seconds of a report."""
    (tmp_path / "a.html").write_text("{{ 6 * 7 }}", encoding="utf-8")

    def rendered() -> str:
        cache = html_page.Compiled(str(tmp_path / folder))
        return jinja2.Environment(loader=jinja2.FileSystemLoader(tmp_path), bytecode_cache=cache).get_template("a.html").render()

    assert rendered() == rendered() == "42"
    kept = [*(tmp_path / "__pycache__").glob("*")]
    assert len(kept) == (folder == "__pycache__")
    for file in kept:
        before = file.stat().st_mtime_ns
        assert rendered() == "42"
        assert file.stat().st_mtime_ns == before, "it was not compiled again"
    (tmp_path / "a.html").write_text("{{ 6 * 8 }}", encoding="utf-8")
    assert rendered() == "48", "another template is compiled"


HOSTILE = "<script>alert(1)</script> | `x` \x1b[31m \x00 &amp;"


def test_hostile_evidence_is_escaped() -> None:
    lines = recorded_lines()
    for line in lines:
        if line["kind"] == "evidence":
            line["output"] = HOSTILE
            line["sha256"] = digest(HOSTILE)
        if line["kind"] == "observation":
            line["reason"] = HOSTILE
    spoiled = stream.of(lines)
    page, summary = html_page.report(Summary.of(spoiled)), markdown.report(Summary.of(spoiled))
    assert page.count("<script") == 1  # the page's own
    assert "\x1b" not in page
    assert "<script" not in summary
    assert all(row.count("|") == 5 for row in summary.splitlines() if row.startswith("| P2-"))


def test_the_page_asks_for_nothing_outside(recorded: stream.Record, page: str) -> None:
    body = page[page.index("<script>") + len("<script>") : page.index("</script>")]
    digested = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
    assert f"script-src 'sha256-{digested}'" in html.unescape(page.split("<body>", maxsplit=1)[0])
    assert "http://" not in page.split("<body>", maxsplit=1)[0]
    assert "<link" not in page
    assert " src=" not in page
    for line in recorded.observations:
        assert f"{line['property']}, {line['leg']}" in page


def test_the_report_says_where_something_was_redacted(page: str) -> None:
    before = page.count("secrets redacted when it was read")
    lines = recorded_lines()
    for line in lines:
        if line["kind"] == "evidence" and line["name"] == "child":
            line["output"]["was"] = REDACTED
            line["sha256"] = digest(line["output"])
    assert html_page.report(Summary.of(stream.of(lines))).count("secrets redacted when it was read") > before


WEIGHT, OF_A_CELL = 595_000, 4_400
"""Bytes of a report of level article, of which a run has 137 cells, and of one of them: 0.7 of what it once weighed."""


@pytest.mark.parametrize("run", [RECORDED, RECORDED_V2])
def test_a_report_of_level_article_weighs_little(run: Path) -> None:
    record = stream.of(up_to("article", recorded_lines(run)))
    weight = len(html_page.report(Summary.of(record)).encode())
    assert weight <= WEIGHT
    assert weight / len(record.observations) <= OF_A_CELL


ORDER = (
    'class="headline"',
    "What to do",
    "How sure",
    "Asked: in 2017",
    "Where that differs",
    "What it cost",
    "What was not tested",
    "Show me",
    '<table class="summary">',
)


def test_a_reader_is_told_what_matters_first(page: str) -> None:
    places = [page.index(part) for part in ORDER]
    assert places == sorted(places)


def test_what_differs_is_a_sentence_of_its_own() -> None:
    lines = [
        line for line in recorded_lines(evidence=False) if line["kind"] != "observation" or line["state"] == line["predicted"]
    ]
    page = html_page.report(Summary.of(stream.of(lines)))
    assert re.search(r"Nowhere: every prediction that was decided is so here\.\s+<a href=\"#contradictions", page)


def first_screen(page: str) -> str:
    """Return what stands on a report's first screen, as text."""
    part = page[page.index('<section id="findings">') : page.index("</section>")]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", part)).split())


@pytest.mark.parametrize("run", [RECORDED, RECORDED_V2])
def test_three_readers_find_their_answers_on_the_first_screen(run: Path) -> None:
    lines = recorded_lines(run)
    page = html_page.report(Summary.of(stream.of(lines)))
    text = first_screen(page)
    states = {(o["property"], o["leg"]): o for o in lines if o["kind"] == "observation"}
    # May my jobs use more memory than I gave the pod?
    answer = text[: text.index("A container that")]
    who = {True: "DinD or DooD starts", False: "a container that DooD starts"}[
        states["P2-13.memory", "dind.laden"]["state"] == "LACKS"
    ]
    assert who in answer
    assert re.search("can take more memory than its pod was given: allocated 960 MiB,? past the pod's 768 MiB", answer)
    assert "Not so with" in answer
    # What is left on my nodes after a job?
    left = re.search(r"stays on the node when its pod is gone: (.*?)\. Not so with DinD\.", text)
    assert left
    assert left[1] in states["P2-08", "dood.foreground"]["reason"]
    # What one change would help most?
    change = re.search(r"What to do: (\S+) keeps (\d+) of (\d+) promises that (\w+) loses here", text)
    assert change
    assert change[1] == ("dind-cgroupns" if run == RECORDED_V2 else "DinD")
    assert "Show the patch--- approaches/" in text
    # And somebody who has to choose: what does DinD cost me, and is that so with the other cgroup version?
    price = re.search(r"DinD keeps \d+ of \d+ promises that DooD loses here.*? It has to be granted (.*?medians\))\.", text)
    assert price
    assert price[1].startswith("a privileged container (all capabilities, all devices); the engine's API without authentication")
    assert re.search(r"port 2375\. It starts in [\d.]+ s, DooD in [\d.]+ s \(medians\)", price[1])
    turns = "with cgroup v1 DinD keeps 7" if run == RECORDED_V2 else "with cgroup v2 DinD loses 7"
    assert f"Elsewhere: {turns} promises that it" in text
    ran = re.search(r'<p class="small world">(.*?)</p>', page)
    assert ran
    assert "Docker 20.10.24 (dood), Docker 26.1.5 (dind)" in ran[1]
    assert ("runc 1.1.5" in ran[1]) == ("runc" in lines[0]["world"].get("settings", {})), "older records do not note it"


def test_an_id_is_short_in_a_reason_and_whole_in_its_title(page: str) -> None:
    reason = re.search(r"<p><b[^>]*>✗ LACKS</b> weight 1024 at (.*?), outside the pod", page)
    assert reason
    assert re.fullmatch(r'/docker/<span class="id id\d" title="[0-9a-f]{64}"><i>.</i>[0-9a-f]{12}…</span>', reason[1])


def test_a_kernel_of_ones_own_is_named_before_the_answer_and_explained_behind_it() -> None:
    lines = of_legs(recorded_lines(), "dind.detached", "dood.detached")
    lines[0]["world"]["own_kernel"] = {
        "how": "User-Mode Linux", "source": "linux 7", "edits": {"clock": "It was slow.", "cpuset": "It was lacking."}
    }  # fmt: skip
    page = html_page.report(Summary.of(stream.of(lines)))
    front_, behind = page.split('class="headline"')
    assert "a kernel of its own (User-Mode Linux, edited)" in front_
    assert "clock" not in front_
    assert "(User-Mode Linux; built from linux 7, edited: clock, cpuset)" in behind
    assert "<dd>clock: It was slow.</dd>" in behind
    lines[0]["world"]["own_kernel"]["edits"] = ["It was slow.", "It was lacking."]
    assert "<dd>2: It was lacking.</dd>" in html_page.report(Summary.of(stream.of(lines))), "records of before edits had names"


def test_the_world_tells_what_was_looked_at_before_the_first_leg() -> None:
    recorded = stream.of(of_legs(recorded_lines(), "dind.detached", "dood.detached"))
    looked_at = [{"what": "nodes that are Ready", "found": "one, two"}]
    page = html_page.report(Summary.of(evolve(recorded, header={**recorded.header, "preflight": looked_at})))
    assert "<dt>nodes that are Ready</dt><dd>one, two</dd>" in page
    without = {key: value for key, value in recorded.header.items() if key != "preflight"}
    assert "Looked at before" not in html_page.report(Summary.of(evolve(recorded, header=without)))


def test_evidence_that_several_cite_is_shown_once() -> None:
    lines = recorded_lines()
    cited = next(line for line in lines if line["kind"] == "observation" and line["cites"])
    lines.insert(-1, {**copy.deepcopy(cited), "property": f"{cited['property']}.again"})
    page = html_page.report(Summary.of(stream.of(lines)))
    anchor = "evidence-" + cited["cites"][0].replace("#", "-")
    assert page.count(f'id="{anchor}"') == 1
    assert page.count(f'href="#{anchor}"') == 1


def test_quantities_are_a_section_of_the_page_where_some_were_measured(page: str) -> None:
    shown = html_page.report(Summary.of(measured_record(2)))
    assert '<section id="quantities">' in shown
    assert "n/a: its pod has no engine of its own" in shown
    assert "Thousandths of a CPU" in shown or "The thousandths of a CPU" in shown
    assert '<section id="quantities">' not in page
