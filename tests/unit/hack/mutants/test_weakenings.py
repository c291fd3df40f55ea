"""The tables of weakenings: what they replace is there, and what is not is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from hack.mutants.disguises import disguises
from hack.mutants.harness import ROOT
from hack.mutants.weakenings import Refused, Weakening, declared
from tests.conftest import RECORDED

WEAKENINGS = declared()


@pytest.mark.parametrize("weakening", WEAKENINGS, ids=lambda weakening: weakening.name)
def test_a_weakening_is_of_what_is_there(weakening: Weakening) -> None:
    """Whoever changes a judge is told here that its weakening is to be changed, too: `make mutants` takes minutes."""
    assert (ROOT / weakening.file).read_text(encoding="utf-8").count(weakening.text) == 1
    assert weakening.text != weakening.instead
    runs = {run.name.partition(".")[0] for run in RECORDED.parent.glob("*.xz")}
    assert weakening.by in {"", *runs, *(disguise.name for disguise in disguises())}
    assert not weakening.test or (ROOT / weakening.test.partition("::")[0]).is_file()


@pytest.mark.parametrize(("source", "count"), [("y = 2\n", 0), ("x = 1\nx = 1\n", 2), (None, 0)])
def test_a_text_that_is_not_there_once_is_refused(tmp_path: Path, source: str | None, count: int) -> None:
    if source is not None:
        (tmp_path / "judge.py").write_text(source, encoding="utf-8")
    with pytest.raises(Refused, match=rf"a name: its text stands {count} times in judge\.py, not once: mend the table"):
        Weakening("a name", "a mistake", "judge.py", "x = 1", "x = 2").apply(tmp_path)


def test_a_text_that_is_there_once_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "judge.py").write_text("x = 1\ny = 2\n", encoding="utf-8")
    Weakening("a name", "a mistake", "judge.py", "x = 1", "x = 2").apply(tmp_path)
    assert (tmp_path / "judge.py").read_text(encoding="utf-8") == "x = 2\ny = 2\n"


def test_two_weakenings_of_one_name_are_refused(tmp_path: Path) -> None:
    entry = '[[weakening]]\nname = "a name"\nimitates = "m"\nfile = "f"\ntext = "t"\ninstead = "i"\n'
    (tmp_path / "table.toml").write_text(entry * 2, encoding="utf-8")
    with pytest.raises(Refused, match="a name: two weakenings have that name"):
        declared(tmp_path)
