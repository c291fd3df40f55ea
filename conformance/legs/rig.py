"""What a scenario's probe gets: one leg, and the means to read everything about it. Each reading becomes evidence."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from attrs import define, evolve, field, frozen

from conformance.choices import RATE
from conformance.cluster.api import Cluster, Object
from conformance.errors import ConformanceError
from conformance.evidence.items import SECOND, Evidence, Seen, digest, redact
from conformance.legs.leg import Leg
from conformance.probes.node import Answer, NodeProbe
from conformance.timeouts import TIMEOUTS


@frozen
class Shared:
    """What all legs of a run have in common. `probes` holds one per node, `addresses` what a port of that node is asked at."""

    probes: Mapping[str, NodeProbe]
    addresses: Mapping[str, str] = field(factory=dict)
    node: str = ""
    """The node that the run's legs are on."""
    secrets: tuple[str, ...] = ()
    """What is to be in no evidence."""
    pod_a: Object = field(factory=dict)
    """The manifest of the run's Pod A, which the first leg that is held against it creates."""
    rate: float = RATE
    """What an hour of one CPU costs, in USD."""
    quick: bool = False
    """Whether a pod is checked for as short as that takes: an engine that is silent is given up sooner."""
    in_vain: dict[str, ConformanceError] = field(factory=dict)
    """Approach -> why a leg of it gave up waiting for its engine: those beside it wait for the engine of the same pod."""


@define
class Pids:
    """The node's pids of the leg's processes, as they are found; 0 until then, and where there is none."""

    client: int = 0
    """The first process of the client's container."""
    daemon: int = 0
    """The first process of the engine's container, where that is one of the pod's."""
    engine: int = 0
    """The same of whichever container the engine is in, of another pod, too; 0 where it is in none: it is the node's own."""
    engine_root: int = 0
    """The process in whose root the engine that runs the child has its socket, where that is not the one that it seems to be."""
    engine_at: Mapping[str, Any] = field(factory=dict)
    """How that engine is reached where it does not answer on the usual socket: on another, or on a port alone."""


@define
class Rig:
    """One leg, what is known of it, and the probes around it, whose answers are kept."""

    cluster: Cluster
    leg: Leg
    shared: Shared
    stop: threading.Event = field(factory=threading.Event)
    """Set when the run was interrupted."""
    since: float = 0.0
    """The node's boot clock before the leg's first pod was asked for: what started earlier is none of its children."""
    pod: Object = field(factory=dict)
    child: Object = field(factory=dict)
    """The process of the leg's child that served its nonce."""
    further: dict[str, Object] = field(factory=dict)
    """The variation's further children that have been seen to serve: the child's name -> its process."""
    pids: Pids = field(factory=Pids)
    registry: str = ""
    """The address of the leg's registry, where its variation has one."""
    twin: Rig | None = None
    """The leg's second pod, whose readings are kept beside this one's under names that begin with `SECOND`."""
    _evidence: list[Evidence] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        """Make the rig of the leg's second pod, where it has one; both keep their readings in one list."""
        if second := self.leg.twin:
            self.twin = evolve(self, leg=second, further={}, pids=Pids())

    @property
    def both(self) -> tuple[Rig, ...]:
        """Return the rig, and with it that of the leg's second pod, where it has one."""
        return (self, self.twin) if self.twin else (self,)

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
        return self.shared.probes[self.pod["spec"]["nodeName"] if self.pod else self.shared.node]

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
        question, clean = (redact(each, self.shared.secrets) for each in (asked, output))
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

    def run(self, name: str, *command: str, stdin: str = "", timeout: float = 0) -> Evidence:
        """Run a program of the client's container there, as a step of a job would, and keep what it said.

        The output is {exit (None: it took longer than `timeout` seconds), stdout, stderr, seconds}. The agent's `execute`
        says how it is started, and what of the container it does not share.
        """
        timeout = timeout or TIMEOUTS.work
        about: dict[str, Any] = {"pid": self.pids.client, "command": list(command), "stdin": stdin, "limit": timeout}
        return self.ask(name, "execute", timeout=timeout + TIMEOUTS.question, **about)
