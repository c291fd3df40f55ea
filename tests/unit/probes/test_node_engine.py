"""What is found and removed on a node's engine."""

from __future__ import annotations

import json
from typing import Any

from conformance.legs import naming
from conformance.probes import node_engine
from tests.builders.engine import HERE, OURS, Engine


def test_a_sweep_removes_a_runs_things_in_order_and_nothing_else() -> None:
    engine: Any = Engine()
    assert [thing["nonce"] for thing in node_engine.remove_by_nonce(engine, "conformance-0f0f0f0f-dood-detached-1")] == []
    assert [thing["id"] for thing in node_engine.remove_by_nonce(engine, naming.nonce_prefix(HERE))] == OURS == engine.removed
    assert node_engine.remove_by_nonce(engine, naming.nonce_prefix(HERE)) == []


def test_the_volume_of_a_builder_is_known_by_its_name_for_it_has_no_label() -> None:
    engine: Any = Engine()
    names = ["buildx_buildkit_builder-conformance-0f0f0f0f-dood-1-builder0_state", "buildx_buildkit_theirs0_state"]
    names.append("buildx_buildkit_builder-x0_state")  # somebody's own, which he called builder-x
    engine._listed = lambda path: {"Volumes": [{"Name": name, "Labels": None} for name in names]} if path == "/volumes" else []
    assert [(each["id"], each["nonce"]) for each in node_engine.carrying_nonce(engine)] == [
        (names[0], "conformance-0f0f0f0f-dood-1-builder")
    ]


def test_a_container_that_is_being_removed_is_not_a_failure() -> None:
    engine: Any = Engine()
    engine._delete = lambda _: (409, {"message": "removal of container 1 is already in progress"})
    node_engine.remove(engine, {"kind": "container", "id": "1", "nonce": "n"})


def test_rules_are_forgotten_of_spans_that_nobody_publishes_and_containers_are_listed_once() -> None:
    engine: Any = Engine()
    asked: list[str] = []

    def ask(question: str, _: float = 0, **about: Any) -> Any:
        asked.append(question)
        published = [{"Id": "a", "Ports": [{"PublicPort": 20130}, {"PrivatePort": 80}]}, {"Id": "b", "Ports": None}]
        answer = {"status": 200, "body": json.dumps(published)} if question == "daemon" else [f"rule of {about['ports'][0]}"]
        return type("Answer", (), {"output": answer})

    engine.ask = ask
    spans = [range(first, first + 128) for first in (20000, 20128, 20256)]
    assert node_engine.forget_ports(engine, spans) == ["rule of 20000", "rule of 20256"]
    assert asked == ["daemon", "forget_ports", "forget_ports"]


def test_without_an_engine_there_is_nothing_to_sweep() -> None:
    engine: Any = Engine()
    engine.engine = lambda: "FileNotFoundError(2, 'No such file or directory')"
    assert node_engine.remove_by_nonce(engine, "") == []


def test_an_engine_that_writes_null_for_a_list_of_nothing_has_nothing() -> None:
    engine: Any = Engine()
    engine._listed = lambda path: {"Volumes": None, "Warnings": None} if path == "/volumes" else None
    assert node_engine.carrying_nonce(engine) == []
    assert node_engine.forget_ports(engine, []) == []
