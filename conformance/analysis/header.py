"""What a record's header says, in words: approaches, stand-ins, the world, its kernel."""

from __future__ import annotations

from conformance.analysis.summary_table import Cell, sentence
from conformance.record.stream import Line, Record


def title(record: Record, approach: str) -> str:
    """Return an approach's name as people write it."""
    return str(known(record, approach).get("title", approach))


def known(record: Record, approach: str) -> Line:
    """Return what a record's header says of an approach; nothing where that is older."""
    return dict(record.header.get("approaches", {}).get(approach, {}))


def spawns(record: Record, approach: str) -> bool:
    """Return whether an approach is a way to get containers."""
    return bool(known(record, approach).get("spawns", True))


def place(record: Record, approach: str) -> str:
    """Return what the line of an approach with no column begins with: a pod that is no way to get containers is the baseline."""
    return "Beside" if spawns(record, approach) else "Baseline"


def introduced(record: Record, cell: Cell) -> str:
    """Return what stands before the state of a cell of an approach without a column: whose it is, and the family's sentence."""
    return f"{place(record, cell.approach)}, {title(record, cell.approach)}. {sentence(record, cell.family)}"


def stand_ins(record: Record, approach: str) -> list[str]:
    """Return the public names that images of ours stood in for on an approach's cells, from the pods that were deployed."""
    found = [e for e in record.named("pod") if e.leg.startswith(f"{approach}.")]
    pods = [e.output for e in found if isinstance(e.output, dict)]
    used = {container["image"] for pod in pods for container in pod["spec"]["containers"]}
    used |= {argument for pod in pods for container in pod["spec"]["containers"] for argument in container.get("command", [])}
    return sorted(name for name in record.header.get("stand_ins", {}) if name in used)


def world_line(record: Record) -> str:
    """Return the world in one line."""
    world = record.header["world"]
    return (
        f"cgroup {world['cgroup']}, Kubernetes {world['kubernetes']}, {world['runtime']}, "
        f"Linux {world['kernel']}{kernel_made(record)}, {len(world['nodes'])} nodes"
        + (f", every limit in time {world['patience']:g} times as long" if world.get("patience", 1) != 1 else "")
    )


def kernel_made(record: Record) -> str:
    """Say in words how the world's own kernel runs and the names of what was edited in it; nothing where it is the machine's.

    Why each was edited stands with the world, behind the answer.
    """
    made = record.header["world"].get("own_kernel")
    if not made:
        return ""
    return f" ({made['how']}; built from {made['source']}, edited: {', '.join(edits(record))})"


def edits(record: Record) -> dict[str, str]:
    """Return the names of what was edited in the world's own kernel, and why. The first records had no names, but numbers."""
    made = record.header["world"].get("own_kernel", {}).get("edits", {})
    return dict(made) if isinstance(made, dict) else {str(number): why for number, why in enumerate(made, 1)}
