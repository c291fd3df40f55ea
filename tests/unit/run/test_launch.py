"""What pytest is asked for a run, and what of a selection is refused before the cluster is touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from conformance.errors import UsageError
from conformance.run import launch
from conformance.run.header import Asked
from conformance.run.plugin import Recorder


@pytest.mark.parametrize("processes", ["0", "1"])
@pytest.mark.parametrize(
    ("asked", "sentence", "remedy"),
    [
        (Asked(selection="P2-13 and ("), "-k 'P2-13 and (' is no expression that pytest reads.", "as in -k 'P2-13 and not dind'"),
        (Asked(selection="S-01"), "-k 'S-01' selects nothing of level core.", "--level extended has more; conformance list "),
        (Asked(selection="podman"), "-k 'podman' selects nothing of level core.", "--level matrix has more; conformance list "),
        (Asked(level="extended", selection="dind-userns"), "-k 'dind-userns' selects nothing of ", "--level matrix has more; "),
        (Asked(level="extended", selection="zzz"), "-k 'zzz' selects nothing of level extended.", "conformance list "),
        (Asked(controls="fast", selection="nc-02"), "-k 'nc-02' selects none of the fast controls (nc-15, ", "leave out --fast"),
        (Asked(controls="all", selection="P9"), "-k 'P9' selects no control that is run.", "conformance list "),
    ],
)
def test_a_selection_of_nothing_is_refused_before_anything_is_begun(
    asked: Asked, processes: str, sentence: str, remedy: str, tmp_path: Path
) -> None:
    writer: Any = None
    begun: list[object] = []
    with pytest.raises(UsageError) as refused:
        launch.judge(
            evolve(asked, processes=processes), tmp_path, Recorder(writer, begun.append), launch.Selected(begun.append, [])
        )
    assert refused.value.sentence.startswith(sentence)
    assert refused.value.remedy.startswith(remedy)
    assert begun == []


@pytest.mark.parametrize("selection", ["P2-10", "zzz"])
def test_ctrl_c_while_a_selection_is_looked_at_is_not_pytests_alone(selection: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was: a Job was made all the same, and of a selection of nothing every level was looked at."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("conformance.run.plugin.pytest_collection_modifyitems", interrupt, raising=False)
    with pytest.raises(KeyboardInterrupt):
        launch.check(Asked(selection=selection))
