"""A run that breaks before its first leg."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from conformance.errors import NoCluster
from conformance.record import stream
from conformance.run import controller, folders
from conformance.run.footing import Footing
from conformance.run.header import Asked


def test_a_second_ctrl_c_does_not_cut_the_clean_up_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It did while the run told that the clean-up starts: nothing was cleaned, and no footer was written."""
    cleaned: list[str] = []

    def take(_: Footing) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    def again(line: stream.Line) -> None:
        if line.get("phase") == "observed":
            os.kill(os.getpid(), signal.SIGINT)

    def clean(*_: object) -> list[str]:
        os.kill(os.getpid(), signal.SIGTERM)
        cleaned.append("all of it")
        return []

    monkeypatch.setattr(Footing, "take", take)
    monkeypatch.setattr("conformance.run.ending.clean", clean)
    folder, cluster = folders.new(tmp_path, "0f0f0f0f"), None
    asked = Asked(selection="P2-10 and dood.detached")
    run = controller.Run(cluster=cluster, folder=folder, id="0f0f0f0f", asked=asked, tell=again)  # type: ignore[arg-type]
    assert run.go() == 2
    assert cleaned == ["all of it"]
    read = stream.read(folder / "record.jsonl")
    assert read.footer
    assert (read.footer["interrupted"], read.footer["why"]) == (True, "the run was interrupted")
    assert {cell["leg"] for cell in read.lost} == {"dood.detached", "dood.detached-forced"}


@pytest.mark.parametrize("end", [NoCluster("The API server does not answer: it is away."), KeyboardInterrupt()])
def test_a_run_that_ends_before_it_has_begun_speaks_of_the_cells_that_it_was_asked(
    end: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It listed every cell of its level, which nobody had selected."""

    def take(_: Footing) -> None:
        raise end

    monkeypatch.setattr(Footing, "take", take)
    (tmp_path / "latest").symlink_to("the run before")
    cluster: Any = None
    folder = folders.new(tmp_path, "0f0f0f0f")
    run = controller.Run(cluster=cluster, folder=folder, id="0f0f0f0f", asked=Asked(selection="P2-10 and dood.detached"))
    assert run.go() == 2
    folders.finish(folder)
    read = stream.read(folder / "record.jsonl")
    assert {(cell["property"], cell["leg"]) for cell in read.header["cells"]} == {
        ("P2-10", "dood.detached"), ("P2-10", "dood.detached-forced")
    }  # fmt: skip
    assert {line["leg"] for line in read.observations} <= {"dood.detached", "dood.detached-forced"}
    assert (tmp_path / "latest").readlink() == Path("the run before"), "it judged nothing"


def test_a_run_that_is_interrupted_before_its_selection_was_read_leaves_no_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had one of every cell of its level, which nobody had selected."""

    def judge(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("conformance.run.launch.judge", judge)
    cluster: Any = None
    folder = folders.new(tmp_path, "0f0f0f0f")
    with pytest.raises(KeyboardInterrupt):
        controller.Run(cluster=cluster, folder=folder, id="0f0f0f0f", asked=Asked(selection="P2-10")).go()
    assert [*tmp_path.iterdir()] == []
