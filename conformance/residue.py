"""What a run left on a node: the difference of two inventories, each survivor tied to whoever it is known to be of."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from attrs import evolve, frozen

from conformance.cluster import Object
from conformance.evidence import SECOND
from conformance.leases import run_of
from conformance.plan import nonce_prefix
from conformance.probes.inventory import difference
from conformance.record import Line, Record
from conformance.rig import container_ids


@frozen
class Owners:
    """What the names of survivors hold, and whose it is: this run's legs, and other runs at work at the same time."""

    legs: Mapping[str, str]
    others: Mapping[str, str]
    runs: frozenset[str]

    @classmethod
    def of(cls, run: str, seen: Record, others: Collection[str], pods: list[Object], made: list[Object]) -> Owners:
        """Tell by namespace, pod uid, container id and nonce.

        `pods` are those of all runs that are there now, `made` is what carries a nonce on the nodes' engines (id, nonce).
        """
        here = {leg["namespace"] + "_": leg["leg"] for leg in seen.legs}
        for one in seen.evidence:
            if one.name.removeprefix(SECOND) in ("pod", "registry"):
                here[one.output["metadata"]["uid"]] = one.leg
        there = {nonce_prefix(other): f"run {other}" for other in others}
        for pod in pods:
            if (owner := run_of(pod)) != run:
                there[pod["metadata"]["uid"]] = f"run {owner}"
                there |= dict.fromkeys(container_ids(pod).values(), f"run {owner}")
        for thing in made:
            owner = next((other for other in others if thing["nonce"].startswith(nonce_prefix(other))), "")
            there |= {thing["id"]: f"run {owner}"} if owner else {}
        return cls(here, there, frozenset(others))

    def and_of(self, pods: Mapping[str, str]) -> Owners:
        """Give the same owners, with this run's pods that are of no leg: uid -> what the pod is."""
        return evolve(self, legs={**self.legs, **pods})

    def of_another(self, name: str) -> bool:
        """Say whether a survivor is known to be another run's."""
        return any(mark in name for mark in self.others)

    def legs_of(self, name: str) -> list[str]:
        """Give the legs of this run, or its pods without one, that a survivor is known to be of."""
        return sorted({leg for mark, leg in self.legs.items() if mark in name})


def waiting_for(before: dict[str, list[str]], after: dict[str, list[str]], owners: Owners) -> list[str]:
    """Give the pod directories of this run's pods that kubelet has not removed yet."""
    return [name for name in difference(before, after).get("pod directories", []) if owners.legs_of(name)]


def ledger(node: str, before: dict[str, list[str]], after: dict[str, list[str]], owners: Owners) -> list[Line]:
    """Give the record's lines, one for each kind of thing. What is known to be another run's is none of ours."""
    found = []
    for what, names in difference(before, after).items():
        left = [name for name in names if not owners.of_another(name)]
        if not left:
            continue
        attributed = ", ".join(sorted({leg for name in left for leg in owners.legs_of(name)}))
        if not attributed and owners.runs:
            attributed = f"not told apart from what run {', '.join(sorted(owners.runs))} does at the same time"
        found.append({"kind": "residue", "node": node, "what": what, "left": left, "attributed": attributed})
    return found
