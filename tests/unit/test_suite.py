"""What a run is to judge: cells of legs, the claims of its header, the line of an observation."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import scenarios
from conformance import suite
from conformance.approaches.catalogue import catalogue
from conformance.choices import LEVELS
from conformance.claims.article import CLAIMS, Claim
from conformance.claims.observations import not_applicable
from conformance.errors import UsageError
from conformance.legs.variations import VARIATIONS
from conformance.record import stream
from conformance.suite import cells, declared, observation_line, properties
from scenarios import FAMILIES
from scenarios.resources.reading import MENDS


def test_every_cell_has_a_leg_kind_and_every_leg_a_port() -> None:
    asked_for = suite.cells("extended", list(catalogue()))
    assert asked_for
    assert {cell.variation for cell in asked_for} <= set(VARIATIONS)
    assert len({cell.name for cell in asked_for}) == len(asked_for)
    assert {cell.prop.level for cell in suite.cells("core", ["dood"])} == {"core"}
    asked = {level: {cell.approach for cell in suite.cells(level, ["dind", *MENDS])} for level in ("core", "article")}
    assert asked == {"core": {"dind"}, "article": {"dind", *MENDS}}, "a mend is deployed from its own level on"


@pytest.mark.parametrize("strict", [False, True])
def test_where_a_property_cannot_be_asked_nothing_else_is_expected(strict: bool) -> None:
    line = observation_line(cells("core", ["dood"])[0], not_applicable("no Docker Engine"), {"cgroup": "hybrid"}, strict=strict)
    assert line["as_expected"]
    stream.check(line)


def why(level: str, cells: list[suite.Cell]) -> dict[str, str]:
    return {line["id"]: line["unjudged"] for line in suite.claim_lines(level, cells)}


def test_the_header_has_every_claim_and_why_it_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    judged, deaf = (prop for prop in suite.properties() if prop.id in ("P2-08", "P2-10.deaf"))
    monkeypatch.setattr("conformance.suite.properties", lambda: [judged, deaf])
    monkeypatch.setitem(CLAIMS, "P2-25", Claim("P2-25", "it is reliable", "Part 2, Summary", "many runs"))
    monkeypatch.setitem(CLAIMS, "P2-24", Claim("P2-24", "it is cheap", "Part 2, Summary"))
    cells = [cell for cell in suite.cells("core", ["dind"]) if cell.prop.id == "P2-08"]
    unjudged = why("core", cells)
    assert list(unjudged) == list(CLAIMS)
    assert unjudged["P2-08"] == ""
    assert unjudged["P2-10"] == "its level is article; this run judged core"
    assert unjudged["P2-24"] == "no property judges it"
    assert unjudged["P2-25"] == "no property judges it; it needs many runs"
    assert why("core", [])["P2-08"] == why("article", cells)["P2-10"] == "-k left it out"


def test_the_header_names_what_was_left_out_of_a_claim() -> None:
    cells = [cell for cell in suite.cells("core", ["dind"]) if cell.prop.id == "P2-13.cpu"]
    line = {line["id"]: line for line in suite.claim_lines("core", cells)}["P2-13"]
    assert line["unjudged"] == ""
    assert "P2-13.cpu" not in line["left_out"]
    assert {"P2-13", "P2-13.memory"} <= set(line["left_out"])


SCENARIOS = Path(scenarios.__file__).parent


@pytest.fixture
def also(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that adds an approach to the catalogue: Docker in the pod with other lines beside its manifest."""

    def add(name: str, **lines: Any) -> None:
        approaches = {**catalogue(), name: evolve(catalogue()["dind"], name=name, **lines)}
        monkeypatch.setattr("conformance.suite.catalogue", lambda: approaches)

    return add


def names(approach: str) -> set[str]:
    """Return the families of which an approach is asked."""
    return {cell.family.name for cell in suite.cells("extended", [approach])}


def test_an_approach_is_judged_by_what_it_is_like(also: Callable[..., None]) -> None:
    also("toy", like="dind", families=("resources", "lifecycle"))
    assert names("toy") == {"resources", "lifecycle"}
    assert {cell.prop.id for cell in suite.cells("extended", ["toy"])} == {
        cell.prop.id for cell in suite.cells("extended", ["dind"]) if cell.family.name in ("resources", "lifecycle")
    }


@pytest.mark.parametrize(
    "lines", [{}, {"like": "dind"}, {"like": "dind", "families": ("baseline",)}, {"families": ("resources",)}]
)
def test_an_approach_that_nothing_judges_is_refused(also: Callable[..., None], lines: dict[str, Any]) -> None:
    also("toy", **lines)
    with pytest.raises(UsageError, match=r"nothing judges toy.*`like`.*`families`"):
        suite.cells("core", ["dood"])


def test_a_family_that_there_is_not_is_refused(also: Callable[..., None]) -> None:
    also("toy", like="dind", families=("resurces",))
    with pytest.raises(UsageError, match=r"toy is judged in resurces, which is no family.*resources"):
        suite.cells("core", ["dood"])


