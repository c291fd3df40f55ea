"""One run, from the first object to the last look: probes, legs through pytest, record, clean-up, reports."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import json
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

from conformance import images, suite
from conformance.analysis.outcome import conclude
from conformance.approaches.catalogue import catalogue
from conformance.choices import RATE
from conformance.claims.observations import error
from conformance.cleanup import objects
from conformance.cleanup.objects import NAMESPACE
from conformance.cleanup.residue import Owners, ledger, left_before, tells, waiting_for
from conformance.cluster import leases
from conformance.cluster.api import NAMESPACES, Cluster, Object
from conformance.cluster.leases import RUN_LABEL
from conformance.cluster.notes import noted, stand_ins
from conformance.errors import ConformanceError, NoCluster, ProbeLost, RigError, TimedOut, UsageError
from conformance.legs import naming
from conformance.legs.deploy import create_pod
from conformance.legs.variations import KINDS
from conformance.probes import deploy as probing
from conformance.probes import node_engine
from conformance.probes.inventory import inventory
from conformance.probes.node import NODE_SOCKET, NodeProbe
from conformance.record import stream
from conformance.run import plan
from conformance.run.plugin import FOLDER, Recorder
from conformance.run.ports import FIRST_PORTS, PORTS, PORTS_A_RUN
from conformance.run.selected import Selected
from conformance.run.stamp import engines, stamp
from conformance.suite import observation_line
from conformance.timeouts import TIMEOUTS
from conformance.wait import uninterrupted, until

INI = Path(__file__).with_name("run.ini")


UNKNOWN_WORLD: Mapping[str, Any] = {
    "cgroup": "unknown",
    "kubernetes": "unknown",
    "runtime": "unknown",
    "kernel": "unknown",
    "leg_node": "",
    "nodes": [],
}


@define
class Run:
    """What one run is asked to do, and how far it is."""

    cluster: Cluster
    folder: Path
    id: str
    level: str = "core"
    processes: str = "0"
    selection: str = ""
    repeats: int = 1
    strict_article: bool = False
    enforce: bool = False
    rate: float = RATE
    """What an hour of one CPU costs, in USD."""
    images: Mapping[str, str] = field(factory=dict)
    """Public name of an image -> the reference to use in its place, where the user gave one."""
    asked_world: str = ""
    """Where the cluster is, where the user named it so."""
    told: Callable[[stream.Line], None] = lambda _: None
    why: str = ""
    """When it has ended: one sentence why its exit code is what it is."""
    seconds: dict[str, float] = field(factory=dict)
    _began: float = field(factory=time.monotonic)
    _namespace: str = ""
    _references: Mapping[str, str] = field(factory=dict)
    """What is used in an image's place: as `up` noted it on a cluster of ours, or as the user gave it."""
    _ports: range = range(0)
    _nodes: list[Object] = field(factory=list)
    _probes: dict[str, NodeProbe] = field(factory=dict)
    _before: dict[str, dict[str, list[str]]] = field(factory=dict)
    _own: dict[str, str] = field(factory=dict)
    """Uid of a pod that is of no leg -> what it is."""
    _others: set[str] = field(factory=set)
    _cells: list[suite.Cell] = field(factory=list)
    _world: dict[str, Any] = field(factory=lambda: {**UNKNOWN_WORLD})
    _stand_ins: dict[str, str] = field(factory=dict)
    _preflight: list[dict[str, str]] = field(factory=list)

    def mark(self, what: str) -> None:
        """Note how many seconds into the run this is."""
        self.seconds[what] = round(time.monotonic() - self._began, 2)

    def _looked_at(self, what: str, found: str) -> None:
        """Note one thing that was looked at before the first leg. What a run cannot go on with is raised, not noted."""
        self._preflight.append({"what": what, "found": found})

    def go(self) -> int:
        """Run to the end and return the exit code. Whatever happens, what was made is cleaned and a footer is written.

        Raises `UsageError`, and leaves no folder, where nothing is selected: the cluster has not been touched then.
        """
        writer = stream.Writer(self.folder / "record.jsonl")
        broken, code, interrupted = "", 0, False
        recorder = Recorder(writer, self.told)
        self._cells = suite.cells(self.level, list(catalogue()), self.repeats)
        try:
            try:
                with contextlib.ExitStack() as renewed:
                    begin = functools.partial(self._begin, renewed)
                    if self.selection:  # whether it selects anything is known before the cluster is touched
                        self._pytest(recorder, begin)
                    else:
                        begin()
                        self._pytest(recorder)
            except KeyboardInterrupt:
                interrupted = True
            except ConformanceError as failed:
                if isinstance(failed, UsageError) and not self._namespace:
                    shutil.rmtree(self.folder)
                    raise
                broken, code = str(failed), failed.exit_code
            except OSError as failed:
                broken, code = f"A file of the run cannot be written: {failed}.", RigError.exit_code
            except Exception as failed:  # noqa: BLE001 -- a run ends with a footer whatever broke
                broken, code = f"{type(failed).__name__}: {failed}", 2
            interrupted = interrupted or recorder.interrupted
            broken = recorder.broken or broken or "; ".join(recorder.crashed)
            self.mark("observed")
            with uninterrupted():
                self._keep_failure(broken, recorder.traceback)
                cleaned = self._clean(writer)
                self.mark("cleaned")
                code = max(
                    code,
                    self._conclude(writer, broken, usage=code == UsageError.exit_code, interrupted=interrupted, cleaned=cleaned),
                )
        finally:
            writer.close()
        return code

    def _begin(self, renewed: contextlib.ExitStack) -> None:
        """Touch the cluster: take the Lease, which is then renewed, and ask for the probes."""
        self.settle()
        renewed.enter_context(self._renewed())
        self._create_probes()

    def settle(self) -> None:
        """Find or make the namespace of this run's probes and its Lease, and take the Lease."""
        ours = self.cluster.get(f"{NAMESPACES}/{NAMESPACE}")
        self._namespace = NAMESPACE if ours else f"{NAMESPACE}-{self.id}"
        labels = {RUN_LABEL: self.id}
        if not ours:
            privileged = {**labels, "pod-security.kubernetes.io/enforce": "privileged"}
            self.cluster.create(NAMESPACES, {"metadata": {"name": self._namespace, "labels": privileged}})
        self._stand_ins = stand_ins(self.cluster, self.images)
        self._references = {**noted(self.cluster, "images"), **self.images}
        metadata_ = {"name": leases.name(self.id), "labels": labels}
        self.cluster.create(self._leases, {"metadata": metadata_, "spec": leases.spec()})

    @property
    def _leases(self) -> str:
        return f"{leases.API}/namespaces/{self._namespace}/leases"

    def _patch_lease(self, change: Object) -> None:
        headers = {"Content-Type": "application/merge-patch+json"}
        self.cluster.request("PATCH", f"{self._leases}/{leases.name(self.id)}", change, headers=headers)

    @contextlib.contextmanager
    def _renewed(self) -> Iterator[None]:
        """Renew the Lease while the run lasts: `clean` spares what a live Lease holds, and `down` its cluster."""
        ended = threading.Event()

        def renew() -> None:
            while not ended.wait(leases.RENEWAL):
                with contextlib.suppress(ConformanceError):
                    self._patch_lease({"spec": leases.spec()})

        renewing = threading.Thread(target=renew, daemon=True)
        renewing.start()
        try:
            yield
        finally:
            ended.set()
            renewing.join(TIMEOUTS.api)

    def probes(self) -> dict[str, NodeProbe]:
        """Create a probe on every node, in the run's namespace; return them when they answer."""
        self._create_probes()
        return self._await_probes()

    def _create_probes(self) -> None:
        """Create a probe on every node, in the run's namespace, and wait for none: pytest starts meanwhile."""
        with contextlib.suppress(TimedOut):  # what the nodes are then is said below
            until("The nodes' taints", self._settled, seconds=TIMEOUTS.ended, every=0.5)
        unready = sorted(n["metadata"]["name"] for n in self._nodes if not _is_ready(n))
        if unready or not self._nodes:
            remedy = "kubectl describe node; `conformance up` makes our own cluster anew"
            raise NoCluster(f"Not Ready: {', '.join(unready) or 'there is no node'}.", remedy)
        names = [n["metadata"]["name"] for n in self._nodes]
        self._looked_at("nodes that are Ready", ", ".join(names))
        image = self._references.get(images.PROBE, images.PROBE)
        token = probing.deploy(self.cluster, self._namespace, self.id, names, {RUN_LABEL: self.id}, image)
        self.mark("first pod")
        self._probes = {name: NodeProbe(self.cluster, self._namespace, self.id, name, token) for name in names}

    def _await_probes(self) -> dict[str, NodeProbe]:
        """Return the probes when each of them answers."""
        for probe in self._probes.values():
            probing.wait_ready(probe)
        self._looked_at("node probes that answer", f"{len(self._probes)} of {len(self._probes)}")
        return self._probes

    def _settled(self) -> bool:
        """Look at the nodes; say whether none is Ready and still has the taint of one that is not, which is taken off later."""
        self._nodes = self.cluster.items("/api/v1/nodes")
        keys = {taint["key"] for n in self._nodes if _is_ready(n) for taint in n["spec"].get("taints", [])}
        return not keys & NOT_READY

    def _prepare(self) -> plan.Plan:
        """Look at the world, let the API server check every approach that is selected, and return the plan.

        What does not hang on one another is asked at the same time: most of each question is waiting for its answer.
        """
        probes = self._await_probes()
        workers = [n["metadata"]["name"] for n in self._nodes if not _taints(n)]
        if not workers:
            names = ", ".join(sorted(probes))
            raise NoCluster(f"No node takes ordinary pods: {names} are tainted or cordoned.", "kubectl uncordon NODE")
        with ThreadPoolExecutor(LOOKS_AT_ONCE) as looks:
            before = {name: looks.submit(inventory, probe) for name, probe in probes.items()}
            listening = [looks.submit(probe.ask, "listening") for probe in probes.values()]
            said = looks.map(lambda name: probes[name].engine(), workers)
            silent = {name: why for name, why in zip(workers, said, strict=True) if why}
            leg_node = next((name for name in workers if name not in silent), workers[0])
            stamped = looks.submit(stamp, self.cluster, probes, leg_node)
            own = looks.submit(engines, probes[leg_node], self._references)
            unavailable = self._unavailable(workers, silent)
            first_port = self._first_port({port for one in listening for port in one.result().output})
            printed = "stand-in" if images.DIND_2017 in self._stand_ins else "original"
            self._world = {**stamped.result(), "printed": printed, **own.result()}
            self._looked_at("node that the legs are on", leg_node)
            made = plan.Plan(
                run=self.id,
                kubeconfig=str(self.cluster.kubeconfig or ""),
                context=self.cluster.context,
                namespace=self._namespace,
                token=next(iter(probes.values())).token,
                addresses={n["metadata"]["name"]: _address(n) for n in self._nodes},
                leg_node=leg_node,
                rate=self.rate,
                pin=len(workers) > 1,
                world=self._world,
                first_port=first_port,
                folder=str(self.folder),
                images=dict(self._references),
                unavailable=unavailable,
            )
            asked = sorted({cell.approach for cell in self._cells} - {*unavailable})
            list(looks.map(functools.partial(self._check, made), asked))
            self._before = {name: look.result() for name, look in before.items()}
        if self._world["cgroup"] == "v2":  # elsewhere a node's own engine has its containers in one of these
            found = left_before(self._before) or "nothing"
            self._looked_at("at the root of the nodes' cgroups, of engines in pods of runs before this one", found)
        self._looked_at("pods of approaches that the API server takes (dry run)", ", ".join(asked))
        made.write(self.folder / "plan.json")
        self.mark("ready")
        return made

    def _unavailable(self, workers: list[str], silent: Mapping[str, str]) -> dict[str, str]:
        """Return why each approach that cannot be had here cannot; `silent` says of nodes why their engine does not answer."""
        approaches = catalogue().values()
        said = "; ".join(f"{name}: {reason}" for name, reason in silent.items())
        self._looked_at("nodes that take ordinary pods", ", ".join(workers))
        self._looked_at(f"Docker Engine on {NODE_SOCKET} of such nodes", said or "answers on each")
        why = f"no node's Docker Engine answers on {NODE_SOCKET} ({said}); `conformance up` makes a cluster whose nodes have one"
        unavailable = {a.name: why for a in approaches if a.spawns and not a.daemon and len(silent) == len(workers)}
        if self._namespace != NAMESPACE:
            unavailable = {**{a.name: TAG_IS_THEIRS for a in approaches if a.marks_image}, **unavailable}
        return unavailable

    def _check(self, made: plan.Plan, approach: str) -> None:
        """Let the API server check an approach's pod."""
        leg = made.leg(catalogue()[approach], next(iter(KINDS)), 0, approach)
        create_pod(self.cluster, leg, check_in=self._namespace)

    def _first_port(self, busy: set[int]) -> int:
        """Choose the run's ports: none that is busy on a node, and none that another run has chosen. The Lease says which."""
        others = objects.alive(self.cluster)
        self._others = set(others) - {self.id}
        chosen = {lease["metadata"].get("annotations", {}).get(leases.PORT_NOTE) for lease in others.values()}
        free = [first for first in FIRST_PORTS if str(first) not in chosen and busy.isdisjoint(range(first, first + PORTS_A_RUN))]
        if not free:
            span = f"{PORTS.start} and {PORTS.stop}"
            raise RigError(
                f"A run publishes {PORTS_A_RUN} ports in a row on the nodes; between {span} none such are free on all of them.",
                "see what listens there (`ss -ltnp` on the nodes), and end it",
            )
        first = secrets.choice(free)
        self._ports = range(first, first + PORTS_A_RUN)
        self._patch_lease({"metadata": {"annotations": {leases.PORT_NOTE: str(first)}}})
        self._looked_at("ports that nothing listens on, on any node", f"{first} to {first + PORTS_A_RUN - 1}")
        self._looked_at("other runs at work on this cluster", ", ".join(sorted(self._others)) or "none")
        return first

    def _header(self, selected: list[suite.Cell]) -> stream.Line:
        command = f"conformance run --level {self.level} -n {self.processes}"
        command += f" --world {self.asked_world}" if self.asked_world else ""
        command += f" --context {self.cluster.context} --allow-privileged" if self.cluster.context else ""
        command += "".join(f" --image {name}={reference}" for name, reference in self.images.items())
        command += f" -k {self.selection!r}" if self.selection else ""
        command += f" --repeat {self.repeats}" if self.repeats > 1 else ""
        command += f" --rate {self.rate:g}" if self.rate != RATE else ""
        command += " --strict-article" if self.strict_article else ""
        command += " --enforce" if self.enforce else ""
        return {
            "kind": "header",
            "schema": stream.SCHEMA,
            "run": self.id,
            "version": metadata.version("conformance"),
            "started": _now(),
            "command": command,
            "world": self._world,
            "stand_ins": self._stand_ins,
            "preflight": self._preflight,
            "claims": suite.claim_lines(self.level, selected),
            "approaches": {
                a.name: {"title": a.title, "granted": list(a.granted), "spawns": a.spawns} for a in catalogue().values()
            },
            "cells": [
                {
                    "property": c.prop.id,
                    "leg": c.leg,
                    "family": c.family.name,
                    "sentence": c.family.sentence,
                    "predicted": _predicted(c),
                }
                for c in selected
            ],
        }

    def _pytest(self, recorder: Recorder, begin: Callable[[], None] = lambda: None) -> None:
        """Let pytest collect, begin and look at the world when it is known what is selected, and let it run that."""
        args = [str(FOLDER), "-c", str(INI), "--rootdir", str(FOLDER.parent), "-p", "conformance.run.plugin"]
        # Nothing that is installed beside the suite takes part, and nothing is captured: a run's own table is drawn meanwhile.
        args += ["--disable-plugin-autoload", "-p", "allure_pytest", "-p", "timeout", "--capture", "no"]
        args += ["-p", "no:cacheprovider", "-p", "no:terminal", "--conformance-level", self.level]
        args += ["--plan", str(self.folder / "plan.json"), "--junit-xml", str(self.folder / "junit.xml")]
        args += ["--alluredir", str(self.folder / "allure-results")]
        args += ["--conformance-repeat", str(self.repeats)]
        args += ["-k", self.selection] if self.selection else []
        args += ["--strict-article"] if self.strict_article else []

        def selected(cells: list[suite.Cell]) -> None:
            begin()
            self._cells = cells
            self._prepare()
            header = self._header(cells)
            recorder.writer.write(header)
            self.told(header)

        if self.processes != "0":
            args += ["-p", "xdist", "-n", self.processes, "--dist", "loadscope", "--max-worker-restart", "0"]
        code = pytest.main(args, plugins=[recorder, Selected(selected, self._cells)])
        if recorder.failed:
            raise recorder.failed
        if code == pytest.ExitCode.INTERRUPTED:
            recorder.interrupted = True
        if code == pytest.ExitCode.USAGE_ERROR:
            raise UsageError(f"-k {self.selection!r} is no expression that pytest reads.", "as in -k 'P2-13 and not dind'")
        if code == pytest.ExitCode.NO_TESTS_COLLECTED:
            raise UsageError(f"-k {self.selection!r} selects nothing.", "conformance list shows what there is")

    def _clean(self, writer: stream.Writer) -> list[str]:
        """Take away what the run made, look again, and write down what is left on the nodes."""
        (self.folder / "plan.json").unlink(missing_ok=True)
        if not self._namespace:
            return []
        failures: list[str] = []
        try:
            baseline = objects.persistently("An answer of the API server", lambda: objects.remove_legs(self.cluster, self.id))
            self._own = dict.fromkeys(baseline, "Pod A, the baseline")
        except ConformanceError as silent:
            return [f"{silent.sentence} Nothing could be removed: `conformance clean` does it when the cluster answers."]
        try:
            if self._before:  # no leg begins before the nodes were looked at
                failures += self._clean_nodes(writer)
        except ConformanceError as broken:
            failures.append(str(broken))
        try:
            what = "The end of the run's objects"
            failures += objects.persistently(what, lambda: objects.remove_run(self.cluster, self.id))
        except ConformanceError as broken:
            failures.append(str(broken))
        return failures

    def _clean_nodes(self, writer: stream.Writer) -> list[str]:
        """Sweep the nodes' engines and write down what is left on the nodes; return what could not be removed, in words."""
        self._revive_probes()
        swept = objects.sweep(self._probes, naming.nonce_prefix(self.id))
        for probe in self._probes.values() if self._ports else ():
            node_engine.forget_ports(probe, [self._ports])
        owners = self._owners(swept.others)
        for name, before in self._before.items():
            for line in self._left(self._probes[name], before, owners):
                writer.write(line)
        return swept.left

    def _revive_probes(self) -> None:
        """Replace the probes if one of them is lost: what a leg left on a node's engine is removed through them."""
        try:
            for probe in self._probes.values():
                probe.ask("clock")
        except ProbeLost:
            objects.remove_probes(self.cluster, self._namespace, self.id)
            self.probes()

    def _owners(self, made: list[Object]) -> Owners:
        """Tell what on a node is whose: this run's legs, and other runs that are or were at work meanwhile."""
        others = (set(objects.alive(self.cluster)) | self._others) - {self.id}
        read = stream.read(self.folder / "record.jsonl", tells)
        return Owners.of(self.id, read, others, self.cluster.items("/api/v1/pods"), made).and_of(self._own)

    def _left(self, probe: NodeProbe, before: dict[str, list[str]], owners: Owners) -> list[stream.Line]:
        """Return the difference of two inventories as lines; kubelet gets its usual time for the ends of the run's pods."""
        end = time.monotonic() + TIMEOUTS.reclaimed
        while True:
            after = inventory(probe)
            # Listed once more: a pod that came while the node was looked at must not be taken for the run's.
            owners = owners.beside(self.cluster.items("/api/v1/pods"))
            if not waiting_for(before, after, owners) or time.monotonic() > end:
                return ledger(probe.node, before, after, owners)

    def _keep_failure(self, why: str, traceback: str) -> None:
        if why:
            kept = {"failed": why, "traceback": traceback, "world": self._world}
            folder = self.folder / "diagnostics"
            with contextlib.suppress(OSError):  # a full disk is why
                folder.mkdir(exist_ok=True)
                (folder / "run.json").write_text(json.dumps(kept, indent=1), encoding="utf-8")

    def _conclude(self, writer: stream.Writer, broken: str, *, usage: bool, interrupted: bool, cleaned: list[str]) -> int:
        """Write what is said of cells that nobody came to judge, and the footer; give the exit code.

        On a disk that is full neither can be written: the record then is, and is read as, an interrupted run's.
        """
        try:
            if not (self.folder / "record.jsonl").stat().st_size:
                writer.write(self._header(self._cells))
            seen = stream.read(writer.path, stream.nothing)
            lost = {(c["property"], c["leg"]) for c in seen.lost}
            if not interrupted and not usage:
                for cell in self._cells:
                    if (cell.prop.id, cell.leg) in lost:
                        said = error(f"not judged: {broken or 'nobody came to judge it'}")
                        writer.write(observation_line(cell, said, self._world, strict=self.strict_article))
                seen = stream.read(writer.path, stream.nothing) if lost else seen
            code, self.why = conclude(seen, enforce=self.enforce, interrupted=interrupted, broken=broken, cleaned=cleaned)
            self.mark("end")
            footer = {
                "kind": "footer", "ended": _now(), "exit_code": UsageError.exit_code if usage else code, "why": self.why,
                "interrupted": interrupted, "cleaned": cleaned, "seconds": self.seconds,
            }  # fmt: skip
            writer.write(footer)
        except RigError as failed:
            self.why = broken or str(failed)
            return 2
        return code


TAG_IS_THEIRS = (
    f"{images.CHILD} on the node's engine would be another image for as long as the leg lasts; that is only done to the "
    "engines of a cluster that `conformance up` made"
)
LOOKS_AT_ONCE = 4
"""Questions before the first leg that are asked at the same time."""


def _predicted(cell: suite.Cell) -> str | None:
    """Return what the property's source predicts of the cell's approach, None where it is silent."""
    predicted = cell.prop.predicts.get(cell.approach)
    return predicted.value if predicted else None


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _is_ready(node: Object) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"].get("conditions", []))


NOT_READY = {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}
"""Taints of a node that is not Ready; the node controller looks every 5 s (--node-monitor-period)."""


def _taints(node: Object) -> bool:
    unschedulable = any(t["effect"] in ("NoSchedule", "NoExecute") for t in node["spec"].get("taints", []))
    return unschedulable or bool(node["spec"].get("unschedulable"))


def _address(node: Object) -> str:
    return next(str(a["address"]) for a in node["status"]["addresses"] if a["type"] == "InternalIP")
