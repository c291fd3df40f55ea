"""A run's plan: what the controller decides once and hands to every pytest process, and which cells there are."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from attrs import asdict, frozen

from conformance.article import CLAIMS, Claim
from conformance.choices import LEVELS
from conformance.claims import Family, Property, families
from conformance.cluster import Cluster, Object
from conformance.leases import RUN_LABEL
from conformance.legs import KINDS, PRINTED_PORT, Approach, Leg, catalogue
from conformance.probes.node import NodeProbe
from conformance.record import Line, leg_name


@frozen
class Plan:
    """Everything a process needs to run its legs.

    Holds the probes' token: kept in the run's folder with mode 0600, and removed when the run ends.
    """

    run: str
    kubeconfig: str
    context: str
    namespace: str
    token: str
    addresses: dict[str, str]
    leg_node: str
    rate: float
    """What an hour of one CPU costs, in USD."""
    pin: bool
    world: dict[str, Any]
    first_port: int
    folder: str
    images: dict[str, str]
    """Public name of an image -> the reference to use in its place, where the user gave one."""
    unavailable: dict[str, str]
    """Approach -> why it cannot be had in this world."""

    def write(self, path: Path) -> None:
        """Write it where the processes will read it."""
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Plan:
        """Read what `write` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def cluster(self) -> Cluster:
        """Return the cluster, with this run's name as its user agent."""
        return Cluster(Path(self.kubeconfig) if self.kubeconfig else None, f"conformance/{self.run}", self.context)

    def probes(self, cluster: Cluster) -> dict[str, NodeProbe]:
        """Return the probe of every node."""
        return {node: NodeProbe(cluster, self.namespace, self.run, node, self.token) for node in self.addresses}

    def pod_a(self) -> Object:
        """Return the run's Pod A, the article's first figure, beside the probes: what a network does without any Docker."""
        pod = self.leg(catalogue()[BASELINE], "plain", 0, BASELINE).pod()
        pod["metadata"] = {"name": f"{BASELINE}-{self.run}", "namespace": self.namespace, "labels": {RUN_LABEL: self.run}}
        return pod

    def leg(self, approach: Approach, kind: str, order: int, nonce: str, repeat: int = 1) -> Leg:
        """Return a leg of this run. `order` sets its published ports apart from every other leg's."""
        node = self.leg_node if self.pin else ""
        port = PRINTED_PORT if approach.marks_image else self.first_port + PORTS_A_LEG * order
        return Leg(self.run, approach, KINDS[kind], f"{nonce_prefix(self.run)}{nonce}", port, node, self.images, repeat)


BASELINE = "pod"
"""The approach that is none: the article's Pod A."""
PORTS_A_LEG = 4
"""A leg's child, its twin's, and two that its readings may publish."""


def nonce_prefix(run: str) -> str:
    """Return what every nonce of a run begins with."""
    return f"conformance-{run}-"


def run_of(nonce: str) -> str:
    """Return the run that made a nonce."""
    return nonce.removeprefix("conformance-").partition("-")[0]


@frozen
class Cell:
    """One thing to be judged: a property, on an approach, on a kind of leg."""

    family: Family
    prop: Property
    approach: str
    kind: str
    repeat: int = 1

    @property
    def leg(self) -> str:
        """Return the leg's name."""
        return leg_name(self.approach, self.kind, self.repeat)

    @property
    def name(self) -> str:
        """Return the test's name, e.g. 'P2-10[dind.detached]'."""
        return f"{self.prop.id}[{self.leg}]"


def cells(level: str, approaches: list[str], repeats: int = 1) -> list[Cell]:
    """Return every cell up to a level (core < article < extended), in the order of the report, repeat after repeat."""
    allowed = LEVELS[: LEVELS.index(level) + 1]
    asked = {name for name, approach in catalogue().items() if approach.level in allowed}
    return [
        Cell(family, one, approach, kind, repeat)
        for repeat in range(1, repeats + 1)
        for family in families()
        for one in family.properties
        if one.level in allowed
        for approach in approaches
        if approach in one.approaches and approach in asked
        for kind in one.legs
    ]


def claim_lines(level: str, selected: Iterable[Cell]) -> list[Line]:
    """Return, for the record's header, every claim of the article, and why this run does not judge it, or a part of it."""
    judged = {cell.prop.id for cell in selected}
    parts = {claim: [one.id for one in properties() if one.claim == claim] for claim in CLAIMS}
    return [
        {
            "id": claim.id,
            "says": claim.says,
            "source": claim.source,
            "unjudged": "" if judged & set(parts[claim.id]) else unjudged(claim, level),
            "left_out": [one for one in parts[claim.id] if one not in judged],
        }
        for claim in CLAIMS.values()
    ]


def unjudged(claim: Claim, level: str) -> str:
    """Return why a claim of which no property was selected at a level is not judged."""
    levels = sorted({one.level for one in properties() if one.claim == claim.id}, key=LEVELS.index)
    if not levels:
        return f"no property judges it; it needs {claim.needs}" if claim.needs else "no property judges it"
    if LEVELS.index(levels[0]) > LEVELS.index(level):
        return f"its level is {levels[0]}; this run judged {level}"
    return "-k left it out"


def properties() -> list[Property]:
    """Return every property of every family, in the order of the report."""
    return [one for family in families() for one in family.properties]
