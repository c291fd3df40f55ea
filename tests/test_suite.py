"""What is judged of which approach, and what is expected of one of which nothing is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import scenarios
from conformance import suite
from conformance.approaches.catalogue import catalogue
from conformance.claims.observations import HOLDS, LACKS, State
from conformance.claims.properties import Property, expect, prop
from conformance.errors import UsageError
from scenarios import FAMILIES

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


def test_what_a_mend_is_asked_is_listed_as_asked_of_it() -> None:
    placement = next(prop for prop in suite.properties() if prop.id == "P2-13")
    assert suite.asked_of(placement) == ["dood", "dind", "dind-cgroupns", "dind-cgroup-parent"]
    assert set(suite.asked_of(next(prop for prop in suite.properties() if prop.id == "P2-05"))) == {"dood", "dind"}


def declared(**more: Any) -> Property:
    """Return a property of which the article says something of DinD, and we something of cgroup v2."""
    lacks = expect("dind", LACKS, because="the engine escapes", see="runc", cgroup="v2")
    decorate = prop(
        "P2-13.toy", "a sentence", predicts={"dind": HOLDS, "dood": LACKS}, legs=("foreground",), **{"expects": (lacks,), **more}
    )
    return decorate(lambda _: HOLDS)


@pytest.mark.parametrize(
    ("cgroup", "state", "why"), [("v1", State.HOLDS, "the article"), ("v2", State.LACKS, "the engine escapes")]
)
def test_of_an_approach_of_which_nothing_is_said_the_same_is_expected_as_of_what_it_is_like(
    cgroup: str, state: State, why: str
) -> None:
    expected, because = declared().expected("toy", "foreground", {"cgroup": cgroup}, like="dind")
    assert expected is state
    assert because.startswith("as of dind, which it is like: ")
    assert why in because


def test_what_is_said_of_it_comes_first() -> None:
    ours = declared(expects=(expect("toy", HOLDS, because="it is mended", see="us"), *declared().expects))
    assert ours.expected("toy", "foreground", {"cgroup": "v2"}, like="dind") == (State.HOLDS, "it is mended (us)")
    assert ours.expected("toy", "foreground", {"cgroup": "v2"}) == (State.HOLDS, "it is mended (us)")
    assert declared().expected("toy", "foreground", {"cgroup": "v2"})[0] is None


@pytest.mark.parametrize(
    ("left_out", "sentence"),
    [
        ("dood.yaml", r"catalogue\.yaml has dood, and there is no approaches/dood\.yaml"),
        ("catalogue.yaml", r"approaches/dood\.yaml has no entry in approaches/catalogue\.yaml"),
    ],
)
def test_a_manifest_and_its_entry_are_there_together(
    left_out: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "approaches"
    folder.mkdir()
    entry = "dood: {title: X, client: docker-cmds, daemon: '', port: 0, granted: []}\n"
    (folder / "catalogue.yaml").write_text(entry if left_out != "catalogue.yaml" else "{}\n", encoding="utf-8")
    if left_out != "dood.yaml":
        (folder / "dood.yaml").write_text(catalogue()["dood"].text, encoding="utf-8")
    monkeypatch.setattr("conformance.approaches.catalogue.resources.files", lambda _: tmp_path)
    with pytest.raises(UsageError, match=sentence):
        catalogue.__wrapped__()


def test_every_module_of_scenarios_is_in_a_family() -> None:
    listed = {part for family in FAMILIES for part in (family, *getattr(family, "PARTS", ()))}
    files = {Path(str(module.__file__)).resolve() for module in listed}
    shared = {SCENARIOS / "__init__.py", SCENARIOS / "resources" / "reading.py"}
    for path in sorted({*SCENARIOS.rglob("*.py")} - files - shared):
        name = path.relative_to(SCENARIOS)
        pytest.fail(f"scenarios/{name} is in no family: name it in scenarios/__init__.py, or in its package's PARTS")
