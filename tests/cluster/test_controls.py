"""A suite that makes a mistake is told by the control that is there for it, and a whole one is not."""

from __future__ import annotations

from pathlib import Path

from tests.cluster.support import assert_nothing_left, conformance, run_with, selfchecked, states

ONE = ("-k", "nc-30 and P2-10")
LEGS = {"P2-10[nc-30.foreground]", "P2-10[nc-30.foreground-forced]"}


def test_a_suite_that_follows_one_process_is_told_by_its_control(tmp_path: Path) -> None:
    """The node's engine starts the child again: who follows the first one's pid sees it end with its pod."""
    asked = "    if not (asked := seen.get(SUCCESSORS)):"
    blind = "    if not (asked := None):"
    done = run_with(tmp_path, "scenarios/lifecycle/ends.py", asked, blind, *ONE, command="selfcheck")
    assert done.returncode == 1, done.stdout + done.stderr
    assert states(selfchecked(tmp_path / "reports")) == dict.fromkeys(LEGS, "HOLDS")
    assert "0 of 1 control are what they were built to be; not so nc-30" in done.stdout
    assert_nothing_left()


def test_a_whole_suite_is_not(tmp_path: Path) -> None:
    done = conformance("selfcheck", "--reports", str(tmp_path / "reports" / "selfcheck"), *ONE)
    assert done.returncode == 0, done.stdout + done.stderr
    read = selfchecked(tmp_path / "reports")
    assert states(read) == dict.fromkeys(LEGS, "LACKS")
    for observation in read.observations:
        assert "was started again by the node's own engine" in observation["reason"]
        assert "restart policy always, stop signal SIGWINCH" in observation["reason"]
    assert "1 of 1 control is what it was built to be" in done.stdout
    assert_nothing_left()
