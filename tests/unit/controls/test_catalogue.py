"""The controls: each a manifest of its own, with a mistake, and a vector that knows what must be observed."""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.analysis.noticed import Noticed
from conformance.approaches.catalogue import catalogue as approaches
from conformance.approaches.catalogue import container
from conformance.claims.observations import State
from conformance.controls import catalogue
from conformance.controls.catalogue import Control, approach_of, controls, run_by
from conformance.controls.letters import LETTERS
from conformance.errors import UsageError
from conformance.record import stream
from conformance.run.sources import Replay
from conformance.suite import control_cells
from tests.conftest import RECORDED, recorded_lines

CONTROLS = RECORDED.with_name("controls-hybrid.jsonl.xz")

RUN = pytest.mark.parametrize("control", run_by(), ids=lambda control: control.name)


def test_the_29_controls_of_the_report_and_those_that_came_after_are_there() -> None:
    numbers = {int(name.split("-")[1]) for name in controls()}
    assert set(range(1, 36)) <= numbers
    for control in controls().values():
        assert control.mistake.endswith("."), control.name
        assert bool(control.not_run) == (control.approach is None), control.name


@RUN
def test_a_control_is_no_approach_under_another_name(control: Control) -> None:
    known = [spec(approach.manifest) for approach in approaches().values()]
    assert control.approach
    differs = control.approach.beside or control.approach.daemon == ""  # by what stands beside the pod, or by how it is filed
    assert spec(control.approach.manifest) not in known or differs, control.name


def test_no_two_controls_are_the_same_leg() -> None:
    legs = {each.name: leg_of(each) for each in run_by()}
    assert [pair for pair in itertools.combinations(legs, 2) if legs[pair[0]] == legs[pair[1]]] == []


def leg_of(control: Control) -> Any:
    assert control.approach
    variations = {part.variation for part, _ in control.parts().values()}
    return spec(control.approach.manifest), control.approach.beside, control.approach.daemon, variations


def spec(manifest: dict[str, Any]) -> Any:
    return manifest["spec"]


@RUN
def test_what_a_control_asks_is_a_vector_in_every_world(control: Control) -> None:
    for cgroup in ("hybrid", "v2"):
        asked = control.parts(cgroup)
        assert asked
        for part, symbol in asked.values():
            assert control.expected(part.prop, part.variation, cgroup) is part.state(symbol)
    assert control.expected("P2-99", "foreground", "v2") is None


def test_every_letter_is_broken_by_a_control_and_kept_by_another() -> None:
    for name, letter in LETTERS.items():
        symbols = {symbol for control in run_by() for part, (_, symbol) in control.parts("hybrid").items() if part[0] == name}
        assert "F" in symbols, f"no control breaks {name}: {letter.says}"
        assert "P" in symbols, f"no control keeps {name}: {letter.says}"


def test_a_world_has_its_own_word_of_a_control() -> None:
    engine = controls()["nc-21"]
    assert engine.expected("P2-13", "foreground-forced", "hybrid") is State.HOLDS
    assert engine.expected("P2-13", "foreground-forced", "v2") is State.LACKS


def test_the_legs_of_a_control_are_of_its_manifest() -> None:
    assert approach_of("dind") is approaches()["dind"]
    shared = approach_of("nc-25")
    assert [each["kind"] for each in shared.beside] == ["Pod", "Service"]
    assert container(approach_of("nc-23").manifest, "dind-daemon")["restartPolicy"] == "Always"
    with pytest.raises(KeyError):
        approach_of("nc-11")


ENTRY: dict[str, Any] = {"title": "X", "mistake": "It is believed.", "client": "c", "daemon": "", "port": 0, "granted": []}
MANIFEST = "spec: {containers: [{name: c, command: [docker, run], env: [{name: NONCE}, {name: PORT}]}]}\n"


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({**ENTRY, "vector": {"Q": "P"}}, "x is not whole: 'Q'"),
        ({**ENTRY}, "x has no vector"),
        ({**ENTRY, "vector": {"L": "P"}, "worlds": {"v3": {"L": "F"}}}, "x speaks of 'v3'"),
        ({**{k: v for k, v in ENTRY.items() if k != "mistake"}, "vector": {"L": "P"}}, "x is not whole"),
        ({**ENTRY, "vector": {"L": "P"}, "client": "d"}, "has a container 'd'"),
        (None, "x is not whole"),
    ],
)
def test_an_entry_that_is_not_whole_is_refused(
    entry: Any, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "controls"
    folder.mkdir()
    (folder / "x.yaml").write_text(MANIFEST, encoding="utf-8")
    (folder / "catalogue.yaml").write_text(yaml.safe_dump({"x": entry}), encoding="utf-8")
    monkeypatch.setattr("conformance.approaches.catalogue.resources.files", lambda _: tmp_path)
    with pytest.raises(UsageError, match=sentence):
        catalogue.controls.__wrapped__()


@cache
def recorded() -> stream.Record:
    """Return the record of a selfcheck."""
    return stream.of(recorded_lines(CONTROLS))


@RUN
def test_what_was_recorded_of_a_control_is_judged_as_its_vector_says(control: Control) -> None:
    """Whoever weakens a judge is told by the leg that is there for the mistake."""
    replay, cgroup = Replay(recorded()), recorded().header["world"]["cgroup"]
    cells = [cell for cell in control_cells() if cell.approach == control.name]
    assert len(cells) == len(control.parts(cgroup))
    for cell in cells:
        seen = replay.observe(cell)
        assert seen.state is control.expected(cell.prop.id, cell.variation, cgroup), f"{cell.name}: {seen.reason}"


def test_every_letter_was_seen_to_be_broken() -> None:
    read = Noticed.of(recorded())
    assert read
    assert read.headline.startswith(f"{len(run_by())} of {len(run_by())} controls are what they were built to be")
    broken = {part.name for control in read.controls for part in control.parts if part.broken}
    assert {name.partition(".")[0] for name in broken} == set(LETTERS)
