"""The agent's archive."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from pathlib import Path

import pytest

import conformance.probes.agent.__main__  # noqa: F401 -- registers every question
from conformance.probes.agent.questions import QUESTIONS
from conformance.probes.deploy import archive
from tests.conftest import ROOT


def test_the_archive_answers_by_itself_what_the_modules_do(tmp_path: Path) -> None:
    """A module that `__main__` does not import registers nothing."""
    (tmp_path / "agent.pyz").write_bytes(archive())
    script = (
        "import runpy, sys; runpy.run_path(sys.argv[1]); sys.path.insert(0, sys.argv[1]); "
        "from conformance.probes.agent.questions import QUESTIONS; print(*QUESTIONS)"
    )
    done = subprocess.run([sys.executable, "-ISc", script, tmp_path / "agent.pyz"], capture_output=True, text=True, check=True)
    decorated = {
        function.name
        for path in (ROOT / "conformance/probes/agent").glob("*.py")
        for function in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(function, ast.FunctionDef)
        and any(ast.unparse(decorator).startswith("question") for decorator in function.decorator_list)
    }
    assert set(done.stdout.split()) == decorated == set(QUESTIONS)


def test_the_archive_is_the_same_for_the_same_modules_and_fits_in_a_configmap(monkeypatch: pytest.MonkeyPatch) -> None:
    now = archive()
    monkeypatch.setattr(time, "time", lambda: 1e9)
    assert archive() == now
    assert len(archive()) < 2**20 / 2, "etcd takes 1 MiB, with what is around it and a third more in base64"
