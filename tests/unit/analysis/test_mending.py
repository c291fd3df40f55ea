"""What to do: who keeps what is lost here, what that costs, and the patch."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from conformance.analysis.mending import Advice, compared, originals, patch
from conformance.analysis.summary import Summary
from conformance.approaches.catalogue import catalogue
from conformance.record import stream
from tests.builders.records import a_record, observed
from tests.unit.analysis.test_findings import findings, kept, lost


def advice(*lines: stream.Line, **other: Any) -> list[Advice]:
    return findings(*lines, **other).advice


MEMORY = lost("P2-13.memory", "dind.laden", "HOLDS")


def test_an_approach_that_is_made_of_the_loser_comes_before_one_that_keeps_more() -> None:
    other = [kept("P2-13.memory", "dood.laden"), lost("P2-24", "dind.laden"), kept("P2-24", "dood.laden")]
    assert [(each.of, each.by) for each in advice(MEMORY, *other)] == [("dind", "dood")]
    mended = kept("P2-13.memory", "dind-cgroupns.laden")
    first, *_ = advice(MEMORY, *other, mended)
    assert (first.of, first.by) == ("dind", "dind-cgroupns")
    assert first.words == "dind-cgroupns keeps 1 of 1 promise that DinD loses here (of those asked of both)."
    assert "+" in first.patch


def test_a_builder_that_runs_no_containers_mends_nobody_who_does() -> None:
    lines = [lost("BUILD.engine", "dind.classic-laden", "HOLDS"), kept("BUILD.engine", "buildkitd.buildkit-laden")]
    builder = {"title": "a builder", "granted": [], "spawns": True, "builder": "buildkitd"}

    def advised(*more: stream.Line) -> Advice:
        record = a_record([*lines, *more])
        header = {**record.header, "approaches": {**record.header["approaches"], "buildkitd": builder}}
        (only,) = Summary.of(evolve(record, header=header)).findings.advice
        return only

    assert advised().by == ""
    assert advised().words.startswith("nothing that this run deployed and that runs containers keeps what is lost")
    assert advised(kept("BUILD.engine", "dind-guaranteed.classic-laden")).by == "dind-guaranteed"
    assert [name for name, approach in catalogue().items() if approach.builder and name in originals()] == []


def test_what_it_breaks_and_what_it_has_to_be_granted_is_told() -> None:
    resized = kept("P2-13.resized", "dood.foreground"), lost("P2-13.resized", "dind.foreground")
    advised, *_ = advice(lost("P2-13.memory", "dood.laden"), kept("P2-13.memory", "dind.laden"), *resized)
    assert advised.words.startswith(
        "DinD keeps 1 of 1 promise that DooD loses here, and loses 1 that DooD keeps: P2-13.resized. "
    )
    assert "It has to be granted a privileged container" in advised.words


def test_when_to_stay_with_the_other_is_told_by_what_weighs_most() -> None:
    """What a reader would lose by the change, in plain words, and the start; not what has none, nor what nobody knows."""
    lines = [lost("P2-13.memory", "dood.laden"), kept("P2-13.memory", "dind.laden")]
    for prop in ("P2-23", "P2-13.resized", "K-02", "P2-13.weight"):
        lines += [kept(prop, "dood.foreground"), lost(prop, "dind.foreground")]
    lines += [lost("H-02", "dind.foreground"), kept("P2-08", "dood.foreground"), observed("P2-08", "dind.foreground", "ERROR")]
    weight = "a container that DinD starts competes for CPU with another weight than its pod's"
    advised, *_ = advice(*lines)
    assert advised.words.endswith(f" Stay with DooD if this weighs more: {weight}.")
    alone, *_ = advice(*lines[:2], lost("H-02", "dind.foreground"))
    assert alone.words.endswith(" Stay with DooD if this weighs more: any other pod can command the engine of DinD.")
    assert "Stay with" not in advice(*lines[:2])[0].words


def test_how_long_it_takes_to_start_is_told_beside_the_other_of_the_kinds_of_legs_that_both_have() -> None:
    lines = [lost("P2-13.memory", "dood.laden"), kept("P2-13.memory", "dind.laden")]

    def advised(**starts: float | None) -> str:
        legs = [
            {"leg": leg.replace("_", "."), "approach": leg.partition("_")[0],
             "times": {"deploying": 10.0, **({} if start is None else {"serving": 10.0 + start})}}
            for leg, start in starts.items()
        ]  # fmt: skip
        first, *_ = Summary.of(evolve(a_record(lines), legs=tuple(legs))).findings.advice
        return first.words

    both = {"dood_laden": 2.0, "dind_laden": 7.0, "dood_detached": 2.4, "dind_detached": 6.8}
    words = "It starts in 6.9 s, DooD in 2.2 s (medians)."
    words += " Stay with DooD if this weighs more: that start."
    assert advised(**both).endswith(f" {words}")
    assert advised(**both, dind_twins=90.0).endswith(f" {words}"), "the other has no such leg"
    assert advised(dood_laden=2.0, dind_laden=2.9).endswith("DooD in 2.0 s (medians).")
    for alone in ({"dind_laden": 7.0}, {"dind_laden": 7.0, "dood_detached": 2.0}, {"dind_laden": 7.0, "dood_laden": None}, {}):
        assert "starts in" not in advised(**alone)


def test_what_it_loses_and_the_other_was_not_asked_is_counted_too() -> None:
    """An engine on TCP can be commanded by other pods, and the node's on a socket is not asked."""
    lines = [lost("P2-13.memory", "dood.laden"), kept("P2-13.memory", "dind.laden"), lost("H-02", "dind.foreground")]
    advised, *_ = advice(*lines)
    assert advised.words.startswith("DinD keeps 1 of 1 promise that DooD loses here, and loses 1 asked of it alone: H-02. ")
    refused, *_ = advice(*lines, observed("H-02", "dood.foreground", "NOT-APPLICABLE"))
    assert refused.words == advised.words
    other, *_ = advice(*lines, lost("P2-24", "dind.laden"), kept("P2-24", "dood.laden"))
    assert "and loses 1 that DooD keeps: P2-24, and 1 asked of it alone: H-02. " in other.words
    open_, *_ = advice(*lines, observed("H-02", "dood.foreground", "INCONCLUSIVE"))
    assert "and loses 1 that was not decided of DooD: H-02. " in open_.words


