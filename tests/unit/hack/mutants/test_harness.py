"""The harness can fail: it lets what changes nothing survive, and takes nothing that breaks for caught."""

from __future__ import annotations

from pathlib import Path

import pytest

from hack.mutants import harness
from hack.mutants.disguises import disguised
from hack.mutants.harness import Judgement, Tried
from hack.mutants.weakenings import Refused, Weakening
from tests.conftest import recorded_lines

IDENTITY = "conformance/evidence/identity.py"
NONCE = """if child.output["page"].get("body", "").strip() != nonce:"""
DECOY = "a page of a decoy"
PROCFS, OF_PROCFS = "conformance/probes/agent/procfs.py", "tests/unit/probes/agent/test_procfs.py"
START = ".split()[19])"


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of one record: a decoy in the place of a child."""
    (lines,) = (lines for name, lines in disguised(recorded_lines()) if name == DECOY)
    return harness.kept({DECOY: lines}, tmp_path_factory.mktemp("evidence") / "evidence")


@pytest.fixture(scope="module")
def before(evidence: Path) -> harness.Judgements:
    return dict(harness.judgements(harness.ROOT, evidence))


def tried(evidence: Path, before: harness.Judgements, text: str, instead: str) -> Tried:
    return harness.weakened(Weakening("a name", "a mistake", IDENTITY, text, instead), evidence, before)


def test_a_weakening_that_changes_nothing_survives(evidence: Path, before: harness.Judgements) -> None:
    result = tried(evidence, before, "Identity first: every judge's first line.", "Identity first.")
    assert not result.caught
    assert str(result) == "SURVIVED  a name"


def test_a_weakening_that_an_observation_tells_is_caught_by_it(evidence: Path, before: harness.Judgements) -> None:
    result = tried(evidence, before, NONCE, NONCE.replace("!= nonce", "is None"))
    assert result.caught
    assert str(result).startswith(f"caught    a name: {DECOY}: ")
    assert "[dind.foreground]: INCONCLUSIVE, expected HOLDS -> HOLDS, as expected" in result.told_by


@pytest.mark.parametrize(
    ("instead", "why"),
    [
        ("if child.output[", "SyntaxError"),
        (f"import no_such_module\n    {NONCE}", "a judge broke, of "),
        (NONCE.replace("nonce", "nobody_knows_this"), "a judge broke, of "),
    ],
)
def test_what_breaks_is_not_caught(evidence: Path, before: harness.Judgements, instead: str, why: str) -> None:
    result = tried(evidence, before, NONCE, instead)
    assert not result.caught
    assert str(result).startswith("BROKEN    a name: ")
    assert why in result.broken


def test_a_module_that_does_not_import_is_broken(evidence: Path, before: harness.Judgements) -> None:
    result = tried(
        evidence,
        before,
        "from conformance.answers import decoded, kernel_lines\n",
        "from conformance.answers import encoded, kernel_lines\n",
    )
    assert not result.caught
    assert "ImportError" in result.broken


def test_a_weakening_of_what_is_not_there_is_refused(evidence: Path, before: harness.Judgements) -> None:
    with pytest.raises(Refused):
        tried(evidence, before, "this stands nowhere", "nor does this")


def test_what_is_made_of_all_cells_does_not_count_where_a_judge_broke() -> None:
    sound = Judgement({"P[leg]": "HOLDS", "Q[leg]": "HOLDS", "exit code": "0"}, frozenset())
    broken = Judgement({"P[leg]": "ERROR", "Q[leg]": "HOLDS", "exit code": "2"}, frozenset({"P[leg]"}))
    other = Judgement({"P[leg]": "ERROR", "Q[leg]": "LACKS", "exit code": "2"}, frozenset({"P[leg]"}))
    unlike = Judgement({"P[leg]": "HOLDS", "exit code": "1"}, frozenset())
    assert sound.other(broken) == []
    assert sound.other(other) == ["Q[leg]: HOLDS -> LACKS"]
    assert sound.other(unlike) == ["Q[leg]: HOLDS -> nothing", "exit code: 0 -> 1"]
    assert broken.other(sound) == ["P[leg]: ERROR -> HOLDS", "exit code: 2 -> 0"]


def test_a_weakening_of_what_reads_a_node_is_told_by_its_tests() -> None:
    of_probe = Weakening("a name", "a mistake", PROCFS, START, START.replace("19", "18"), test=OF_PROCFS)
    result = harness.tested(of_probe)
    assert result.caught, str(result)
    assert result.told_by.startswith(f"{OF_PROCFS}::test_")


@pytest.mark.parametrize(
    ("instead", "test", "words"),
    [
        (f"{START}  # the same", OF_PROCFS, "SURVIVED  a name"),
        (f"{START} +", OF_PROCFS, "BROKEN    a name: "),
        (START.replace("19", "18"), "tests/unit/no_such_test.py", "BROKEN    a name: its tests fail without it: "),
    ],
)
def test_what_its_tests_do_not_tell_is_not_caught(instead: str, test: str, words: str) -> None:
    assert str(harness.tested(Weakening("a name", "a mistake", PROCFS, START, instead, test=test))).startswith(words)
