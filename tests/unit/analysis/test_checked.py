"""What a check comes to: kept, lost, not asked; what a mend does to it; and what is known to be mended, by the records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance import suite
from conformance.analysis.checked import MENDS, Checked, Kept
from conformance.analysis.outcome import conclude
from conformance.analysis.summary import Summary
from conformance.approaches.catalogue import catalogue
from conformance.check.questions import QUESTIONS
from conformance.record import stream
from conformance.report import html_page, markdown
from conformance.run import rejudge
from tests.builders.records import a_check, observed
from tests.conftest import DOODS_MEND, RECORDED, RECORDED_V2, recorded_lines


def checked(*lines: stream.Line, **about: Any) -> Checked:
    read = Checked.of(a_check(*lines, **about))
    assert read
    return read


def line(prop: str, state: str, pod: str = "checked", leg: str = "api", **other: Any) -> stream.Line:
    return observed(prop, f"{pod}.{leg}", state, **other)


def test_what_is_kept_and_lost_is_what_a_reader_would_want() -> None:
    read = checked(line("P2-05", "HOLDS"), line("P2-13", "LACKS"), line("H-01", "HOLDS"), line("P2-24", "NOT-APPLICABLE"),
                   line("P2-10", "ERROR"))  # fmt: skip
    assert {row.line["property"]: row.kept for row in read.rows} == {
        "P2-05": Kept.KEPT, "P2-13": Kept.LOST, "H-01": Kept.LOST, "P2-24": Kept.NOT_ASKED, "P2-10": Kept.OPEN,
    }  # fmt: skip
    assert read.rows[0].line["property"] == "P2-05", "in the order of the questions"
    assert read.those(Kept.LOST)[1].words == "no container of the pod has every capability that there is on the node"
    assert read.headline == (
        "Pod mine of f.yaml keeps 1 of 3 things that were asked of it, and loses 2: 1 of limits and bills, 1 of security. "
        "1 not asked and 1 not decided."
    )


def test_a_pod_that_loses_nothing_says_so() -> None:
    assert checked(line("P2-05", "HOLDS")).headline.endswith("keeps 1 of 1 thing that was asked of it, and loses none.")
    assert checked(line("P2-05", "ERROR")).headline == "Nothing could be decided of Pod mine of f.yaml."


def test_a_mend_is_told_by_what_it_does() -> None:
    both = [line("P2-13", "LACKS"), line("P2-13", "HOLDS", "mended"), line("P2-05", "HOLDS"), line("P2-05", "LACKS", "mended")]
    both += [line("P2-10", "HOLDS"), line("P2-10", "ERROR", "mended"), line("P2-08", "HOLDS"), line("P2-08", "HOLDS", "mended")]
    read = checked(*both)
    assert {row.line["property"]: row.change for row in read.rows} == {
        "P2-13": "mended", "P2-05": "broken by the mend", "P2-10": "not decided of the mended pod", "P2-08": "",
    }  # fmt: skip
    assert read.mends
    assert read.mending == ("The mended pod was judged beside it: mended: P2-13; broken by the mend: P2-05; not decided: P2-10.")
    assert not checked(*both[2:]).mends
    assert "keeps 3 of 4" in read.headline, "the headline is of the pod as it is"


def test_without_a_judged_mend_what_is_on_record_is_named() -> None:
    assert "P2-13 in a world of this kind" in checked(line("P2-13", "LACKS")).mending
    assert checked(line("P2-13", "HOLDS")).mending == "Nothing that was decided is lost, so there is nothing to mend."
    assert checked(line("P2-13", "ERROR")).mending.startswith("Nothing could be decided of it")
    assert checked().mending == checked(line("P2-13", "ERROR"), mend={"why_not": "it is not"}).mending
    assert checked(line("P2-13", "LACKS"), cgroup="v1").mending.startswith("Of what it loses nothing is known")
    assert checked(line("P2-13", "LACKS"), mend={"why_not": "it is not"}).mending == "Nothing is known to mend it: it is not."


@pytest.mark.parametrize(("cgroup", "file"), [("hybrid", RECORDED), ("v2", RECORDED_V2)])
def test_what_is_said_to_be_mended_is_what_the_recorded_runs_show(cgroup: str, file: Path) -> None:
    runs = [stream.of(recorded_lines(run, evidence=False)) for run in (file, DOODS_MEND.get(cgroup)) if run]
    asked = {question.prop for question in QUESTIONS}
    states: dict[tuple[str, str], str] = {}
    for variation in (".foreground", ".laden", ".detached"):  # a check's child has no client either, as a detached one
        for o in [o for run in runs for o in run.observations if o["leg"].endswith(variation)]:
            states[o["approach"], o["property"]] = o["state"]
    for by, worlds in MENDS.items():
        like = catalogue()[by].like
        lost = {prop for (approach, prop), state in states.items() if approach == like and state in ("LACKS", "NOT-APPLICABLE")}
        shown = {prop for prop in lost & asked if states.get((by, prop)) == "HOLDS"}
        assert shown == {*worlds.get(cgroup, ())}


@pytest.mark.parametrize("cgroup", DOODS_MEND)
def test_the_record_of_doods_mend_is_judged_as_it_was(cgroup: str) -> None:
    run = stream.of(recorded_lines(DOODS_MEND[cgroup]))
    judged = rejudge.judge(run, suite.cells("extended", ["dood-cgroup-parent"]))
    assert (run.header["world"]["cgroup"], judged.changed, judged.vanished) == (cgroup, [], [])
    assert all(line["as_expected"] for line in run.observations)


def test_a_check_fails_on_what_it_was_told_to_fail_on_and_on_nothing_else() -> None:
    read = a_check(line("P2-13", "LACKS"), line("P2-13", "LACKS", "mended"))
    end: dict[str, Any] = {"interrupted": False, "broken": "", "cleaned": []}
    assert conclude(read, **end) == (0, "all 2 observations were decided")
    code, why = conclude(read, **end, fail_on=[("LACKS", "P2-13")])
    assert (code, why) == (1, "--fail-on: 1 of what it names, first P2-13[checked.api] is LACKS")
    assert conclude(read, **end, fail_on=[("HOLDS", "P2-13"), ("LACKS", "P2-05")])[0] == 0


def test_its_pages_lead_with_the_pod_and_what_it_loses() -> None:
    lost = line("P2-13", "LACKS", reason="960 of 768 <MiB>")
    summary = Summary.of(a_check(line("P2-05", "HOLDS"), lost, line("P2-13", "HOLDS", "mended")))
    page = html_page.report(summary)
    assert page.index("✗ loses") < page.index("✓ keeps")
    assert page.index('id="findings"') < page.index("✗ loses")
    assert 'id="packed"' in page, "without it no long evidence can be laid out"
    assert "960 of 768 &lt;MiB&gt;" in page
    assert "the article" not in page, "nothing is predicted of a pod that is checked"
    text = markdown.report(summary)
    assert text.startswith("## Pod mine of f.yaml, checked")
    assert "✗ **loses**, mended" in text
