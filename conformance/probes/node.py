"""One probe pod on every node, and the one way to ask it: agent.py over HTTP through the API server's proxy."""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from attrs import frozen

from conformance.answers import decoded
from conformance.cluster import Cluster, Object, Refused, Silent, lines
from conformance.errors import NoCluster, ProbeLost, RigError, TimedOut
from conformance.identity import NOBODY
from conformance.timeouts import TIMEOUTS

AGENT = Path(__file__).with_name("agent.py")
PORT = 8079
LABEL = "conformance/probe"
NODE_SOCKET = "/var/run/docker.sock"
OK, CREATED, GONE = 200, 201, 404
"""What an HTTP server, a Docker Engine among them, answers."""


@frozen
class Answer:
    """What a probe answered: `at` is the node's boot clock when it had finished, `began`/`seconds` the runner's."""

    output: Any
    at: float
    began: float
    seconds: float


@frozen
class Clock:
    """A node's boot clock against the runner's monotonic one: node = monotonic + offset, give or take."""

    offset: float
    uncertainty: float

    def node(self, monotonic: float) -> float:
        """Return the node's boot clock for a moment of the runner's monotonic clock."""
        return monotonic + self.offset


@frozen
class NodeProbe:
    """The probe on one node."""

    cluster: Cluster
    namespace: str
    run: str
    node: str
    token: str

    @property
    def pod(self) -> str:
        """Return the probe pod's name."""
        return pod_name(self.run, self.node)

    def _get(self, question: str, timeout: float, stream: bool, body: Object) -> Any:  # noqa: ANN401
        path = f"/api/v1/namespaces/{self.namespace}/pods/{self.pod}:{PORT}/proxy/{question}"
        headers = {"X-Conformance-Token": self.token}
        try:
            return self.cluster.request(
                "GET", path, query={"q": json.dumps(body)}, headers=headers, timeout=timeout, stream=stream
            )
        except (Refused, NoCluster) as refused:
            remedy = f"kubectl -n {self.namespace} logs {self.pod}"
            raise ProbeLost(f"The probe on {self.node} did not answer `{question}`: {refused.sentence}", remedy) from refused

    def ask(self, question: str, timeout: float = 0, **about: object) -> Answer:
        """Ask one question of agent.py. Raises `ProbeLost` with the probe's own words."""
        began = time.time()
        clocked = time.monotonic()
        read = self._get(question, timeout or TIMEOUTS.question, False, dict(about))
        return Answer(read["answer"], read["at"], began, time.monotonic() - clocked)

    def engine(self) -> str:
        """Return '' if a Docker Engine answers on the node's own socket, else why not."""
        said = self.ask("daemon", socket=NODE_SOCKET, path="/_ping").output
        return "" if said["status"] == OK else str(said["lost"] or f"it answers {said['status']}")

    def watch(self, processes: list[Object], seconds: float) -> Iterator[Object]:
        """Follow processes; gives events as they arrive. The first says who is watched, the last who is left."""
        response = self._get("watch", TIMEOUTS.beat, True, {"processes": processes, "seconds": seconds})
        try:
            yield from lines(response)
        except Silent as silent:
            raise ProbeLost(f"The probe on {self.node} fell silent while watching: {silent}.") from silent
        finally:
            response.close()

    @contextlib.contextmanager
    def hold(self, *, alone: bool, stop: threading.Event) -> Iterator[None]:
        """Hold the node's CPUs while the block lasts: shared by all that work, or alone for a measurement.

        Across threads, processes and runs, wherever they come from (agent.py, `hold`). Raises `TimedOut` where others
        do not give them up, `RigError` where `stop` ends the wait.
        """
        asked = {
            "alone": alone,
            "yields": TIMEOUTS.yields,
            "pause": TIMEOUTS.pause,
            "seconds": TIMEOUTS.yields * alone + TIMEOUTS.quiet,
        }
        response = self._get("hold", TIMEOUTS.beat, True, asked)
        events = lines(response)  # kept: urllib3 ends the connection with the generator that reads it
        try:
            self._await_hold(events, stop)
            yield
        finally:
            events.close()
            response.close()

    def _await_hold(self, events: Iterator[Object], stop: threading.Event) -> None:
        try:
            for event in events:
                if event["event"] == "held":
                    return
                if event["event"] == "given up":
                    last = "other legs, of this run or another, at work"
                    raise TimedOut(f"Quiet on the CPUs of {self.node}", TIMEOUTS.quiet, last)
                if stop.is_set():
                    raise RigError("The run was interrupted.")
        except Silent as silent:
            raise ProbeLost(f"The probe on {self.node} fell silent: {silent}.") from silent
        raise ProbeLost(f"The probe on {self.node} ended a hold on its CPUs before it had it.")

    def clock(self) -> Clock:
        """Bracket the node's clock: the tightest of a few round trips."""
        best = Clock(0.0, float("inf"))
        for _ in range(3):
            before = time.monotonic()
            at = self.ask("clock").output
            after = time.monotonic()
            if (after - before) / 2 < best.uncertainty:
                best = Clock(at - (before + after) / 2, (after - before) / 2)
        return best