def test_an_approach_that_it_is_like_must_be_there(also: Callable[..., None]) -> None:
    also("toy", like="dnid", families=("resources",))
    with pytest.raises(UsageError, match="toy is like dnid, which is no approach"):
        suite.cells("core", ["dood"])


def test_what_a_mend_is_asked_is_listed_as_asked_of_it() -> None:
    placement = next(prop for prop in suite.properties() if prop.id == "P2-13")
    assert suite.asked_of(placement) == [
        "dood",
        "dind",
        *(name for name, each in catalogue().items() if each.like and (not each.families or "resources" in each.families)),
    ]
    loopback, printed = (next(prop for prop in suite.properties() if prop.id == name) for name in ("P2-05", "P2-10.printed"))
    assert {"dood", "dind", "dind-cgroupns", "dind-sidecar"} <= set(suite.asked_of(loopback)), "the matrix asks all the same"
    assert set(suite.asked_of(printed)) == {"article-dood"}


def test_of_whom_a_property_is_said_to_be_asked_it_is_asked() -> None:
    asked = {(cell.prop.id, cell.approach) for cell in suite.every_cell()}
    assert {(prop.id, name) for prop in suite.properties() for name in suite.asked_of(prop)} == asked


def test_the_matrix_asks_every_approach_what_decides_between_them() -> None:
    asked = suite.cells("matrix", list(catalogue()))
    of = {name: {cell.prop.id for cell in asked if cell.approach == name} for name in catalogue()}
    assert {name for name, props in of.items() if props} == {
        name for name, each in catalogue().items() if each.proven or each.level == "matrix"
    }
    assert not {cell.variation for cell in asked} & {*suite.LEFT_OUT}
    assert {*suite.LEFT_OUT} <= {cell.variation for cell in suite.every_cell()}
    free = [name for name, each in catalogue().items() if each.like == "dind" and not (each.families and each.level == "matrix")]
    assert {"dind-cgroupns", "dind-sidecar"} <= {*free}
    assert all(of[name] == of["dind"] for name in free), "whatever their families are at their own level"
    assert {cell.family.name for cell in asked if catalogue()[cell.approach].proven} == {*suite.DECIDING}
    assert {"builds", "build_steps"} <= {cell.family.name for cell in asked if cell.approach == "buildkitd"}, "all that it names"
    assert of["dind-per-node"] < of["dood"], "one that the matrix alone deploys is asked the families that it names"


def test_a_claim_that_the_matrix_does_not_ask_names_the_level_that_does() -> None:
    unjudged = why("matrix", [cell for cell in suite.cells("matrix", ["dind"]) if cell.prop.id == "P2-13"])
    assert unjudged["P2-07"] == "the matrix does not ask it; --level article does"
    assert unjudged["P2-10"] == "-k left it out"


def test_what_the_matrix_alone_deploys_is_deployed_at_no_level() -> None:
    sidecar = "dind-sidecar"
    assert sidecar in {cell.approach for cell in suite.every_cell()}
    assert not [cell for level in LEVELS for cell in suite.cells(level, list(catalogue())) if cell.approach == sidecar]


def test_a_builder_without_an_engine_is_in_the_place_of_buildkit_in_one() -> None:
    asked = suite.cells("matrix", ["buildkitd"])
    assert {VARIATIONS[cell.variation].builder for cell in asked} == {"", "buildkit"}
    assert "engine-killed" not in {cell.variation for cell in suite.cells("extended", ["buildah-chroot"])}, "it has no daemon"
    assert {cell.variation for cell in asked} >= {"buildkit", "buildkit-forced", "buildkit-laden", "engine-killed", "reuse"}


def test_every_module_of_scenarios_is_in_a_family() -> None:
    listed = {part for family in FAMILIES for part in (family, *getattr(family, "PARTS", ()))}
    files = {Path(str(module.__file__)).resolve() for module in listed}
    shared = {SCENARIOS / "__init__.py", *SCENARIOS.glob("*/reading.py")}
    for path in sorted({*SCENARIOS.rglob("*.py")} - files - shared):
        name = path.relative_to(SCENARIOS)
        pytest.fail(f"scenarios/{name} is in no family: name it in scenarios/__init__.py, or in its package's PARTS")


def test_every_property_is_in_a_family() -> None:
    modules = [importlib.import_module(module.name) for module in pkgutil.walk_packages(scenarios.__path__, "scenarios.")]
    assert sorted(prop.id for module in modules for prop in declared(module)) == sorted(prop.id for prop in properties())


def test_a_control_is_held_against_its_vector_even_where_a_judge_says_that_it_cannot_be_asked() -> None:
    """Or a suite that has gone blind would pass."""
    cell = next(cell for cell in suite.control_cells() if cell.name == "P2-15[nc-01.foreground-forced]")
    blind = suite.observation_line(cell, not_applicable("no engine", "e#1"), {"cgroup": "hybrid"}, strict=False)
    assert (blind["expected"], blind["as_expected"]) == ("LACKS", False)
    undeployed = suite.observation_line(cell, not_applicable("no node has an engine"), {"cgroup": "hybrid"}, strict=False)
    assert undeployed["as_expected"]
