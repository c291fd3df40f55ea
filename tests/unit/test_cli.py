"""The commands: what they import, refuse and end with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from conformance import cli
from conformance.errors import ConformanceError, RigError, UsageError
from tests.conftest import of_legs, recorded_lines, write


@pytest.mark.parametrize(
    "args", [["run", "--nonsense"], ["nonsense"], ["run", "-n", "many"], ["report", "/no/such/record.jsonl"]]
)
def test_wrong_usage_is_exit_3(args: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["conformance", *args])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 3
    assert capsys.readouterr().err


def test_sigterm_interrupts_every_command_as_ctrl_c_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    monkeypatch.setattr("conformance.world.down.down", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    monkeypatch.setattr("sys.argv", ["conformance", "down"])
    try:
        with pytest.raises(SystemExit) as ended:
            cli.main()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert ended.value.code == 2
    assert capsys.readouterr().err.strip() == "interrupted"


def test_a_failure_of_ours_is_a_sentence_a_remedy_and_its_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("conformance.world.kind.existing", lambda _: None)
    monkeypatch.setattr("sys.argv", ["conformance", "run"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines() == ["conformance: No cluster of ours answers.", "remedy: conformance up"]
    assert issubclass(UsageError, ConformanceError)


def test_help_names_every_command() -> None:
    shown = CliRunner().invoke(cli.cli, ["--help"]).output
    for command in ("up", "down", "run", "report", "list", "doctor", "clean"):
        assert f"\n  {command} " in shown


HEAVY = {"allure_pytest", "jinja2", "jsonschema", "kubernetes", "pytest", "requests", "rich", "urllib3", "xdist"}
"""What takes a command longest to import, and the memory of it."""


@pytest.mark.parametrize(
    ("command", "needed"),
    [
        (("--help",), set()),
        (("run", "--help"), set()),
        (("list",), {"attr", "yaml"}),
        (("explain", "P2-13"), {"attr", "yaml"}),
        (("report", "record.jsonl"), {"attr", "fastjsonschema", "jinja2", "rich", "yaml"}),
        (("report", "record.jsonl", "record.jsonl"), {"attr", "fastjsonschema", "jinja2", "rich", "yaml"}),
        (("diff", "record.jsonl", "record.jsonl"), {"attr", "fastjsonschema", "jinja2", "yaml"}),
    ],
)
def test_a_command_imports_what_it_does_and_no_more(tmp_path: Path, command: tuple[str, ...], needed: set[str]) -> None:
    """`conformance --help` took 1.3 s of a CPU and 63 MiB when every command imported what all of them do."""
    write(tmp_path / "record.jsonl", of_legs(recorded_lines(), "dind.detached", "dood.detached"))
    program = (
        "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "
        "from conformance.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program, *command], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout
    loaded = {module.partition(".")[0] for module in done.stderr.split()}
    assert loaded & (HEAVY | {"attr", "fastjsonschema", "yaml"}) == needed


@pytest.mark.parametrize(("words", "place"), [((), "reports/latest"), (("nowhere",), "nowhere"), ((".",), ".")])
@pytest.mark.parametrize("command", ["report", "judge"])
def test_where_there_is_no_record_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, words: tuple[str, ...], place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = CliRunner().invoke(cli.cli, [command, *words]).exception
    assert isinstance(refused, UsageError)
    assert refused.sentence == f"There is no record at {place!r}."
    assert "record.jsonl" in refused.remedy


@pytest.mark.parametrize("rate", ["nan", "inf", "-1"])
def test_a_rate_that_is_no_price_is_wrong_usage(rate: str) -> None:
    ended = CliRunner().invoke(cli.cli, ["run", "--rate", rate])
    assert ended.exit_code == 2, "click's own, which the command ends with 3 for"
    assert "--rate" in ended.output


@pytest.mark.parametrize(("selection", "words"), [("P2-13 and (", "is no expression"), ("zzz", "selects nothing of level core")])
def test_a_job_of_the_cluster_is_not_made_for_a_selection_of_nothing(
    selection: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def touched(*_: object) -> None:
        pytest.fail("the cluster was reached")

    monkeypatch.setattr("conformance.run.session.reach", touched)
    refused = CliRunner().invoke(cli.cli, ["run", "--in-cluster", "-k", selection, "--reports", str(tmp_path / "reports")])
    assert isinstance(refused.exception, UsageError), refused.output
    assert words in str(refused.exception)
    assert not (tmp_path / "reports").exists()
    printed = CliRunner().invoke(cli.cli, ["manifests", "run", "-k", selection])
    assert isinstance(printed.exception, UsageError), printed.output
    assert CliRunner().invoke(cli.cli, ["manifests", "run", "-k", "P2-13"]).exit_code == 0


def test_report_command(tmp_path: Path) -> None:
    path = write(tmp_path / "record.jsonl", recorded_lines())
    done = CliRunner().invoke(cli.cli, ["report", str(path)])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "report.html").stat().st_size < 1_800_000
    assert (tmp_path / "summary.md").read_text().startswith("## ")


def test_a_step_summary_that_cannot_be_written_is_told_and_changes_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Made:
        why = "said elsewhere"

        def __init__(self, *, folder: Path, **_: object) -> None:
            write(folder / "record.jsonl", of_legs(recorded_lines(), "dind.detached", "dood.detached"))

        def go(self) -> int:
            return 1

    monkeypatch.setattr("conformance.run.session.reach", lambda *_: None)
    monkeypatch.setattr("conformance.run.controller.Run", Made)
    for step, words in ((tmp_path / "step.md", ""), (tmp_path / "no" / "step.md", "The step summary could not be written")):
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(step))
        done = CliRunner().invoke(cli.cli, ["run", "-q", "--reports", str(tmp_path / "reports")])
        assert done.exit_code == 1, done.output
        assert words in done.stderr
        assert bool(done.stderr) == bool(words)
    assert (tmp_path / "step.md").read_text(encoding="utf-8").startswith("## ")
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    assert CliRunner().invoke(cli.cli, ["run", "-q", "--reports", str(tmp_path / "reports")]).exit_code == 1


@pytest.mark.parametrize("command", [("judge",), ("diff", "RECORD")])
@pytest.mark.parametrize("kept", [slice(0, 1), slice(0, None, None)])
def test_a_record_without_an_observation_is_held_against_nothing(tmp_path: Path, command: tuple[str, ...], kept: slice) -> None:
    """A header alone was "0 observations: 0 changed", and so was a run that ended before it judged anything."""
    lines = [line for line in of_legs(recorded_lines(), "dind.foreground") if line["kind"] in ("header", "footer")]
    file = str(write(tmp_path / "record.jsonl", lines[kept]))
    ended = CliRunner().invoke(cli.cli, [file if word == "RECORD" else word for word in (*command, file)])
    assert (ended.output, type(ended.exception)) == ("", RigError)
    assert str(ended.exception).startswith(f"{file} has no observation")


@pytest.mark.parametrize(
    ("command", "code"),
    [(("report", "RECORD", "RECORD", "--reports", "FILE"), 3), (("run", "--reports", "FILE"), 3), (("report", "RECORD"), 2)],
)
def test_reports_that_cannot_be_written_are_one_sentence_and_its_remedy(
    tmp_path: Path, command: tuple[str, ...], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("conformance.run.session.reach", lambda *_: None)
    record = write(tmp_path / "record.jsonl", of_legs(recorded_lines(), "dind.foreground"))
    (tmp_path / ".report.html.part").mkdir()  # what refuses root, too
    (tmp_path / "file").touch()
    given = {"RECORD": str(record), "FILE": str(tmp_path / "file")}
    monkeypatch.setattr("sys.argv", ["conformance", *(given.get(word, word) for word in command)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == code
    sentence, remedy = capsys.readouterr().err.splitlines()
    assert sentence.startswith("conformance: The reports")
    assert "--reports" in remedy


def test_list_command() -> None:
    done = CliRunner().invoke(cli.cli, ["list"])
    assert all(name in done.output for name in ("P2-05", "P2-08", "P2-10", "P2-13"))


@pytest.mark.parametrize("command", [("judge",), ("explain", "P2-13"), ("diff", "WHOLE"), ("report",), ("report", "WHOLE")])
def test_what_is_made_of_a_record_that_was_cut_short_is_not_taken_for_the_whole(
    tmp_path: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the report of several is written where nothing else is said
    file, lines = tmp_path / "record.jsonl", of_legs(recorded_lines(), "dind.foreground", "dood.foreground")
    write(file, lines[:-1])
    whole = str(write(tmp_path / "whole.jsonl", lines))
    ended = CliRunner().invoke(cli.cli, [*(whole if word == "WHOLE" else word for word in command), str(file)])
    assert ended.output, "what there is of it is shown"
    assert isinstance(ended.exception, RigError)
    assert str(ended.exception).startswith(f"{file} has no footer")
