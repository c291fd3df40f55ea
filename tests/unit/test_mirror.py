"""Tests mirror the source: a module's tests are found where the module is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import ROOT

OF_ITS_OWN = {
    "scenarios/test_judges.py": "every judge of every family, on the recorded run",
    "unit/check/test_examples.py": "every file of examples/",
    "unit/report/test_hostile.py": "every output of a report, each as hostile",
    "unit/test_installed.py": "the wheel, as pip installs it",
    "unit/test_layers.py": "the imports of every module",
    "unit/test_mirror.py": "the tests",
    "unit/test_voice.py": "the words of the code and of its documentation",
    "unit/test_workflow.py": ".github, action.yml and .ci/run",
}
"""Tests of no module, and of what they are."""
MODULES = sorted(file for folder in ("unit", "scenarios") for file in (ROOT / "tests" / folder).rglob("test_*.py"))


def has_source(module: Path) -> bool:
    """Return whether there is a module, or a package, in the place that a test module has in the tests."""
    kind, *folders = module.relative_to(ROOT / "tests").parent.parts
    top = [kind] if kind == "scenarios" else [] if folders[:1] == ["hack"] else ["conformance"]
    source = ROOT.joinpath(*top, *folders, module.stem.removeprefix("test_"))
    return source.with_suffix(".py").is_file() or (source / "__init__.py").is_file()


@pytest.mark.parametrize("name", [module.relative_to(ROOT / "tests").as_posix() for module in MODULES])
def test_a_module_of_tests_has_the_place_of_its_source(name: str) -> None:
    """A test of several modules goes to the one whose result it looks at."""
    assert has_source(ROOT / "tests" / name) != (name in OF_ITS_OWN), f"tests/{name}: move it to its source, or say of what it is"


def test_what_is_of_its_own_is_there_and_nothing_lies_beside_the_folders() -> None:
    assert {ROOT / "tests" / name for name in OF_ITS_OWN} <= set(MODULES)
    assert [file.name for file in (ROOT / "tests").glob("test_*.py")] == []
