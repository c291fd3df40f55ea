"""What a record says of its approaches and of its world, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from conformance.analysis.counting import counted
from conformance.evidence.identity import parsed, product
from conformance.evidence.names import DAEMON, POD
from conformance.record.names import CHECKED
from conformance.record.stream import Record


@frozen
class ReportedApproach:
    """An approach as a record has it: its title and what it is granted from the header, where that is not older."""

    title: str
    granted: Sequence[str]
    spawns: bool
    """Whether it is a way to get containers."""
    stand_ins: Sequence[str]
    """The public names that images of ours stood in for, from the pods that were deployed."""

    @classmethod
    def of(cls, record: Record, name: str) -> ReportedApproach:
        """Return what a record says of an approach."""
        known = record.header.get("approaches", {}).get(name, {})
        readings = [pod.output for pod in record.named(POD) if pod.leg.startswith(f"{name}.")]
        containers = [each for pod in readings if isinstance(pod, dict) for each in pod.get("spec", {}).get("containers", [])]
        used = {word for container in containers for word in (container["image"], *container.get("command", []))}
        stand_ins = sorted(public for public in record.header.get("stand_ins", {}) if public in used)
        return cls(str(known.get("title", name)), known.get("granted") or ["nothing"], bool(known.get("spawns", True)), stand_ins)

    @property
    def place(self) -> str:
        """Return what its line begins with where it has no column: a pod that is no way to get containers is the baseline."""
        return "Beside" if self.spawns else "Baseline"


@frozen
class ReportedWorld:
    """The world of a record in one line, and what stands behind the answer: the kernel's edits, the engines' versions."""

    line: str
    brief: str
    """What decides most of a run: cgroup version, Kubernetes, runtimes, engines, and whether the kernel is one of its own."""
    edits: Mapping[str, str]
    """What was edited in the world's own kernel, and why. The first records had no names, but numbers."""
    engines: Mapping[str, str]
    """The engines that each approach's legs had, as they themselves say."""

    @classmethod
    def of(cls, record: Record) -> ReportedWorld:
        """Return what a record says of its world."""
        world = record.header["world"]
        kernel = world.get("own_kernel") or {}
        edits = kernel.get("edits", {})
        edits = dict(edits) if isinstance(edits, dict) else {str(number): why for number, why in enumerate(edits, 1)}
        own = f" ({kernel['how']}; built from {kernel['source']}, edited: {', '.join(edits)})" if kernel else ""
        line = (
            f"cgroup {world['cgroup']}, Kubernetes {world['kubernetes']}, {world['runtime']}, "
            f"Linux {world['kernel']}{own}, {counted(len(world['nodes']), 'node')}"
            + (f", every limit in time {world['patience']:g} times as long" if world.get("patience", 1) != 1 else "")
        )
        engines = _engines(record)
        return cls(line, _brief(world, kernel, engines), edits, engines)


WHOSE = {"dood": " (dood)", "dind": " (dind)", CHECKED: ""}
"""Approach -> what stands behind its engine's version where that is said in brief; of a check there is one pod."""


def _brief(world: Mapping[str, Any], kernel: Mapping[str, Any], engines: Mapping[str, str]) -> str:
    parts = [
        f"cgroup {world['cgroup']}",
        f"Kubernetes {world['kubernetes']}",
        _version(str(world["runtime"]).replace("://", " ")),
    ]
    parts += [f"runc {_version(world['settings']['runc'])}"] if "runc" in world.get("settings", {}) else []
    parts += [f"{_version(engines[name].partition(' of ')[0])}{whose}" for name, whose in WHOSE.items() if name in engines]
    parts += [f"a kernel of its own ({kernel['how']}, edited)"] if kernel else []
    return ", ".join(parts)


def _version(words: str) -> str:
    """Return a version without what who packed it has added."""
    return words.partition("+")[0]


def _engines(record: Record) -> dict[str, str]:
    versions: dict[str, dict[str, None]] = {}
    for reading in record.named(DAEMON):
        if info := parsed(reading):
            words = f"{product(info)} of {info.get('OperatingSystem')}, storage driver {info.get('Driver')}"
            versions.setdefault(reading.leg.partition(".")[0], {})[words] = None
    return {approach: "; ".join(words) for approach, words in versions.items()}
