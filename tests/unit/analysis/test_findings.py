"""What a reader is told first: by the rules of docs/reading-a-report.md, in the same words in every output."""

from __future__ import annotations

import io
from typing import Any

import pytest
from attrs import evolve
from rich.console import Console

from conformance.analysis.findings import Findings, gist
from conformance.analysis.summary import Summary
from conformance.record import stream
from conformance.report import html_page, markdown, terminal, verdict_file
from tests.builders.records import a_record, a_selfcheck, observed
from tests.conftest import RECORDED_V2, recorded_lines, up_to


def lost(prop: str, leg: str, predicted: str | None = None, family: str = "resources", **other: Any) -> stream.Line:
    return observed(prop, leg, "LACKS", predicted, family=family, **other)


def kept(prop: str, leg: str, predicted: str | None = None, family: str = "resources", **other: Any) -> stream.Line:
    return observed(prop, leg, "HOLDS", predicted, family=family, **other)


def findings(*lines: stream.Line, cgroup: str = "") -> Findings:
    record = a_record(lines)
    if cgroup:
        record = evolve(record, header={**record.header, "world": {**record.header["world"], "cgroup": cgroup}})
    return Summary.of(record).findings


def told(*lines: stream.Line) -> list[tuple[str, list[str]]]:
    return [(each.prop, list(each.lost_by)) for each in findings(*lines).shown]


NETWORK = lost("P2-05", "dind.foreground", "HOLDS", "networking")


def test_a_loss_of_containment_is_told_before_an_inconvenience_though_the_article_foresaw_it() -> None:
    assert told(NETWORK, lost("P2-10", "dood.detached", "LACKS", "lifecycle")) == [("P2-10", ["dood"]), ("P2-05", ["dind"])]


def test_a_departure_from_the_article_is_told_before_an_agreement_though_it_weighs_less() -> None:
    less = lost("P2-09", "dind.foreground", "HOLDS", "storage")
    assert told(lost("P2-13", "dood.foreground", "LACKS"), less) == [("P2-09", ["dind"]), ("P2-13", ["dood"])]
    foreseen = lost("P2-09", "dind.foreground", "LACKS", "storage")
    assert told(lost("P2-13", "dood.foreground", "LACKS"), foreseen) == [("P2-13", ["dood"]), ("P2-09", ["dind"])]


def test_of_two_of_one_weight_that_is_told_first_for_which_this_run_has_shown_a_mend() -> None:
    engine, api = lost("P2-13.engine", "dind.laden"), lost("H-02", "dind.foreground", family="security")
    assert told(api, engine)[0] == ("P2-13.engine", ["dind"]), "the order of the fears"
    disk, engine = lost("P2-08", "dind.foreground", family="storage"), lost("P2-10", "dind.foreground", family="lifecycle")
    mended = kept("P2-08", "dind-cgroupns.foreground", family="storage")
    assert [prop for prop, _ in told(engine, disk)] == ["P2-10", "P2-08"]
    assert [prop for prop, _ in told(engine, disk, mended)] == ["P2-08", "P2-10"]


def test_of_each_fear_and_approach_what_weighs_most_is_told_and_whoever_loses_the_same_is_told_with_it() -> None:
    lines = [lost(prop, leg) for prop in ("P2-13.weight", "P2-13.memory", "P2-24") for leg in ("dood.laden", "dind.laden")]
    assert told(*lines) == [("P2-13.memory", ["dood", "dind"])]


def test_whose_loss_the_article_denies_is_named_first_with_its_number() -> None:
    here = findings(lost("P2-13.memory", "dood.laden", "LACKS", reason="10 of 5"),
                    lost("P2-13.memory", "dind.laden", "HOLDS", reason="960 of 768; and so on (and much that is beside it)"),
                    kept("P2-13.memory", "dind-cgroupns.laden", reason="stopped at 376"))  # fmt: skip
    assert here.first == (
        "On this cluster a container that DinD or DooD starts can take more memory than its pod was given: 960 of 768; and so on."
        " The article says so of DooD, and the contrary of DinD. Not so with dind-cgroupns: stopped at 376."
    )
    assert here.ranked[0].mended


