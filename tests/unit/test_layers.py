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
    *("errors", "timeouts", "interrupts", "wait", "answers", "choices", "images"),
    *("cluster", "evidence", "claims", "record", "approaches", "controls", "probes", "legs", "check", "world", "cleanup"),
    *("analysis", "report"),
    *("scenarios", "suite", "explain", "run", "options", "reading", "cli", "in_pod"),
)
"""Folders and modules of conformance/, and scenarios/, from the ground up: each may import what stands before it, and itself."""
LONGEST = 400
"""Lines of a module: one that has more does several things."""

MEMBERS = 12
"""Fields, or methods, of a class: one that has more of either does several things, or says here what is the one."""
DOES_ONE_THING = {
    "conformance.timeouts.Timeouts": "a table: every limit in time",
    "conformance.approaches.catalogue.Approach": "a table's row: a field for each of an entry of the catalogue",
    "conformance.legs.variations.Variation": "a table's row: a field for each thing that is varied",
    "conformance.claims.properties.Property": "a declaration: a field for each argument of `@prop`",
    "conformance.run.header.Asked": "what a command was given: a field for each option",
    "conformance.run.plan.Plan": "a file's content: what a run decides once and its processes read",
    "conformance.analysis.summary.Summary": "a field for each part of a report, each worked out by a module of its own",
    "conformance.analysis.findings.Finding": "a sentence on one property: a method for each part of it",
    "conformance.analysis.measured_leg.Measured": "a leg that was measured: a method for each number that is had of it",
    "conformance.cluster.api.Cluster": "the API server: a method for each kind of request",
    "conformance.legs.leg.Leg": "what a deployment is called, and its manifest: all of it follows from its fields",
    "conformance.record.stream.Record": "a record as read: a method for each way to look something up in it",
    "conformance.legs.runner.LegRunner": "the way of a leg: a method for each part of it, in their order",
}
"""Class -> the one thing that a class does which has more."""


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


def members(of: ast.ClassDef) -> tuple[set[str], set[str]]:
    """Return the names of a class's fields, those that its methods set among them, and of its methods and properties."""
    fields = {node.target.id for node in of.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)}
    for node in ast.walk(of):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            fields |= {node.attr} if isinstance(node.value, ast.Name) and node.value.id == "self" else set()
    return fields, {node.name for node in of.body if isinstance(node, ast.FunctionDef)}


def test_a_class_does_one_thing() -> None:
    """What has more fields or methods is split along its seams, or named with the one thing that it does."""
    several = set()
    for name, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and max(map(len, members(node))) > MEMBERS:
                several.add(f"{name}.{node.name}")
    assert several == DOES_ONE_THING.keys(), "split it, or say what its one thing is; who has become small is named no more"


def test_the_list_has_no_place_for_what_is_not_there() -> None:
    """Every layer has a module."""
    assert {layer(name) for name in MODULES} - {""} == set(LAYERS)
