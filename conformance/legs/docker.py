"""What a step of a job does with Docker. All that it makes carries a nonce that begins with its leg's, and is cleaned up."""

from __future__ import annotations

import contextlib
import json
import textwrap
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from conformance.answers import decoded
from conformance.errors import RigError
from conformance.evidence import names
from conformance.evidence.identity import CONTAINER_ID, container_of, parsed
from conformance.evidence.items import Evidence, Seen
from conformance.images import CHILD
from conformance.legs import daemon
from conformance.legs.rig import Rig
from conformance.probes.node import CREATED, OK
from conformance.probes.node_engine import NONCE_LABEL, remove_by_nonce
from conformance.timeouts import TIMEOUTS
from conformance.wait import settle

OWN = "conformance-child"
"""The image that the probe makes of its own programs (`legs/over_api.py`); its tag is the leg's nonce."""


def image(rig: Rig) -> str:
    """Return the image of children, as the leg's manifest names it, or as it was brought to the engine."""
    return f"{OWN}:{rig.leg.nonce}" if rig.leg.variation.over_api else rig.leg.images.get(CHILD, CHILD)


def nonce(rig: Rig, what: str) -> str:
    """Return the nonce of a thing that the leg's pod makes."""
    return f"{rig.leg.nonce}-{what}"


def nonce_in(seen: Seen, what: str) -> str:
    """Return the nonce of a thing that the leg's pod made, from its evidence."""
    return f"{seen[names.CHILD].asked['nonce']}-{what}"


def label(nonce: str) -> str:
    """Return the option that labels what `docker` makes."""
    return f"--label={NONCE_LABEL}={nonce}"


def marked(nonce: str) -> tuple[str, str]:
    """Return the options of `docker run` and `docker create` that put a nonce in the environment and on a label."""
    return f"--env=CHILD_NONCE={nonce}", label(nonce)


def start(rig: Rig, what: str, *options: str, of: str = "", command: tuple[str, ...] = ()) -> Evidence:
    """Start a container as a step does, detached and with `--rm`, of the children's image unless told.

    Where the leg's own client named a cgroup for its child to be in, it is in that.
    """
    parent = parsed(rig.seen[names.INSPECT]).get("HostConfig", {}).get("CgroupParent")
    placed = [f"--cgroup-parent={parent}"] if parent else []
    words = ("docker", "run", "--detach", "--rm", *marked(nonce(rig, what)), *placed, *options, of or image(rig), *command)
    return rig.run(what, *words)


def said(run: Evidence) -> str:
    """Return how a program ended: its exit code and, where that is not 0, why: its last words that are not about help."""
    code = run.output["exit"]
    if code is None:
        return f"not ended after {run.output['seconds']:g} s"
    words = [line for line in run.output["stderr"].splitlines() if line.strip() and "--help" not in line]
    if code == 0 or not words:
        return f"exit {code}"
    last = CONTAINER_ID.sub(lambda identity: identity[0][:12], words[-1].rpartition("Error response from daemon: ")[2])
    return f"exit {code}: {textwrap.shorten(last, 180, placeholder=' ...')}"


def processes(rig: Rig, run: Evidence, what: str) -> list[dict[str, Any]]:
    """Return the first processes, on the leg's node, of the containers that `run` started with the nonce of `what`.

    They are evidence. `docker run --detach` ends when runc has been told to start the program: for an instant the process
    is still runc's, with runc's environment, so the nonce is waited for.
    """
    # One that has ended again is not there to be seen: the judge says so.
    return await_processes(rig, what, seconds=TIMEOUTS.settle if run.output["exit"] == 0 else 0.0)


Processes = list[dict[str, Any]]


def of_containers(processes: Processes) -> Processes:
    """Return the first processes of containers, of what has a nonce: those that are number 1 of their PID namespace."""
    return [process for process in processes if process["nspid"][-1] == 1]


def await_processes(
    rig: Rig,
    what: str,
    *,
    seconds: float,
    over: Callable[[], bool] = lambda: False,
    first: Callable[[Processes], Processes] = of_containers,
) -> Processes:
    """Return the `first` processes on the leg's node that have the nonce of `what`, after so many seconds or when it is `over`.

    They are evidence, with all that have the nonce.
    """
    about: dict[str, Any] = {"variable": "CHILD_NONCE", "value": nonce(rig, what)}
    settle("A first process", lambda: first(rig.home.ask("processes", **about).output) or over(), seconds=seconds)
    return first(rig.ask(f"{what}: processes", "processes", **about).output)


def filtered(collection: str, /, **filters: str) -> str:
    """Return the path under which a daemon lists what passes the filters, stopped containers, too."""
    return f"{collection}?all=1&filters={quote(json.dumps({key: [value] for key, value in filters.items()}))}"


def look(rig: Rig, name: str, collection: str, /, **filters: str) -> Evidence:
    """Let the leg's daemon list what passes the filters; keep it under the name."""
    return daemon.send(rig, name, filtered(collection, **filters))


def listed(evidence: Evidence) -> list[dict[str, Any]]:
    """Return what a daemon listed; [] where it did not answer 200 with a list."""
    read = decoded(evidence.output["body"]) if evidence.output["status"] == OK else []
    return read if isinstance(read, list) else []


def nonces(evidence: Evidence) -> set[str]:
    """Return the nonces of what a daemon listed, from the labels; '' stands for one that is nobody's we know."""
    return {(item.get("Labels") or {}).get(NONCE_LABEL, "") for item in listed(evidence)}


@contextlib.contextmanager
def cleaned_up(rig: Rig, what: str) -> Iterator[None]:
    """Remove from the node's own daemon, in the end, what the leg's pods made for `what`; what is in a pod ends with it."""
    try:
        yield
    finally:
        if not rig.pids.daemon:
            remove_by_nonce(rig.home, *(nonce(each, what) for each in rig.both))


def run_in_child(rig: Rig, name: str, command: list[str], *, wait: bool) -> str:
    """Start a command in the child's container through its daemon; return the exec's id. Its output is evidence."""
    body = {"Cmd": command, "AttachStdout": wait, "AttachStderr": wait}
    exec_id = created(daemon.send(rig, f"{name}: create", f"/containers/{container_of(rig.child)}/exec", "POST", body))
    daemon.send(rig, f"{name}: output", f"/exec/{exec_id}/start", "POST", {"Detach": not wait}, timeout=TIMEOUTS.work)
    return exec_id


def created(evidence: Evidence) -> str:
    """Return the id that a daemon answered 201 with. Raises `RigError`."""
    if evidence.output["status"] != CREATED:
        raise RigError(f"The leg's daemon refused to create what was asked for: {evidence.output['body']}")
    return str(json.loads(evidence.output["body"])["Id"])