def test_where_none_was_deployed_a_run_on_record_may_have_shown_it() -> None:
    advised, *_ = advice(MEMORY, cgroup="v2")
    assert (advised.of, advised.by) == ("dind", "dind-cgroupns")
    assert "a run on record, in a world with cgroup v2, shows that it keeps P2-13.memory, which DinD loses" in advised.words
    assert "`conformance run --level article` judges it here" in advised.words
    extended, *_ = advice(lost("P2-13", "dood.foreground"), cgroup="hybrid")
    assert extended.by == "dood-cgroup-parent"
    assert "`conformance run --level extended` judges it here" in extended.words
    deep = {**MEMORY, "level": "extended"}
    assert "`conformance run --level extended` judges it here" in advice(deep, cgroup="v2")[0].words, "the property's own"
    (nothing,) = advice(MEMORY, cgroup="v1")
    assert (nothing.by, nothing.patch) == ("", "")
    assert "nothing that this run deployed keeps what is lost" in nothing.words


def test_who_keeps_it_on_one_leg_and_not_on_another_is_no_remedy() -> None:
    advised = advice(lost("P2-08", "dood.detached", family="storage"), kept("P2-08", "dind.foreground", family="storage"),
                  lost("P2-08", "dind.detached", family="storage"))  # fmt: skip
    assert [each.by for each in advised] == [""]
    advised = advice(lost("P2-08", "dood.detached", family="storage"), kept("P2-08", "dind.foreground", family="storage"),
                  observed("P2-08", "dind.detached", "INCONCLUSIVE", family="storage"))  # fmt: skip
    assert [each.by for each in advised] == [""]


def test_the_patch_is_of_the_manifests_and_not_of_their_names() -> None:
    lines = patch("dind", "dind-cgroupns").splitlines()
    assert lines[:2] == ["--- approaches/dind.yaml", "+++ approaches/dind-cgroupns.yaml"]
    changed = [line for line in lines[2:] if line[:1] in "+-"]
    assert [line for line in changed if "name: dind" in line] == []
    assert any("unshare" in line for line in changed)
    assert patch("dind", "a pod of mine") == ""


def test_the_baseline_and_manifests_as_printed_are_not_compared(recorded: stream.Record) -> None:
    assert list(compared(recorded)) == [
        name for name in recorded.approaches if name not in {"pod", "article-dood", "article-dind"}
    ]
    renamed = evolve(recorded, observations=())
    assert Summary.of(renamed).findings.names["dood"] == "DooD"
    assert compared(a_record([observed("P2-08", "mine.foreground", "HOLDS")]))["mine"] == "mine"