def test_who_loses_it_on_any_leg_does_not_keep_it_and_what_nobody_decided_is_nobodys_loss() -> None:
    forced = kept("P2-10", "dood.foreground", family="lifecycle")
    both = (forced, lost("P2-10", "dood.detached", family="lifecycle"), lost("P2-10", "dind.detached", family="lifecycle"))
    assert findings(*both).shown[0].kept == ()
    open_ = observed("P2-13", "dood.foreground", "INCONCLUSIVE", family="resources", reason="no limit")
    assert findings(open_).first == "Nothing was decided here: no limit."
    assert (findings(open_).more, findings(open_).advice) == ([], [])


LEGS = (
    kept("P2-10", "dood.foreground", "LACKS", "lifecycle"),
    lost("P2-10", "dood.detached", "LACKS", "lifecycle"),
    lost("P2-10", "dood.detached-forced", "LACKS", "lifecycle"),
    kept("P2-10", "dind.foreground", "HOLDS", "lifecycle"),
)


def test_where_legs_differ_those_are_named_that_lose_it_and_the_article_is_held_against_all() -> None:
    """Of a child that is in the foreground nobody is told that it goes on."""
    here = findings(*LEGS)
    assert here.first == (
        "On this cluster a container that DooD (detached and detached-forced) starts goes on when its pod is deleted: "
        "seen on dood.detached. As the article says, but it says so of DooD (foreground), too. "
        "Not so with DinD and DooD (foreground): seen on dind.foreground."
    )
    assert (here.ranked[0].article, here.ranked[0].lost_by, here.ranked[0].kept_by) == ("in part", ("dood",), ("dind",))
    assert here.ranked[0].brief.endswith("it says so of DooD (foreground), too. Not so with DinD and DooD (foreground).")
    open_ = findings(observed("P2-10", "dood.foreground", "ERROR", "LACKS", family="lifecycle"), *LEGS[1:2])
    assert "that DooD (detached) starts goes on" in open_.ranked[0].words
    assert (open_.ranked[0].article, "Not so" in open_.ranked[0].words) == ("so", False)
    alike = findings(*LEGS[1:3], observed("P2-10", "dood.foreground", "NOT-APPLICABLE", family="lifecycle"))
    assert "that DooD starts goes on" in alike.ranked[0].words, "what cannot be asked of a leg takes nothing away"


def test_whoever_loses_it_is_told_though_it_loses_something_weightier_too() -> None:
    lines = [lost("P2-13.memory", "dood.laden"), lost("P2-13.cpu", "dood.laden"), lost("P2-13.cpu", "dind.laden")]
    assert told(*lines) == [("P2-13.memory", ["dood"]), ("P2-13.cpu", ["dood", "dind"])]


def test_of_a_record_without_an_approach_that_is_compared_nothing_is_said_to_be_kept() -> None:
    printed = lost("P2-10.printed", "article-dind.foreground", family="lifecycle")
    assert findings(printed).first == "On this cluster no approach was compared: what was decided is of article-dind."
    both = findings(
        printed, kept("P2-10", "dood.foreground", family="lifecycle"), observed("H-02", "dood.foreground", "NOT-APPLICABLE")
    )
    assert both.first == "On this cluster nothing that was asked is lost."
    open_ = findings(kept("P2-10", "dood.foreground", family="lifecycle"), observed("P2-08", "dood.foreground", "INCONCLUSIVE"))
    assert open_.first == "On this cluster nothing that was decided is lost."
    cells = a_record([kept("P2-10", "dood.foreground")], lost=[lost("P2-08", "dood.foreground")])
    assert Summary.of(cells).findings.first == "On this cluster nothing that was decided is lost."


def test_five_are_told_and_no_more_and_facts_and_the_baseline_lose_nothing() -> None:
    families = {"P2-13": "resources", "P2-10": "lifecycle", "P2-08": "storage", "H-02": "security", "P2-05": "networking",
                "P2-04": "contention"}  # fmt: skip
    lines = [lost(prop, "dood.foreground", family=family) for prop, family in families.items()]
    assert [prop for prop, _ in told(*lines)] == [*families][:5]
    beside = lost("P2-02", "pod.plain", family="storage"), lost("P2-15", "dind.foreground", family="visibility")
    assert told(*beside) == []
    assert findings(*beside).first == "On this cluster nothing that was asked is lost."


