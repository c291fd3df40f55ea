"""What a scenario's probe gets: one leg, and the means to read everything about it. Each reading becomes evidence."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from attrs import define, evolve, field, frozen

from conformance.answers import decoded
from conformance.choices import RATE
from conformance.cluster.api import CLEARED, EXISTS, FORBIDDEN, GONE, Cluster, Object, Refused, pods_path
from conformance.cluster.pods import ended_before, raise_if_stuck, ready
from conformance.errors import RigError, TimedOut
from conformance.evidence.identity import first_processes
from conformance.evidence.items import SECOND, Evidence, Seen, digest, redact
from conformance.evidence.names import POD, POD_A_GREETING, POD_A_PAGE, POD_PROCESSES
from conformance.legs.leg import Leg
from conformance.probes.node import NODE_SOCKET, OK, Answer, NodeProbe
from conformance.timeouts import TIMEOUTS
from conformance.wait import settle

ENGINES_SOCKET = "/var/run/docker.sock"
"""Where an engine has its socket unless told."""
APACHE, MYSQL = 80, 3306
"""The ports of Pod A, the article's first figure."""
NOT_NOW = 400
"""The API server's status where a container has not been started, or has not ended yet (kubelet, validateContainerLogStatus)."""
NOT_ALLOWED = 405
NO_COMMANDS = (FORBIDDEN, GONE, NOT_ALLOWED)
"""What kubelet or the API server answers where nobody may run commands so (`enableDebuggingHandlers: false`, or no right to)."""
LOG_SECONDS = 0.2
"""Seconds between two questions for a log that kubelet cannot give: it looks at its containers once a second."""


@frozen
class Child:
    """A container that a client of the pod started. `prefix` is how the names of what is read of it alone begin."""

    prefix: str
    nonce: str
    process: Object