def has_engine(probe: NodeProbe) -> bool:
    """Return whether a node has a Docker Engine. Raises `RigError` where it is there and does not tell: that is not nothing."""
    why = probe.engine()
    if why and not why.startswith(NOBODY):
        raise RigError(f"The engine on {probe.node} did not tell what it has: {why}")
    return not why


def of_engine(probe: NodeProbe, path: str, *, or_gone: bool = False) -> Any:  # noqa: ANN401 -- any JSON
    """Return what a node's own engine answers to GET; with `or_gone` None where it has no such thing.

    Raises `RigError` on any other answer.
    """
    answer: Object = probe.ask("daemon", socket=NODE_SOCKET, path=path).output
    if answer["status"] == OK:
        return decoded(answer["body"])
    if or_gone and answer["status"] == GONE:
        return None
    said = answer.get("lost") or answer["body"]
    raise RigError(f"The engine on {probe.node} did not tell what it has: {path}: {answer['status']} {said}")


def pod_name(run: str, node: str) -> str:
    """Return the name of a run's probe pod on a node."""
    return f"probe-{run}-{node}"[:253]


def deploy(cluster: Cluster, namespace: str, run: str, nodes: list[str], labels: dict[str, str], image: str) -> str:
    """Create the probes' ConfigMap, Secret and pods, without waiting; give the token."""
    token = secrets.token_hex(16)
    base = f"/api/v1/namespaces/{namespace}"
    named = {"name": f"agent-{run}", "namespace": namespace, "labels": labels}
    source = AGENT.read_text(encoding="utf-8")
    cluster.create(f"{base}/configmaps", {"metadata": named, "data": {"agent.py": source}})
    cluster.create(f"{base}/secrets", {"metadata": named, "stringData": {"token": token}})
    for node in nodes:
        cluster.create(f"{base}/pods", manifest(namespace, run, node, labels, image))
    return token


def manifest(namespace: str, run: str, node: str, labels: dict[str, str], image: str) -> Object:
    """Return the probe's pod: privileged with hostPID, because it enters the namespaces of the node's pid 1."""
    mounts = [{"name": name, "mountPath": f"/{name}", "readOnly": True} for name in ("agent", "token")]
    container = {
        "name": "agent",
        "image": image,
        "command": ["python3", "-I", "/agent/agent.py", str(PORT), "/token/token"],
        "securityContext": {"privileged": True},
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
        "volumeMounts": mounts,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": pod_name(run, node),
            "namespace": namespace,
            "labels": {**labels, LABEL: "node"},
        },
        "spec": {
            "nodeName": node,
            "hostPID": True,
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "tolerations": [{"operator": "Exists"}],
            "containers": [container],
            "volumes": [
                {"name": "agent", "configMap": {"name": f"agent-{run}"}},
                {"name": "token", "secret": {"secretName": f"agent-{run}"}},
            ],
        },
    }


def wait_ready(probe: NodeProbe) -> None:
    """Wait for the probe's pod to run and answer. Raises `ProbeLost` early when it cannot start."""
    pods = f"/api/v1/namespaces/{probe.namespace}/pods"

    def running(pod: Object | None) -> bool:
        if pod is None:
            raise ProbeLost(f"The probe pod on {probe.node} was deleted while it started.")
        raise_if_stuck(pod, f"The probe pod on {probe.node}", ProbeLost)
        return bool(pod["status"].get("phase") == "Running" and pod["status"].get("podIP"))

    what = f"The start of the probe on {probe.node}"
    probe.cluster.wait(what, pods, probe.pod, running, seconds=TIMEOUTS.probe_ready)
    end = time.monotonic() + TIMEOUTS.question
    while True:
        try:
            probe.ask("clock")
        except ProbeLost:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)  # bounded by `end`; nothing to watch between a container's start and its first listen
        else:
            return


STUCK = {
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "CrashLoopBackOff",
}


def raise_if_stuck(pod: Object, who: str, error: Callable[[str, str], Exception]) -> None:
    """Raise `error` if the pod's status says that it cannot start: image, configuration, crash loop, no node."""
    status = pod.get("status", {})
    for one in status.get("containerStatuses", []):
        waiting = one.get("state", {}).get("waiting", {})
        if waiting.get("reason") in STUCK:
            ended = one.get("lastState", {}).get("terminated", {})
            last = f"; it last ended with {ended.get('exitCode')} ({ended.get('reason')})" if ended else ""
            said = waiting.get("message") or "no message"
            raise error(
                f"{who} cannot start: container {one['name']}: {waiting['reason']}: {said}{last}.",
                f"is the image {one['image']} on the node? kubectl -n {pod['metadata']['namespace']} describe pods",
            )
    for condition in status.get("conditions", []):
        if condition.get("reason") == "Unschedulable":
            raise error(f"{who} cannot be scheduled: {condition.get('message')}", "free or add a node")
    if status.get("phase") in ("Failed", "Succeeded"):
        raise error(
            f"{who} ended instead of running: {json.dumps(status.get('containerStatuses', []))[:400]}",
            "see its logs",
        )