def test_a_run_that_is_as_the_article_says_says_so_in_a_line() -> None:
    lines = lost("P2-13", "dood.foreground", "LACKS"), kept("P2-13", "dind.foreground", "HOLDS")
    here = findings(*lines)
    assert here.first == "On this cluster everything is as the article says: 2 of its 2 predictions are so."
    assert here.more == [f"A container that DooD starts is outside its pod's limits: {lines[0]['reason']}. Not so with DinD."]
    other = findings(lost("P2-13", "dood.foreground", "LACKS"), kept("P2-10", "dood.foreground", "LACKS", "lifecycle"))
    assert other.first.startswith("On this cluster a container that DooD starts")


def test_what_was_not_decided_is_not_as_the_article_says() -> None:
    decided = kept("P2-13", "dind.foreground", "HOLDS")
    for state in ("INCONCLUSIVE", "ERROR", "NOT-APPLICABLE"):
        first = findings(decided, observed("P2-10", "dind.foreground", state, "HOLDS", family="lifecycle")).first
        assert first == (
            "On this cluster what was decided is as the article says: 1 of its 2 predictions is so, 1 not decided."
        ), state


def test_a_run_that_was_cut_short_says_so_before_anything_else() -> None:
    record = evolve(a_record([lost("P2-13", "dood.foreground", "LACKS")]), footer=None)
    assert Summary.of(record).findings.first.startswith(
        "This run was interrupted. Of what it had seen: on this cluster a container"
    )
    assert Summary.of(evolve(record, observations=())).findings.first == "Nothing was decided here: nothing was observed."


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("4 of 5 are left (10.4 MB); the daemon lists it", "4 of 5 are left (10.4 MB); the daemon lists it"),
        ("4 of 4 places: refused; " + "it answers elsewhere " * 5, "4 of 4 places: refused"),
        ("stopped after 456 MiB of the pod's 768 MiB: 3 kills counted", "stopped after 456 MiB of the pod's 768 MiB"),
        ("allocated 960 MiB (its own cgroup's peak: 965 MiB) (runc 1).", "allocated 960 MiB (runc 1)"),
        ("A" * 1000, "A" * 400 + "…"),
    ],
)  # fmt: skip
def test_the_gist_of_a_reason_is_its_number(reason: str, words: str) -> None:
    assert gist(reason) == words


def test_how_sure_it_is_names_the_controls_and_what_was_not_decided() -> None:
    record = a_record([lost("P2-13", "dood.foreground", "LACKS")])
    assert Summary.of(record).findings.how_sure == (
        "every leg was deployed once; no selfcheck beside this run shows what the suite notices; all observations were decided."
    )
    selfcheck = a_selfcheck(observed("P2-05", "nc-01.foreground-forced", "LACKS"))
    assert "; of 1 control with one thing broken 1 was noticed; " in Summary.of(record, selfcheck).findings.how_sure
    assert Summary.of(selfcheck).findings.first.startswith("1 of 1 control is what it was built to be")


def test_where_nothing_was_observed_nothing_is_said_to_be_decided() -> None:
    cell = lost("P2-13", "dood.foreground", "LACKS")
    here = Summary.of(a_record([], lost=[cell])).findings
    assert here.how_sure.endswith("; 1 cell was not measured.")
    assert "decided" not in here.how_sure


def outputs(summary: Summary) -> dict[str, str]:
    console = Console(file=io.StringIO(), width=2000, highlight=False, emoji=False)
    terminal.table(summary, console)
    assert isinstance(console.file, io.StringIO)
    return {"page": html_page.report(summary), "markdown": markdown.report(summary), "terminal": console.file.getvalue()}


def test_every_output_has_the_same_sentences() -> None:
    summary = Summary.of(stream.of(up_to("core", recorded_lines(RECORDED_V2))))
    verdict = verdict_file.verdicts(summary)["findings"]
    sentences = [verdict["first"], *verdict["more"], *(each["words"] for each in verdict["advice"]), *verdict["sure"]]
    sentences.append(verdict["elsewhere"])
    assert len(sentences) > 6
    assert all(sentences)
    for name, text in outputs(summary).items():
        plain = text.replace("&#39;", "'").replace("&#95;", "_").replace("&#96;", "`")
        assert [sentence for sentence in sentences if sentence not in plain] == [], name