@define
class Rig:
    """One leg and the probes around it. `probes` holds one per node, `home` is the one on the leg's node."""

    cluster: Cluster
    leg: Leg
    probes: Mapping[str, NodeProbe]
    addresses: Mapping[str, str]
    secrets: tuple[str, ...] = ()
    node: str = ""
    """The node that the run's legs are on."""
    stop: threading.Event = field(factory=threading.Event)
    """Set when the run was interrupted."""
    since: float = 0.0
    """The node's boot clock before the leg's first pod was asked for: what started earlier is none of its children."""
    pod: Object = field(factory=dict)
    child: Object = field(factory=dict)
    child_id: str = ""
    further: dict[str, Object] = field(factory=dict)
    """The variation's further children that have been seen to serve: the child's name -> its process."""
    client_pid: int = 0
    daemon_pid: int = 0
    """The node's pid of the first process of the engine's container, where that is one of the pod's; 0 where it is not."""
    engine_pid: int = 0
    """The same of whichever container the engine is in, of another pod, too; 0 where it is in none: it is the node's own."""
    engine_root: int = 0
    """The process in whose root the engine that runs the child has its socket, where that is not the one that it seems to be."""
    pod_a: Object = field(factory=dict)
    """The manifest of the run's Pod A, which the first leg that is held against it creates."""
    rate: float = RATE
    """What an hour of one CPU costs, in USD."""
    registry: str = ""
    """The address of the leg's registry, where its variation has one."""
    twin: Rig | None = None
    """The leg's second pod, whose readings are kept beside this one's under names that begin with `SECOND`."""
    _evidence: list[Evidence] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        """Make the rig of the leg's second pod, where it has one; both keep their readings in one list."""
        if second := self.leg.twin:
            self.twin = evolve(self, leg=second, further={})

    @property
    def both(self) -> tuple[Rig, ...]:
        """Return the rig, and with it that of the leg's second pod, where it has one."""
        return (self, self.twin) if self.twin else (self,)

    def check_stop(self) -> None:
        """Raise `RigError` if the run was interrupted."""
        if self.stop.is_set():
            raise RigError("The run was interrupted.")

    @property
    def seen(self) -> Seen:
        """Return all evidence of this leg so far."""
        return Seen(list(self._evidence))

    def forget(self) -> None:
        """Let go of all evidence: it has been handed over, and judged."""
        self._evidence.clear()

    @property
    def home(self) -> NodeProbe:
        """Return the probe on the node where the leg's pod runs, or will."""
        return self.probes[self.pod["spec"]["nodeName"] if self.pod else self.node]

    @property
    def children(self) -> list[Child]:
        """Return the leg's child, and those of its further ones that have been seen to serve."""
        others = [Child(f"{name} ", f"{self.leg.nonce}-{name}", process) for name, process in self.further.items()]
        return [Child("", self.leg.nonce, self.child), *others]

    @property
    def pod_ip(self) -> str:
        """Return the pod's IP."""
        return str(self.pod["status"]["podIP"])

    def record(
        self, name: str, where: str, asked: object, output: object, *, began: float, seconds: float, at: float | None = None
    ) -> Evidence:
        """Keep a reading, redacted first; its digest covers the redacted text."""
        name = f"{SECOND}{name}" if self.leg.second else name
        number = f"{self.leg.name}#{len(self._evidence) + 1}"
        question, clean = redact(asked, self.secrets), redact(output, self.secrets)
        reading = Evidence(number, self.leg.name, name, where, question, clean, began, round(seconds, 4), at, digest(clean))
        self._evidence.append(reading)
        return reading

    def timed(self) -> Callable[[str, str, object, object], Evidence]:
        """Return what keeps a reading, of this name, from there, asked so, with this output, that begins now and ends then."""
        began, clocked = time.time(), time.monotonic()
        return lambda name, where, asked, output: self.record(
            name, where, asked, output, began=began, seconds=time.monotonic() - clocked
        )

    def ask(self, name: str, question: str, *, probe: NodeProbe | None = None, timeout: float = 0, **about: object) -> Evidence:
        """Ask a node probe (the leg's own node's unless told) and keep the answer."""
        chosen = probe or self.home
        answer = chosen.ask(question, timeout, **about)
        return self.keep(name, chosen, {"question": question, **about}, answer)

    def keep(self, name: str, probe: NodeProbe, asked: object, answer: Answer) -> Evidence:
        """Keep what a node's probe answered."""
        where = f"node {probe.node}"
        return self.record(name, where, asked, answer.output, began=answer.began, seconds=answer.seconds, at=answer.at)

    def get(self, name: str, path: str, *, kept: str = "", keep: Callable[[Any], object] | None = None, **query: str) -> Evidence:
        """Read an object or a list from the API server, and keep it, or what `keep` gives of it: `kept`, in words.

        Raises `Refused` where it is not there.
        """
        record = self.timed()
        entry = self.cluster.read(path, **query)
        asked = {"GET": path, **query, **({"kept": kept} if kept else {})}
        return record(name, "API server", asked, keep(entry) if keep else entry)

    def read_pod(self, name: str = POD) -> Evidence:
        """Read the pod from the API server; `rig.pod` becomes what was read."""
        record = self.timed()
        pod = self.cluster.get(self.leg.pod_path)
        if pod is None:
            raise RigError(f"The pod of {self.leg.name} is not there.")
        pod["metadata"].pop("managedFields", None)
        self.pod = pod
        return record(name, "API server", {"GET": self.leg.pod_path}, pod)

    def alive(self, process: Object) -> bool:
        """Return whether a process of the leg's node, by pid and start time, is still there. Not evidence: for waiting."""
        return bool(self.home.ask("alive", pid=process["pid"], start=process["start"]).output)

    def read_log(self, name: str, container: str, *, pod: str = "", lines: int = 100, ended: bool = False) -> Evidence:
        """Read the last lines of a container's log from the API server, of its last start that has ended if told.

        `pod` is another of the leg's namespace. A container that is started again and again may be cleared away, or started,
        between the look at which one has ended and the question for its log: then both are asked anew, for as long as kubelet
        takes.
        """
        path = pods_path(self.leg.namespace, pod or self.leg.pod_name)
        record = self.timed()
        log, previous = "", False

        def look() -> bool:
            nonlocal log, previous
            previous = ended and ended_before(self.cluster.get(path) or {}, container)
            try:
                log = self.cluster.log(path, container, lines=lines, previous=previous)
            except Refused as refused:
                if refused.status != NOT_NOW:
                    raise
                log = refused.message
                return False
            return not log.startswith(CLEARED) and bool(log.strip() or not ended)

        settle(f"The log of {container}", look, seconds=TIMEOUTS.ended, every=LOG_SECONDS)
        asked = {"GET": f"{path}/log", "container": container, "tailLines": str(lines), "previous": str(previous).lower()}
        return record(name, "API server", asked, log)

    def wait_pod(self, name: str, what: str, arrived: Callable[[Object], bool], seconds: float = 0) -> Evidence:
        """Watch the pod until `arrived` says so of it, for at most so many seconds; keep what it is then."""
        pods, limit = pods_path(self.leg.namespace), seconds or TIMEOUTS.ended
        with contextlib.suppress(TimedOut):  # what stands there then is the evidence
            self.cluster.wait(what, pods, self.leg.pod_name, lambda p: p is None or arrived(p), seconds=limit)
        return self.read_pod(name)

    @property
    def engines_api(self) -> dict[str, Any]:
        """Return how the leg's daemon is reached from its node: its API or its socket in a pod, or the node's socket."""
        approach = self.leg.approach
        if self.leg.engine:
            return {"netns": self.engine_pid, "port": int(self.leg.engine.rpartition(":")[2])}
        if self.engine_root:
            return {"socket": ENGINES_SOCKET, "root": self.engine_root}
        if approach.daemon and approach.socket:
            return {"socket": approach.socket, "root": self.daemon_pid}
        if not approach.daemon:
            return {"socket": NODE_SOCKET}
        with_what = {"certificates": approach.certificates, "of": self.client_pid} if approach.certificates else {}
        return {"netns": self.daemon_pid, "port": approach.port, **with_what}

    @property
    def api_outside(self) -> dict[str, Any]:
        """Return how the API of the engine in the pod is reached where its container may be gone with it.

        In the network of the process of the pod that started first, its sandbox's, or over its socket by the client's root.
        """
        if self.leg.approach.socket:
            return {"socket": self.leg.approach.socket, "root": self.client_pid}
        sandbox = min(self.seen[POD_PROCESSES].output, key=lambda process: int(process["start"]))
        return {"netns": sandbox["pid"], "port": self.leg.approach.port}

    def state_of(self, container: str) -> Object | None:
        """Return the state of a container as the leg's daemon has it, {} where it has none; None where it does not say.

        Not evidence: for waiting.
        """
        about = {**self.engines_api, "path": f"/containers/{container}/json", "limit": TIMEOUTS.engine}
        answer = self.home.ask("daemon", TIMEOUTS.engine + TIMEOUTS.question, **about).output
        if answer["status"] == GONE:
            return {}
        read = decoded(answer["body"]) if answer["status"] == OK else None
        return dict(read.get("State", {})) if isinstance(read, dict) else None

    def daemon(self, name: str, path: str, method: str = "GET", body: object = None, timeout: float = 0) -> Evidence:
        """Send one request to the leg's daemon, from the node, and keep the answer: {status, body (text)}."""
        timeout = timeout or TIMEOUTS.engine
        about: dict[str, Any] = {**self.engines_api, "path": path, "method": method, "body": body, "limit": timeout}
        return self.ask(name, "daemon", timeout=timeout + TIMEOUTS.question, **about)

    def run(self, name: str, *command: str, stdin: str = "", timeout: float = 0) -> Evidence:
        """Run a program of the client's container there, as a step of a job would, and keep what it said.

        The output is {exit (None: it took longer than `timeout` seconds), stdout, stderr, seconds}. The agent's `execute`
        says how it is started, and what of the container it does not share.
        """
        timeout = timeout or TIMEOUTS.work
        about: dict[str, Any] = {"pid": self.client_pid, "command": list(command), "stdin": stdin, "limit": timeout}
        return self.ask(name, "execute", timeout=timeout + TIMEOUTS.question, **about)

    def run_by_kubelet(self, name: str, container: str, command: str) -> Evidence:
        """Let kubelet run a command in a container of the pod, through the CRI call of its exec probes and hooks (ExecSync).

        Kubelet splits it at its blanks. The output is {status, body}: what it printed, or why it was not run.
        """
        path = f"/api/v1/nodes/{self.home.node}/proxy/run/{self.leg.namespace}/{self.leg.pod_name}/{container}"
        record = self.timed()
        try:
            answer = self.cluster.request("POST", path, query={"cmd": command}, stream=True)
            output = {"status": answer.status, "body": answer.data.decode(errors="replace")}
        except Refused as refused:
            output = {"status": refused.status, "body": refused.message}
        return record(name, "kubelet", {"POST": path, "cmd": command}, output)

    def ask_everywhere(self, name: str, host: str, port: int, question: str = "ask", path: str = "/") -> None:
        """Ask a port from a pod on every node, and from every node's own network; keep each answer under the name."""
        for node, probe in self.probes.items():
            for netns, place in ((0, "a pod"), (1, "the node's own network")):
                about: dict[str, Any] = {"netns": netns, "port": port, "limit": TIMEOUTS.page, "from_": f"{place} on {node}"}
                self.ask(name, question, probe=probe, host=host, **about, path=path)

    def start_baseline(self) -> None:
        """Create the run's Pod A, unless another leg has, and wait for nothing."""
        try:
            self.cluster.create(self._beside_probes, self.pod_a)
        except Refused as refused:
            if refused.status != EXISTS:
                raise

    @property
    def _beside_probes(self) -> str:
        return pods_path(self.pod_a["metadata"]["namespace"])

    def await_baseline(self) -> Object:
        """Return the run's Pod A when it is ready. Raises `RigError` where it does not run."""
        self.start_baseline()

        def running(pod: Object | None) -> bool:
            raise_if_stuck(pod or {}, "Pod A, the baseline,", RigError)
            return bool(pod and ready(pod))

        name = self.pod_a["metadata"]["name"]
        what = "The start of Pod A, the baseline,"
        return self.cluster.wait(what, self._beside_probes, name, running, seconds=TIMEOUTS.serving) or {}

    def ask_baseline(self) -> None:
        """Ask the run's Pod A for both its ports from everywhere: what a network does for a pod without any Docker.

        Raises `RigError` where Pod A does not run.
        """
        address = self.await_baseline()["status"]["podIP"]
        self.ask_everywhere(POD_A_PAGE, address, APACHE)
        self.ask_everywhere(POD_A_GREETING, address, MYSQL, "greeting")

    def pid_of(self, container: str, processes: list[Object]) -> int:
        """Return the node's pid of a container's first process, by the container id in its cgroup path."""
        process = first_processes(self.pod, processes).get(container)
        if not process:
            raise RigError(f"No process of container {container!r} was found on the node.")
        return int(process["pid"])
