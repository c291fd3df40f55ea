"""Legs that lie: one thing of an approach is broken, or made to look right, and the suite must notice."""

from __future__ import annotations

from pathlib import Path

from tests.cluster.support import assert_nothing_left, latest, run_with


def test_a_child_that_the_nodes_engine_starts_again_outlives_its_pod(tmp_path: Path) -> None:
    """The client passes SIGTERM on and the child ends; with this stop signal the engine does not take that for a stop."""
    again = "        - run\n        - --restart=always\n        - --stop-signal=SIGWINCH\n"
    done = run_with(tmp_path, "dood", "        - run\n", again, "-k", "P2-10 and dood and foreground")
    assert done.returncode == 1, done.stdout + done.stderr
    read = latest(tmp_path / "reports")
    assert {o["leg"]: o["state"] for o in read.observations} == {"dood.foreground": "LACKS", "dood.foreground-forced": "LACKS"}
    for observation in read.observations:
        assert "was started again by the node's own engine" in observation["reason"]
        assert "restart policy always, stop signal SIGWINCH" in observation["reason"]
    assert_nothing_left()


def test_a_child_that_the_engine_of_the_pod_starts_again_outlives_the_engine(tmp_path: Path) -> None:
    """The pod's graph outlives its engine's container, and with it what the engine is told to start when it comes back."""
    again = "        - run\n        - --restart=always\n"
    done = run_with(tmp_path, "dind", "        - run\n", again, "-k", "L-02", "--level", "extended")
    assert done.returncode == 1, done.stdout + done.stderr
    [observation] = latest(tmp_path / "reports").observations
    assert observation["state"] == "LACKS"
    assert "was started again by the pod's engine" in observation["reason"]
    assert "restart policy always" in observation["reason"]
    assert_nothing_left()
