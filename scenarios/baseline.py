"""Baseline: what a pod without Docker keeps."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.analysis.counting import all_of, counted
from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive
from conformance.claims.properties import prop
from conformance.cluster.pods import container_ids, ready
from conformance.evidence import cgroupfs
from conformance.evidence.identity import container_of, pid_of
from conformance.evidence.items import Seen
from conformance.evidence.names import AT_DELETE, CHILD, DELETION, POD_CGROUPS
from conformance.legs.baseline import APACHE, MYSQL, ask_everywhere
from conformance.legs.pod import wait_pod
from conformance.legs.rig import Rig
from conformance.probes.node import Answer
from conformance.probes.paths import CRI, POD_LOGS, PODS, TASKS
from conformance.timeouts import TIMEOUTS
from conformance.wait import settle

PROTOCOL = 10
"""What a MySQL server's greeting begins with, behind its four bytes of length and number."""
NO_ACCOUNT = 1130
"""ER_HOST_NOT_PRIVILEGED: its first word where no account is for the host that connects."""


def both_ready(rig: Rig) -> None:
    """Wait for both containers: Apache's, the leg's child, may serve before MariaDB's has started."""
    wait_pod(rig, "pod when ready", "The start of both containers", ready, seconds=TIMEOUTS.serving)


def asked_on_both_ports(rig: Rig) -> None:
    """Ask Apache and MariaDB on the pod's IP from everywhere, and on localhost from the other's container."""
    processes = rig.ask("pod's processes", "processes", uid=rig.pod["metadata"]["uid"]).output
    ask_everywhere(rig, "page on the pod's IP", rig.pod_ip, APACHE)
    ask_everywhere(rig, "greeting on the pod's IP", rig.pod_ip, MYSQL, "greeting")
    for name, question, port, other in (("page", "ask", APACHE, "mysql"), ("greeting", "greeting", MYSQL, "apache")):
        inside = pid_of(rig.pod, processes, other)
        rig.ask(
            f"{name} on localhost", question, netns=inside, host="127.0.0.1", port=port, limit=TIMEOUTS.page,
            from_=f"the container {other}",
        )  # fmt: skip


def server_word(packet: str) -> str:
    """Return in words what a MySQL server said first, or '' if what was said is none of its packets.

    Its version; or that it has no account for whoever asks from there, which it says of its own knowledge, too.
    """
    body = packet[4:]
    version, end, _ = body[1:].partition("\0")
    if end and ord(body[0]) == PROTOCOL:
        return f"MySQL protocol {PROTOCOL}, {version}"
    return f"MySQL error {NO_ACCOUNT}" if body.startswith(f"\xff{chr(NO_ACCOUNT % 256)}{chr(NO_ACCOUNT // 256)}Host ") else ""


@prop("P2-01", "the pod's IP answers from every node, and its containers share one network and localhost",
      predicts={"pod": HOLDS}, approaches=("pod",), legs=("plain",), level="article",
      while_serving=(both_ready, asked_on_both_ports))  # fmt: skip
def one_network(seen: Seen) -> Observation:
    """Judge both ports from everywhere, both ways over localhost, and the network namespaces by their inodes."""
    pod, processes = seen["pod when ready"], seen["pod's processes"]
    status = pod.output["status"]
    if status["podIP"] == status.get("hostIP"):
        return inconclusive("the pod's IP is the node's, so an answer there says nothing of the pod", pod.id)
    if not ready(pod.output):
        return inconclusive("not both containers were ready when they were asked", pod.id)
    nonce = seen[CHILD].asked["nonce"]
    pages = [*seen.every("page on the pod's IP"), seen["page on localhost"]]
    greetings = [*seen.every("greeting on the pod's IP"), seen["greeting on localhost"]]
    wrong = [page for page in pages if page.output.get("body", "").strip() != nonce]
    wrong += [greeting for greeting in greetings if not server_word(greeting.output["said"])]
    if wrong:
        failures = ", ".join(f"{answer.name} from {answer.asked['from_']}: {answer.output['outcome']}" for answer in wrong)
        return LACKS.because(f"{len(wrong)} of {len(pages) + len(greetings)} did not get their answer: {failures}", pod.id,
                             *(answer.id for answer in wrong))  # fmt: skip
    first = {container_of(process): process["ns"]["net"] for process in processes.output if process["nspid"][-1] == 1}
    own = set(container_ids(pod.output).values())
    if not own < set(first):
        return inconclusive("the first process of a container, or of the pod's sandbox, was not found", processes.id)
    cites = [processes.id, *(answer.id for answer in (*pages, *greetings))]
    if len(set(first.values())) > 1:
        return LACKS.because(f"the containers have {len(set(first.values()))} networks: {sorted(first.values())}", *cites)
    words = " and ".join(sorted({server_word(greeting.output["said"]) for greeting in greetings}))
    reason = f"both ports answered from {all_of(len(pages) - 1, 'place')} and on localhost (the pod's nonce; {words})"
    return HOLDS.because(f"{reason}; {counted(len(own), 'container')} and the sandbox are in {first[min(own)]}", *cites)


AT_ONCE = ("directory", "cgroups", "running containers", "network namespace")
BEFORE = "pod's processes before"
COLLECTED = ("logs", "containers known to the CRI")


