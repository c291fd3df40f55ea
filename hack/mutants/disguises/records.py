"""Records: runs that were cut short, lost a cell, could not ask, or could not clean up."""

from __future__ import annotations

from hack.mutants.disguises import Leg, of


@of("dind.detached")
def a_run_that_was_interrupted(leg: Leg) -> None:
    """All that was judged is as expected, and the run was cut short."""
    leg.of_kind("footer")[0]["interrupted"] = True


@of("dind.detached")
def a_run_that_could_not_clean_up(leg: Leg) -> None:
    """All is as expected, and a namespace could not be removed."""
    leg.of_kind("footer")[0]["cleaned"] = ["namespace conformance-x"]


@of("dind.foreground-forced")
def a_cell_that_nobody_judged(leg: Leg) -> None:
    """A cell was to be judged beside others of its family, and there is no observation of it."""
    (lost,) = (line for line in leg.of_kind("observation") if line["property"] == "P2-20.told")
    leg.lines.remove(lost)


@of("dind.detached")
def a_leg_that_was_lost(leg: Leg) -> None:
    """The leg's line and evidence are not in the record: a worker died."""
    for line in [*leg.of_kind("leg"), *leg.of_kind("evidence")]:
        leg.lines.remove(line)


@of("dind.detached")
def a_leg_that_failed(leg: Leg) -> None:
    """The rig failed after the evidence was read: nothing may be said of the subject."""
    leg.of_kind("leg")[0]["failed"] = "the probe was lost"


@of("dind.detached")
def a_reading_that_failed(leg: Leg) -> None:
    """The run itself says of one cell that it was not measured; evidence of its name was kept all the same."""
    leg.of_kind("observation")[0].update(state="ERROR", reason="the reading failed", as_expected=False)


@of("dood.detached")
def a_node_without_an_engine(leg: Leg) -> None:
    """The approach could not be asked: no leg was deployed, and every cell says so."""
    a_leg_that_was_lost.edit(leg)
    for line in leg.of_kind("observation"):
        line.update(state="NOT-APPLICABLE", reason="no Docker Engine", expected="NOT-APPLICABLE", as_expected=True)


@of("dind.detached")
def a_world_that_nobody_knows(leg: Leg) -> None:
    """No expectation is known for the world's cgroup version."""
    header = leg.lines[0]
    header["world"] = {**header["world"], "cgroup": "unknown"}


def _judge_alone(leg: Leg, name: str) -> None:
    """Let the run have been asked for one property."""
    for line in leg.of_kind("observation"):
        if line["property"] != name:
            leg.lines.remove(line)
    header = leg.lines[0]
    header["cells"] = [cell for cell in header["cells"] if cell["property"] == name]


@of("dood.foreground-forced")
def a_run_of_what_is_known_better(leg: Leg) -> None:
    """The run judged the one property of the leg of which something else is expected than the article predicts."""
    _judge_alone(leg, "P2-10")


@of("dind.detached")
def a_run_that_was_not_asked_for_everything(leg: Leg) -> None:
    """The run judged one property of the leg; a reading of another was not made."""
    _judge_alone(leg, "P2-10")
    for name in ("a line written: create", "a line written: output", "the line in the logs"):
        leg.drop(name)
