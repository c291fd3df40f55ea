"""Evidence made by hand, shaped like a real run's, and evidence that a test puts in the place of what a leg was seen to be."""

from __future__ import annotations

import itertools
import json
from typing import Any

from conformance.claims.observations import Observation
from conformance.evidence.items import Evidence, Seen
from conformance.suite import families

PROPERTIES = {prop.id: prop for family in families() for prop in family.properties}


def given(seen: Seen, name: str, *outputs: Any, asked: Any = None, each: list[Any] | None = None) -> Seen:
    """Return the evidence with these readings in the place of all of that name; `each` is what each of them was asked."""
    others = [reading for reading in seen if reading.name != name]
    questions = each or [asked] * len(outputs)
    readings = [
        Evidence(f"{name}#{number}", "made", name, "made", question, output)
        for number, (question, output) in enumerate(zip(questions, outputs, strict=True))
    ]
    return Seen([*others, *readings])


def conclude(name: str, seen: Seen) -> Observation:
    """Judge the evidence for a property."""
    return PROPERTIES[name].conclude(seen)


NUMBERS = itertools.count(1)
CONTAINER = "c" * 64
ALL, FEW = "000001ffffffffff", "00000000a80425fb"
"""The effective capabilities of a privileged container and of an ordinary one."""


def reading(name: str, output: Any, asked: Any = None) -> Evidence:
    """Return a reading."""
    return Evidence(f"leg#{next(NUMBERS)}", "leg", name, "node a-node", asked or {}, output)


def answer(name: str, body: Any, status: int = 200) -> Evidence:
    """Return a daemon's answer."""
    return reading(name, {"status": status, "body": json.dumps(body), "lost": ""})


def ran(name: str, code: int | None = 0, stderr: str = "", stdout: str = "") -> Evidence:
    """Return a program that the client's container ran."""
    return reading(name, {"exit": code, "stdout": stdout, "stderr": stderr, "seconds": 0.2})


def process(pid: int = 100, capabilities: str = FEW, container: str = CONTAINER) -> dict[str, Any]:
    """Return the first process of a container, as the node describes it."""
    return {"pid": pid, "start": 7, "nspid": [pid, 1], "cgroup": f"1:cpu:/docker/{container}\n", "capabilities": capabilities}


def labelled(*nonces: str, **more: Any) -> list[dict[str, Any]]:
    """Return a daemon's list of things that carry these nonces."""
    return [{"Id": CONTAINER, "State": "running", "Labels": {"conformance.nonce": nonce}, **more} for nonce in nonces]


def proven(nonce: str, daemon: str = "D1", node: str = "a-node", prefix: str = "") -> list[Evidence]:
    """Return what proves a pod's child to be one; `prefix` is "second " for a leg's second pod."""
    page = {"outcome": "served", "body": nonce}
    return [
        reading(f"{prefix}child", {"seen": "serving", "page": page, "process": process()}, {"nonce": nonce}),
        answer(f"{prefix}daemon", {"ID": daemon}),
        answer(f"{prefix}inspect", {"Id": CONTAINER, "Config": {"Env": [f"CHILD_NONCE={nonce}"]}}),
        reading(f"{prefix}pod", {"metadata": {"uid": "u1"}, "spec": {"nodeName": node}, "status": {}}),
    ]
