"""What the bench makes of its rounds, and of a side that fails."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from conformance.errors import RigError
from conformance.record import stream
from hack.bench import bench, many, paint, start
from hack.bench.bench import Round, concluded
from tests.conftest import of_legs, recorded_lines, write


def alone(rendering: float = 1.0, peak: float = 71.0, helped: float = 0.08, paints: float = 0.4) -> bench.Alone:
    pages = paint.Pages(paint.Painted(paints, 73.0), paint.Painted(0.4, 102.0))
    return bench.Alone({start.BARE: [0.06, 0.06, 9.0], start.HELP: [helped, helped, 9.0]}, rendering, peak, pages)


@pytest.mark.parametrize(
    ("runs", "late", "measured", "code"),
    [
        ([50.0, 60.0, 90.0], [0.01] * 95 + [9.0] * 5, alone(), 0),  # the median and the p95 decide, not the worst
        ([50.0, 60.1, 60.2], [0.01], alone(), 1),
        ([50.0], [0.01] * 94 + [0.11] * 6, alone(), 1),
        ([60.0], [0.1], alone(3.0, 200.0, 0.12), 0),
        ([60.0], [0.1], alone(rendering=3.1), 1),
        ([60.0], [0.1], alone(peak=201.0), 1),
        ([60.0], [0.1], alone(helped=0.13), 1),
        ([60.0], [0.1], alone(paints=1.1), 1),
    ],
)
def test_a_goal_that_is_missed_is_exit_1_and_is_named(
    runs: list[float], late: list[float], measured: bench.Alone, code: int
) -> None:
    lines, concluded_code = concluded([Round(seconds, 100.0) for seconds in runs], late, measured)
    assert concluded_code == code
    assert sum("MISSED" in line for line in lines) == code
    assert f"{len(late)} events" in lines[1]


def _script(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folder / "script.sh"
    file.write_text(text, encoding="utf-8")
    monkeypatch.setattr(bench, "SCRIPT", file)
    monkeypatch.setattr(bench, "environment", lambda: dict(os.environ))


ANSWERS = "for a in dood dind; do for p in networking resources lifecycle storage; do echo $a $p HOLDS so; done; done\n"


def test_a_script_that_fails_or_answers_less_is_no_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "kept"
    _script(tmp_path, ANSWERS, monkeypatch)
    assert 0 < bench.script(kept) < 5
    _script(tmp_path, f"({ANSWERS}) | tail -n 7", monkeypatch)
    with pytest.raises(RigError, match="7 answers instead of 8"):
        bench.script(kept)
    _script(tmp_path, f"{ANSWERS}echo woe >&2; exit 3", monkeypatch)
    with pytest.raises(RigError, match=r"The script ended with 3.*kept"):
        bench.script(kept)
    assert "woe" in kept.read_text(encoding="utf-8")


def test_a_side_that_does_not_end_may_clean_up_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "SECONDS", 0.3)
    _script(tmp_path, "trap 'echo cleaned; exit 1' TERM\nwhile :; do sleep 0.05; done\n", monkeypatch)
    with pytest.raises(RigError, match=r"did not end within 0\.3 s"):
        bench.script(tmp_path / "kept")
    assert (tmp_path / "kept").read_text(encoding="utf-8") == "cleaned\n"


def test_a_side_that_fails_is_exit_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "environment", lambda: dict(os.environ))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "conformance").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (tmp_path / "conformance").chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    done = CliRunner().invoke(bench.main, ["1"])
    assert done.exit_code == 2
    assert "bench: The run ended with 1." in done.output


def test_a_record_is_made_long_of_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "OBSERVATIONS", 500)
    long = stream.of(many.long(recorded_lines()))
    short = stream.of(recorded_lines())
    assert many.OBSERVATIONS <= len(long.observations) < many.OBSERVATIONS + len(short.observations)
    assert not long.lost
    times = long.repeats
    assert (len(long.evidence), len(long.legs)) == (times * len(short.evidence), times * len(short.legs))
    ids = {reading.id for reading in long.evidence}
    assert len(ids) == len(long.evidence)
    assert all(cited in ids for line in long.observations for cited in line["cites"])


def test_what_a_program_used_is_its_own_and_not_that_of_who_asks(tmp_path: Path) -> None:
    held = b"x" * (300 << 20)
    ran = start.used([sys.executable, "-c", "b'x' * (50 << 20)"], tmp_path)
    assert len(held) >> 20 > ran.peak > 50
    assert ran.cpu > 0
    with pytest.raises(RigError, match=r"ended with 3.*woe"):
        start.used([sys.executable, "-c", "import sys; print('woe', file=sys.stderr); sys.exit(3)"], tmp_path)


def test_the_commands_and_a_long_report_are_measured_of_a_runs_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "TIMES", 1)
    monkeypatch.setattr(many, "TIMES", 1)
    monkeypatch.setattr(many, "OBSERVATIONS", 1)
    pages = alone().pages
    monkeypatch.setattr(paint, "measured", lambda _: pages)
    (tmp_path / "latest").mkdir()
    lines = of_legs(recorded_lines(), "dind.foreground", "dood.foreground")
    measured = bench.measured(write(tmp_path / "latest" / "record.jsonl", lines), tmp_path)
    assert [len(seconds) for seconds in measured.starts.values()] == [1] * 5
    assert 20 < measured.peak < start.PEAK_GOAL
    assert (tmp_path / "report.html").exists()
    assert not (tmp_path / "record.jsonl").exists()
    assert measured.pages is pages
    assert len(start.told(measured.starts)) == 6
