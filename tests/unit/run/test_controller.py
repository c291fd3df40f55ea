"""A run that breaks before its first leg."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance.errors import NoCluster
from conformance.record import stream
from conformance.run import controller, folders
from conformance.run.footing import Footing
from conformance.run.header import Asked


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
