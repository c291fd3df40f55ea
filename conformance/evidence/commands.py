"""What the client of a measured leg noted of its `docker` commands (`legs.variations.NOTING`)."""

from __future__ import annotations

from attrs import frozen

from conformance.cluster.pods import status_of
from conformance.evidence.identity import first_processes
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import NOTES, POD, POD_PROCESSES


@frozen
class Command:
    """One command: when it began (the node's boot clock, in seconds), its first word, and its exit code.

    `code` is None of a `docker run`: what noted it became it.
    """

    began: float
    word: str
    code: int | None = None


def commands(seen: Seen) -> list[Command]:
    """Return the commands in the order in which they ended, `docker run` when it began. Raises `MissingEvidence`."""
    lines = [line.split() for line in seen[NOTES].output["stdout"].splitlines()]
    return [Command(float(began), word, int(rest[0]) if rest else None) for began, word, *rest in lines]


def restarts_of_client(seen: Seen) -> int:
    """Return how often kubelet had started the client's container again when it was read: what it noted before went with it."""
    first = first_processes(seen[POD].output, seen[POD_PROCESSES].output)
    name = next((name for name, process in first.items() if process["pid"] == seen[NOTES].asked["pid"]), "")
    return int(status_of(seen[POD].output, name).get("restartCount", 0))


NAME_TAKEN = ("is already in use",)
PORT_TAKEN = ("port is already allocated", "address already in use")
"""How an engine refuses a container's name that another has, and a port that another publishes."""


def refused(run: Evidence, refusals: tuple[str, ...]) -> bool:
    """Return whether a command of a client failed with words by which an engine refuses what is taken."""
    return run.output["exit"] not in (0, None) and any(words in run.output["stderr"] for words in refusals)