def had_on_the_node(rig: Rig) -> None:
    """Find what the pod has on its node and loses with its end."""
    uid = rig.pod["metadata"]["uid"]
    processes = rig.ask(BEFORE, "processes", uid=uid).output
    placed = rig.ask(POD_CGROUPS, "cgroups", pid=rig.pids.client).output
    at_pod = [cgroupfs.pod_level(name, cgroupfs.levels(placed), uid) for name in placed["mounts"]]
    network = f" {next(process for process in processes if process['pid'] == rig.pids.client)['ns']['net']} "
    mounts = rig.ask("node's mounts before", "mountinfo", pid=1).output.splitlines()
    places = (
        [f"{PODS}/{uid}"],
        sorted({f"{placed['mounts'][level.controller]}{level.path}" for level in at_pod if level}),
        [f"{TASKS}/{container_of(process)}" for process in processes if process["nspid"][-1] == 1],
        [line.split(" ")[4] for line in mounts if network in line],
    )
    _look_before(rig, AT_ONCE, places)


def gone_from_the_node(rig: Rig) -> None:
    """Look for it again when the pod is over, for kubelet's usual time."""
    _look_after(rig, AT_ONCE, TIMEOUTS.reclaimed)


def to_be_collected(rig: Rig) -> None:
    """Find what is left to kubelet's garbage collection: the pod's logs, and what the CRI knows of its containers."""
    pod = rig.pod["metadata"]
    own = container_ids(rig.pod).values()
    processes = rig.ask(BEFORE, "processes", uid=pod["uid"]).output
    every = [container_of(process) for process in processes if process["nspid"][-1] == 1]
    places = (
        [f"{POD_LOGS}/{pod['namespace']}_{pod['name']}_{pod['uid']}"],
        [f"{CRI}/{'containers' if container in own else 'sandboxes'}/{container}" for container in every],
    )
    _look_before(rig, COLLECTED, places)


def collected(rig: Rig) -> None:
    """Look for it again, for as long as kubelet takes to collect."""
    _look_after(rig, COLLECTED, TIMEOUTS.collected)


def _look_before(rig: Rig, kinds: Sequence[str], places: Sequence[list[str]]) -> None:
    for what, paths in zip(kinds, places, strict=True):
        rig.ask(f"{what} before", "storage", paths=paths)


def _look_after(rig: Rig, kinds: Sequence[str], seconds: float) -> None:
    """Look until all is gone, at most so long; keep how long after the delete call each kind was first seen gone."""
    deleted = rig.seen[DELETION].output["delete_called"]
    paths = {what: rig.seen[f"{what} before"].asked["paths"] for what in kinds}
    every = [path for what in kinds for path in paths[what]]
    gone: dict[str, float] = {}

    def look() -> Answer:
        answer = rig.home.ask("storage", paths=every)
        for what in kinds:
            if what not in gone and not any(answer.output[path]["exists"] for path in paths[what]):
                gone[what] = round(answer.at - deleted, 3)
        return answer

    settle("The end of what the pod had on its node", lambda: look() and len(gone) == len(kinds), seconds=seconds, every=0.1)
    now = look()
    for what in kinds:
        asked = {"question": "storage", "paths": paths[what]}
        output = {"first_seen_gone": gone.get(what), "paths": {path: now.output[path] for path in paths[what]}}
        rig.record(f"{what} after", f"node {rig.home.node}", asked, output, began=now.began, seconds=now.seconds, at=now.at)


def _cleaned_up(seen: Seen, kinds: Sequence[str]) -> Observation:
    """Judge whether all that was there while the pod ran is gone, each kind with the time it took."""
    pairs = [(what, seen[f"{what} before"], seen[f"{what} after"]) for what in kinds]
    cites = [reading.id for _, before, after in pairs for reading in (before, after)]
    if unseen := [what for what, before, _ in pairs if not before.output or not all(o["exists"] for o in before.output.values())]:
        return inconclusive(f"not found while the pod ran, so its absence proves nothing: {', '.join(unseen)}", *cites)
    looked_for, at_end = ({container_of(p) for p in seen[name].output} for name in (BEFORE, AT_DELETE))
    if at_end - looked_for:
        return inconclusive("a container of the pod was started after what they leave was looked for", *cites, seen[AT_DELETE].id)
    ends, left = [], []
    for what, _, after in pairs:
        there = [path for path, now in after.output["paths"].items() if now["exists"]]
        left += there
        when = f"gone within {after.output['first_seen_gone']:.1f} s" if not there else f"left: {', '.join(there)}"
        ends.append(f"{what} ({len(after.output['paths'])}) {when}")
    return (LACKS if left else HOLDS).because(f"counted from the delete call: {'; '.join(ends)}", *cites)


@prop("P2-02", "when a pod ends its node loses its directory, cgroups, running containers and network namespace",
      predicts={"pod": HOLDS}, approaches=("pod",), legs=("plain",), level="article", while_serving=(both_ready, had_on_the_node),
      after_deletion=(gone_from_the_node,))  # fmt: skip
def reclaimed(seen: Seen) -> Observation:
    """Judge what kubelet takes away as the pod ends."""
    return _cleaned_up(seen, AT_ONCE)


@prop("P2-02.logs", "when a pod has ended its node loses its logs, and what the CRI knows of its containers",
      predicts={"pod": HOLDS}, approaches=("pod",), legs=("plain",), level="extended",
      while_serving=(both_ready, to_be_collected), after_deletion=(collected,))  # fmt: skip
def garbage_collected(seen: Seen) -> Observation:
    """Judge what kubelet collects afterwards."""
    return _cleaned_up(seen, COLLECTED)
