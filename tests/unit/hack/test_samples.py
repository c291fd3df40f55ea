"""Samples: none that tells of the machine that made it is kept, nor one of a run that was other than expected."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.record import stream
from conformance.world.uml.guest import CGROUPS
from hack import samples
from tests.conftest import recorded_lines


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder in which `make worlds` ended."""
    monkeypatch.chdir(tmp_path)
    for world in CGROUPS:
        (tmp_path / "reports" / world / "latest").mkdir(parents=True)
        for file in samples.KEPT:
            (tmp_path / "reports" / world / "latest" / file).write_text(f"{world} at 172.18.0.2", encoding="utf-8")
        written(tmp_path / "reports" / world / "latest", recorded_lines(evidence=False))
    (tmp_path / "reports" / "worlds.html").write_text("both", encoding="utf-8")
    return tmp_path / "reports"


def written(folder: Path, lines: list[stream.Line]) -> None:
    (folder / "record.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")


def test_what_was_made_is_kept(reports: Path) -> None:
    assert samples.main() == 0
    assert (reports / "samples" / "cgroup-v2" / "report.html").read_text() == "cgroup-v2 at 172.18.0.2"
    assert stream.read(reports / "samples" / "cgroup-v2" / "record.jsonl").footer
    assert (reports / "samples" / "worlds.html").is_file()
    page = (reports.parent / "docs" / "beliefs.md").read_text(encoding="utf-8")
    assert "| R2 | reports/samples/cgroup-v2/record.jsonl |" in page, "what is repeated is held against what was kept"


@pytest.mark.parametrize("argument", ["--help", "cgroup-v1"])
def test_an_argument_is_refused_and_nothing_is_copied(reports: Path, argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert samples.main([argument]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (reports / "samples").exists()


def test_what_tells_of_the_machine_is_not(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    telling = reports / "cgroup-v2" / "latest" / "record.jsonl"
    telling.write_text(f'{{"command": "conformance run --reports {Path.cwd()}/reports"}}', encoding="utf-8")
    assert samples.main() == 1
    assert not (reports / "samples").exists()
    assert str(Path.cwd()) in capsys.readouterr().out


@pytest.mark.parametrize("interrupted", [True, False])
def test_a_run_that_was_not_as_expected_is_no_sample(
    reports: Path, interrupted: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    *lines, footer = recorded_lines(evidence=False)
    ended = [] if interrupted else [{**footer, "exit_code": 2, "why": "8 undecided"}]
    written(reports / "cgroup-v2" / "latest", [*lines, *ended])
    assert samples.main() == 1
    assert not (reports / "samples").exists()
    assert ("its run was interrupted" if interrupted else "its run ended with 2: 8 undecided") in capsys.readouterr().out


def test_what_was_not_made_is_said(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (reports / "worlds.html").unlink()
    assert samples.main() == 2
    assert "make worlds" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "betrays"), [("http://10.1.2.3:80", True), ("10.1.2.30", False), ("110.1.2.3", False), ("", False)]
)
def test_an_address_is_told_as_a_whole(text: str, betrays: bool) -> None:
    assert samples.betrayed(text, {"10.1.2.3"}) == ({"10.1.2.3"} if betrays else set())


def test_this_machine_is_known_by_something() -> None:
    signs = samples.of_this_machine()
    assert str(Path.cwd()) in signs
    assert not any(sign.startswith(("127.", "172.17.", "172.18.")) for sign in signs)
