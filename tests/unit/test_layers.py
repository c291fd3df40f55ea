"""Imports run down one list: a module takes only from what stands above it, and no two take from one another."""

from __future__ import annotations

import ast
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.conftest import ROOT

LAYERS = (
    *("errors", "timeouts", "wait", "answers", "choices", "images"),
    *("cluster", "evidence", "claims", "record", "approaches", "controls", "probes", "legs", "check", "world", "cleanup"),
    *("analysis", "report"),
    *("scenarios", "suite", "explain", "run", "options", "reading", "cli", "in_pod"),
)
"""Folders and modules of conformance/, and scenarios/, from the ground up: each may import what stands before it, and itself."""
LONGEST = 400
"""Lines of a module: one that has more does several things."""


def modules() -> dict[str, Path]:
    """Return every module by its dotted name, without those that go into an image."""
    files = [path for top in ("conformance", "scenarios") for path in sorted((ROOT / top).rglob("*.py"))]
    ours = [path.relative_to(ROOT) for path in files if "build" not in path.relative_to(ROOT).parts[:3]]
    return {".".join(path.with_suffix("").parts).removesuffix(".__init__"): ROOT / path for path in ours}


MODULES = modules()


@cache
def imported(name: str) -> set[str]:
    """Return what a module imports, wherever in it, also in a command's body."""
    named: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name}: a relative import"
            module = str(node.module)
            named |= {full if (full := f"{module}.{alias.name}") in MODULES else module for alias in node.names}
    return named


def taken(name: str) -> set[str]:
    """Return the modules of ours that a module imports."""
    return imported(name) & MODULES.keys() - {name}


def layer(name: str) -> str:
    """Return the layer of a module: its folder in conformance/, or its name there."""
    first, _, rest = name.partition(".")
    return rest.partition(".")[0] if first == "conformance" else first


@pytest.mark.parametrize("name", [name for name in MODULES if layer(name)])
def test_imports_run_down(name: str) -> None:
    """docs/architecture.md, Modules. A new folder has a place in the list, or this fails."""
    up = [other for other in taken(name) if LAYERS.index(layer(other)) > LAYERS.index(layer(name))]
    assert not up, f"{name} imports {up}, which stands above it: docs/architecture.md has the order"


AGENT = "conformance.probes.agent"


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith(AGENT)])
def test_the_agent_imports_what_every_node_has(name: str) -> None:
    """Its archive runs on the Python of a probe's image."""
    others = {other for other in imported(name) if not other.startswith(AGENT)}
    others = {other for other in others if other.partition(".")[0] not in sys.stdlib_module_names}
    assert not others, f"{name} imports {others}: the archive has neither what is installed nor the rest of this project"


def test_no_module_imports_itself_by_way_of_others() -> None:
    """A circle of modules is one module in several files."""
    try:
        TopologicalSorter({name: taken(name) for name in MODULES}).prepare()
    except CycleError as circle:
        pytest.fail(f"a circle of imports: {' -> '.join(circle.args[1])}")


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_short(name: str) -> None:
    """What is longer is split along its seams."""
    lines = len(MODULES[name].read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST, f"{name} has {lines} lines, at most {LONGEST} are read in one go"


def test_the_list_has_no_place_for_what_is_not_there() -> None:
    """Every layer has a module."""
    assert {layer(name) for name in MODULES} - {""} == set(LAYERS)
