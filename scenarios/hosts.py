"""Hosts: whose the namespaces are that a container asks for as its host's."""

from __future__ import annotations

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive
from conformance.claims.properties import prop
from conformance.claims.sources import AS_HOST
from conformance.evidence.identity import first_processes
from conformance.evidence.items import Seen
from conformance.evidence.names import POD, POD_PROCESSES
from conformance.legs.docker import Processes, await_processes, cleaned_up, said, start
from conformance.legs.rig import Rig
from conformance.timeouts import TIMEOUTS

AS_HOSTS = "as-hosts"
"""What carries this nonce: a container that asks for its host's namespaces."""
SLEEP = ("sleep", "600")
"""What it does: it serves nothing, for in the node's network a port that it opens is the node's."""
NODES = "namespaces of the node"


def ask_for_hosts(rig: Rig) -> None:
    """Start a container as a step does that asks for its host's network and PID namespace, and read whose it got."""
    rig.ask(NODES, "execute", pid=1, command=["readlink", "/proc/1/ns/net", "/proc/1/ns/pid"], limit=TIMEOUTS.work)
    with cleaned_up(rig, AS_HOSTS):
        run = start(rig, AS_HOSTS, "--network=host", "--pid=host", command=SLEEP)
        await_processes(rig, AS_HOSTS, seconds=TIMEOUTS.settle if run.output["exit"] == 0 else 0.0, first=_asleep)


def _asleep(processes: Processes) -> Processes:
    """Return those that do what the container was told to: in a PID namespace of another it is not number 1."""
    return [each for each in processes if each["cmdline"] == [*SLEEP]]


def _judge(seen: Seen, kind: str, number: int) -> Observation:
    """Judge whose a namespace is, `number` among those that were read of the node."""
    run, own, node, pod = seen[AS_HOSTS], seen[f"{AS_HOSTS}: processes"], seen[NODES], seen[POD_PROCESSES]
    if not (asleep := _asleep(own.output)):
        return inconclusive(f"no container ran with its host's namespaces: {said(run)}", run.id, own.id)
    its = asleep[0]["ns"][kind]
    cites = (run.id, own.id, node.id, pod.id)
    if its == node.output["stdout"].split()[number]:
        return LACKS.because(f"it is the node's own, {its}", *cites)
    if whose := [name for name, first in first_processes(seen[POD].output, pod.output).items() if first["ns"][kind] == its]:
        return HOLDS.because(f"it is that of {' and '.join(whose)}, {its}", *cites)
    return inconclusive(f"it is neither the node's nor one of the pod's: {its}", *cites)


@prop("HOST.network", "a container that asks for its host's network (--network=host) is in its pod's, not in the node's",
      source=AS_HOST, predicts={"dood": LACKS, "dind": HOLDS}, legs=("storing",), level="extended",
      unhurried=(ask_for_hosts,))  # fmt: skip
def is_in_pods_network(seen: Seen) -> Observation:
    """Judge by the network namespace."""
    return _judge(seen, "net", 0)


@prop("HOST.processes", "a container that asks for its host's processes (--pid=host) has those of its pod, not the node's",
      source=AS_HOST, predicts={"dood": LACKS, "dind": HOLDS}, legs=("storing",), level="extended",
      unhurried=(ask_for_hosts,))  # fmt: skip
def has_pods_processes(seen: Seen) -> Observation:
    """Judge by the PID namespace."""
    return _judge(seen, "pid", 1)
