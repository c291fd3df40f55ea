"""One probe pod on every node, and the one way to ask it: the agent over HTTP through the API server's proxy."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

from attrs import frozen

from conformance.cluster.api import Cluster, Object, Refused, Silent, lines, pods_path
from conformance.errors import NoCluster, ProbeLost, TimedOut
from conformance.timeouts import TIMEOUTS
from conformance.wait import raise_if_stopped

PORT = 8079
LABEL = "conformance/probe"
NODE_SOCKET = "/var/run/docker.sock"
OK, CREATED, GONE = 200, 201, 404
"""What an HTTP server, a Docker Engine among them, answers."""


def pod_name(run: str, node: str) -> str:
    """Return the name of a run's probe pod on a node."""
    return f"probe-{run}-{node}"[:253]


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
        path = pods_path(self.namespace, f"{self.pod}:{PORT}/proxy/{question}")
        headers = {"X-Conformance-Token": self.token}
        try:
            return self.cluster.request(
                "GET", path, query={"q": json.dumps(body)}, headers=headers, timeout=timeout, stream=stream
            )
        except (Refused, NoCluster) as refused:
            remedy = f"kubectl -n {self.namespace} logs {self.pod}"
            raise ProbeLost(f"The probe on {self.node} did not answer `{question}`: {refused.sentence}", remedy) from refused

    def ask(self, question: str, timeout: float = 0, **about: object) -> Answer:
        """Ask one question of the agent. Raises `ProbeLost` with the probe's own words."""
        began = time.time()
        clocked = time.monotonic()
        read = self._get(question, timeout or TIMEOUTS.question, False, dict(about))
        return Answer(read["answer"], read["at"], began, time.monotonic() - clocked)

    def alive(self, process: Object) -> bool:
        """Return whether a process of the node, by pid and start time, is still there."""
        return bool(self.ask("alive", pid=process["pid"], start=process["start"]).output)

    def engine(self) -> str:
        """Return '' if a Docker Engine answers on the node's own socket, else why not."""
        answer = self.ask("daemon", socket=NODE_SOCKET, path="/_ping").output
        return "" if answer["status"] == OK else str(answer["lost"] or f"it answers {answer['status']}")

    def watch(self, processes: list[Object], seconds: float) -> Iterator[Object]:
        """Follow processes; yield events as they arrive. The first says who is watched, the last who is left."""
        response = self._get("watch", TIMEOUTS.beat, True, {"processes": processes, "seconds": seconds})
        try:
            yield from lines(response)
        except Silent as silent:
            raise ProbeLost(f"The probe on {self.node} fell silent while watching: {silent}.") from silent
        finally:
            response.close()

    @contextlib.contextmanager
    def hold(self, *, alone: bool, limit: float, stop: threading.Event) -> Iterator[None]:
        """Hold the node's CPUs while the block lasts: shared by all that work, or alone for a measurement.

        `limit`: for so many seconds it is waited for, and who is to be alone also lets others begin before.
        Across threads, processes and runs, wherever they come from (`probes/agent/hold.py`). Raises `TimedOut` where others
        do not give them up, `RigError` where `stop` ends the wait.
        """
        asked = {
            "alone": alone,
            "yields": TIMEOUTS.yields,
            "pause": TIMEOUTS.pause,
            "seconds": TIMEOUTS.yields * alone + limit,
        }
        response = self._get("hold", TIMEOUTS.beat, True, asked)
        events = lines(response)  # kept: urllib3 ends the connection with the generator that reads it
        try:
            self._await_hold(events, limit, stop)
            yield
        finally:
            events.close()
            response.close()

    def _await_hold(self, events: Iterator[Object], limit: float, stop: threading.Event) -> None:
        try:
            for event in events:
                if event["event"] == "held":
                    return
                if event["event"] == "given up":
                    last = "other legs, of this run or another, at work"
                    raise TimedOut(f"Quiet on the CPUs of {self.node}", limit, last)
                raise_if_stopped(stop)
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
