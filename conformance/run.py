"""One run, from the first object to the last look: probes, legs through pytest, record, clean-up, reports."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from attrs import define, field

from conformance import legs, plan, record
from conformance.cluster import Cluster, Object
from conformance.course import NAMESPACES, node_containers, sweep_containers
from conformance.errors import ConformanceError, NoCluster, RigError, UsageError
from conformance.legs import RUN_LABEL
from conformance.observations import State
from conformance.plugin import FOLDER, Recorder
from conformance.probes import node as probing
from conformance.probes.inventory import difference, inventory
from conformance.probes.node import NodeProbe
from conformance.report import render
from conformance.timeouts import TIMEOUTS
from conformance.wait import until
from conformance.world import images
from conformance.world.stamp import stamp

LEASES = "/apis/coordination.k8s.io/v1"
LEASE_SECONDS = 30
NAMESPACE = "conformance"
"""Of the probes and the Leases; each leg has one of its own. A namespace takes 5 s to end, so this one stays."""
INI = Path(__file__).with_name("run.ini")


@define
class Run:
    """What one run is asked to do, and how far it is."""

    cluster: Cluster
    folder: Path
    id: str
    level: str = "core"
    processes: str = "auto"
    selection: str = ""
    strict_article: bool = False
    enforce: bool = False
    probe_image: str = images.PROBE
    told: Callable[[record.Line], None] = lambda _: None
    note: Callable[[str], None] = lambda _: None
    seconds: dict[str, float] = field(factory=dict)
    _began: float = field(factory=time.monotonic)
    _probes: dict[str, NodeProbe] = field(factory=dict)

    def mark(self, what: str) -> None:
        """Note how many seconds into the run this is."""
        self.seconds[what] = round(time.monotonic() - self._began, 2)

    def go(self) -> int:
        """Run to the end and give the exit code. Whatever happens, what was made is cleaned and a footer is written."""
        writer = record.Writer(self.folder / "record.jsonl")
        why, code, interrupted = "", 0, False
        cleaned: list[str] = []
        recorder = Recorder(writer, self.told)
        try:
            with _terminable():
                try:
                    self._prepare()
                    self.mark("ready")
                    with self._lease():
                        self._pytest(recorder)
                except KeyboardInterrupt:
                    interrupted = True
                except ConformanceError as broken:
                    why, code = str(broken), broken.exit_code
                except Exception as broken:  # noqa: BLE001 -- a run ends with a footer whatever broke
                    why, code = f"{type(broken).__name__}: {broken}", 2
            interrupted = interrupted or recorder.interrupted
            self.mark("observed")
            with _uninterrupted():
                cleaned = self._clean(writer)
                self.mark("cleaned")
                if why:
                    self._keep_failure(why)
                code = self._conclude(writer, recorder, why, at_least=code, interrupted=interrupted, cleaned=cleaned)
        finally:
            writer.close()
        return code

    def probes(self) -> dict[str, NodeProbe]:
        """Create the run's namespace with a probe on every node; give them when they answer."""
        nodes = self.cluster.items("/api/v1/nodes")
        unready = sorted(n["metadata"]["name"] for n in nodes if not _is_ready(n))
        if unready or not nodes:
            remedy = "kubectl describe node; `conformance up` makes our own cluster anew"
            raise NoCluster(f"Not Ready: {', '.join(unready) or 'there is no node'}.", remedy)
        labels = {RUN_LABEL: self.id}
        if self.cluster.get(f"{NAMESPACES}/{NAMESPACE}") is None:  # `up` makes it on our own cluster
            privileged = {**labels, "pod-security.kubernetes.io/enforce": "privileged"}
            self.cluster.create(NAMESPACES, {"metadata": {"name": NAMESPACE, "labels": privileged}})
        names = [n["metadata"]["name"] for n in nodes]
        token = probing.deploy(self.cluster, NAMESPACE, self.id, names, labels, self.probe_image)
        self.mark("first pod")
        self._nodes = nodes
        self._probes = {name: NodeProbe(self.cluster, NAMESPACE, self.id, name, token) for name in names}
        for probe in self._probes.values():
            probing.wait_ready(probe)
        return self._probes

    def _prepare(self) -> None:
        """Look at the world, create probes, and write the header."""
        self.probes()
        ready = self._nodes
        workers = [n for n in ready if not _taints(n)] or ready
        leg_node = workers[0]["metadata"]["name"]
        token = next(iter(self._probes.values())).token
        world = stamp(self.cluster, self._probes, leg_node)
        self._before = {name: inventory(probe) for name, probe in self._probes.items()}
        addresses = {n["metadata"]["name"]: _address(n) for n in ready}
        catalogue = legs.catalogue()
        self._cells = plan.cells(self.level, list(catalogue))
        self._plan = plan.Plan(
            run=self.id,
            kubeconfig=str(self.cluster.kubeconfig),
            namespace=NAMESPACE,
            token=token,
            addresses=addresses,
            leg_node=leg_node,
            pin=len(workers) > 1,
            world=world,
            first_port=FIRST_PORT + secrets.randbelow(PORTS) * PORTS_A_RUN,
            folder=str(self.folder),
            strict_article=self.strict_article,
        )
        self._plan.write(self.folder / "plan.json")
        self._world = world

    _nodes: list[Object] = field(init=False, factory=list)
    _before: dict[str, dict[str, list[str]]] = field(init=False, factory=dict)
    _cells: list[plan.Cell] = field(init=False, factory=list)
    _plan: plan.Plan = field(init=False)
    _world: dict[str, Any] = field(init=False, factory=dict)

    def _header(self, selected: list[plan.Cell]) -> record.Line:
        return {
            "kind": "header",
            "schema": record.SCHEMA,
            "run": self.id,
            "version": metadata.version("conformance"),
            "started": _now(),
            "command": f"conformance run --level {self.level} -n {self.processes}"
            + (f" -k {self.selection!r}" if self.selection else "")
            + (" --strict-article" if self.strict_article else "")
            + (" --enforce" if self.enforce else ""),
            "world": self._world,
            "stand_ins": dict(images.STAND_INS),
            "approaches": {a.name: {"title": a.title, "granted": list(a.granted)} for a in legs.catalogue().values()},
            "cells": [
                {
                    "property": c.prop.id,
                    "leg": c.leg,
                    "family": c.family.name,
                    "sentence": c.family.sentence,
                }
                for c in selected
            ],
        }

    def _pytest(self, recorder: Recorder) -> None:
        args = [str(FOLDER), "-c", str(INI), "--rootdir", str(FOLDER.parent), "-p", "conformance.plugin"]
        args += ["-p", "no:cacheprovider", "-p", "no:terminal", "--conformance-level", self.level]
        args += ["--plan", str(self.folder / "plan.json"), "--junit-xml", str(self.folder / "junit.xml")]
        args += ["--alluredir", str(self.folder / "allure-results")]
        args += ["-k", self.selection] if self.selection else []
        args += ["--strict-article"] if self.strict_article else []
        selected = Selected(lambda items: recorder.writer.write(self._header(items)), self._cells)
        if self.processes != "0":
            args += ["-n", self.processes, "--dist", "loadscope", "--max-worker-restart", "0"]
        code = pytest.main(args, plugins=[recorder, selected])
        if code == pytest.ExitCode.INTERRUPTED:
            recorder.interrupted = True
        if code in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED):
            raise UsageError(f"-k {self.selection!r} selects nothing.", "conformance list shows what there is")
        if code == pytest.ExitCode.INTERNAL_ERROR:
            raise RigError("pytest broke.", f"see {self.folder}")

    @contextlib.contextmanager
    def _lease(self) -> Iterator[None]:
        """Hold a Lease while the run lasts: `clean` spares what a live Lease holds."""
        path = f"{LEASES}/namespaces/{NAMESPACE}/leases"
        body = {
            "metadata": {"name": lease_name(self.id), "labels": {RUN_LABEL: self.id}},
            "spec": _lease_spec(self.id),
        }
        self.cluster.create(path, body)
        ended = threading.Event()

        def renew() -> None:
            while not ended.wait(LEASE_SECONDS / 3):
                with contextlib.suppress(ConformanceError):
                    headers = {"Content-Type": "application/merge-patch+json"}
                    self.cluster.request(
                        "PATCH",
                        f"{path}/{lease_name(self.id)}",
                        {"spec": _lease_spec(self.id)},
                        headers=headers,
                    )

        renewing = threading.Thread(target=renew, daemon=True)
        renewing.start()
        try:
            yield
        finally:
            ended.set()
            renewing.join(TIMEOUTS.api)

    def _clean(self, writer: record.Writer) -> list[str]:
        """Take away what the run made, look again, and write down what is left on the nodes."""
        failures: list[str] = []
        try:
            remove_legs(self.cluster, self.id)
            failures += sweep(self._probes, plan.nonce_prefix(self.id))
            for name, before in self._before.items():
                for what, left in self._left(self._probes[name], before).items():
                    attributed = ", ".join(sorted({leg for one in left for leg in self._attribute(one)}))
                    line = {
                        "kind": "residue",
                        "node": name,
                        "what": what,
                        "left": left,
                        "attributed": attributed,
                    }
                    writer.write(line)
        except ConformanceError as broken:
            failures.append(str(broken))
        try:
            failures += remove_run(self.cluster, self.id)
        except ConformanceError as broken:
            failures.append(str(broken))
        (self.folder / "plan.json").unlink(missing_ok=True)
        (self.folder / "cpu.lock").unlink(missing_ok=True)
        return failures

    def _left(self, probe: NodeProbe, before: dict[str, list[str]]) -> dict[str, list[str]]:
        """Give the difference of two inventories; kubelet gets its usual time for the pods' directories."""
        end = time.monotonic() + TIMEOUTS.reclaimed
        while True:
            left = difference(before, inventory(probe))
            if "pod directories" not in left or time.monotonic() > end:
                return left

    def _attribute(self, name: str) -> list[str]:
        """Give the legs whose namespace a left-over's name holds."""
        return [c.leg for c in self._cells if name.startswith(f"conformance-{self.id}-{c.approach}-{c.kind}_")]

    def _keep_failure(self, why: str) -> None:
        folder = self.folder / "diagnostics"
        folder.mkdir(exist_ok=True)
        (folder / "run.json").write_text(json.dumps({"failed": why, "world": self._world}, indent=1), encoding="utf-8")

    def _conclude(
        self, writer: record.Writer, recorder: Recorder, why: str, *, at_least: int, interrupted: bool, cleaned: list[str]
    ) -> int:
        if not (self.folder / "record.jsonl").stat().st_size:
            world = self._world or {**UNKNOWN_WORLD}
            self._world = world
            writer.write(self._header(self._cells))
        so_far = record.read(self.folder / "record.jsonl")
        code, reason = conclude(
            so_far,
            enforce=self.enforce,
            interrupted=interrupted,
            broken=why or "; ".join(recorder.crashed),
            cleaned=cleaned,
        )
        code = max(code, at_least)
        self.mark("end")
        footer = {
            "kind": "footer", "ended": _now(), "exit_code": code, "why": reason, "interrupted": interrupted,
            "cleaned": cleaned, "seconds": self.seconds,
        }  # fmt: skip
        writer.write(footer)
        return code


FIRST_PORT, PORTS_A_RUN, PORTS = 20000, 20, 400
"""Published ports are chosen at random from 20000 to 28000, below the kernel's ephemeral range and kube's NodePorts."""
UNKNOWN_WORLD = {
    "cgroup": "unknown",
    "kubernetes": "unknown",
    "runtime": "unknown",
    "kernel": "unknown",
    "leg_node": "",
    "nodes": [],
}


@define
class Selected:
    """Writes the header once it is known which cells will be judged."""

    write: Callable[[list[plan.Cell]], None]
    cells: list[plan.Cell]
    written: bool = False

    @pytest.hookimpl(tryfirst=True, optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Take a worker's collection: under xdist the controller collects nothing."""
        self._write({i.rpartition("::")[2].partition("@")[0] for i in ids})

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Take this process's own collection."""
        if session.items:
            self._write({item.name for item in session.items})

    def _write(self, names: set[str]) -> None:
        if not self.written:
            self.written = True
            self.write([cell for cell in self.cells if cell.name in names])


def conclude(
    seen: record.Record, *, enforce: bool = False, interrupted: bool, broken: str, cleaned: list[str]
) -> tuple[int, str]:
    """Give the exit code, highest that applies, and one sentence why (design.md, Outcomes)."""
    if interrupted:
        return 2, "the run was interrupted"
    if broken:
        return 2, broken
    if not seen.observations:
        return 2, "nothing was judged"
    if seen.lost:
        names = ", ".join(f"{c['property']}[{c['leg']}]" for c in seen.lost)
        return 2, f"never judged: {names}"
    undecided = [o for o in seen.observations if o["state"] in UNDECIDED and not o["as_expected"]]
    if undecided:
        first = undecided[0]
        return 2, f"{len(undecided)} undecided, first {first['property']}[{first['leg']}]: {first['reason']}"
    unknown = [o for o in seen.observations if o["expected"] is None]
    if unknown:
        return 2, unknown[0]["why_expected"]
    if cleaned:
        return 2, f"not cleaned: {'; '.join(cleaned)}"
    skipped = [o for o in seen.observations if o["state"] == State.NOT_APPLICABLE.value]
    if enforce and skipped:
        return (
            1,
            f"--enforce: {len(skipped)} not applicable, first {skipped[0]['property']}: {skipped[0]['reason']}",
        )
    other = [o for o in seen.observations if not o["as_expected"]]
    if other:
        first = other[0]
        why = f"{first['property']}[{first['leg']}] is {first['state']}, expected {first['expected']}"
        return 1, f"{len(other)} other than expected, first {why}"
    return 0, f"all {len(seen.observations)} observations are as expected"


UNDECIDED = {State.INCONCLUSIVE.value, State.ERROR.value, State.MIXED.value}


def lease_name(run: str) -> str:
    """Give the name of a run's Lease."""
    return f"run-{run}"


def remove_legs(cluster: Cluster, run: str) -> None:
    """Ask for the end of every namespace of a run's legs, their pods first and at once."""
    for namespace in cluster.items(NAMESPACES, labelSelector=f"{RUN_LABEL}={run}"):
        name = namespace["metadata"]["name"]
        if name == NAMESPACE:
            continue
        for pod in cluster.items(f"{NAMESPACES}/{name}/pods"):
            cluster.delete(f"{NAMESPACES}/{name}/pods/{pod['metadata']['name']}", 0)
        if "deletionTimestamp" not in namespace["metadata"]:
            cluster.delete(f"{NAMESPACES}/{name}")


def sweep(probes: dict[str, NodeProbe], mark: str) -> list[str]:
    """Remove a run's containers from the nodes' daemons and look again; give what is still there, in words."""
    failures = []
    for probe in probes.values():
        try:
            sweep_containers(probe, mark)
            failures += [f"container {left} on {probe.node}" for left in sweep_containers(probe, mark)]
        except ConformanceError as broken:
            failures.append(str(broken))
    return failures


def remove_run(cluster: Cluster, run: str) -> list[str]:
    """Remove every object of a run, found by label; then look again.

    Gives what is still there, in words; empty is the proof.
    """
    selector = {"labelSelector": f"{RUN_LABEL}={run}"}
    remove_legs(cluster, run)
    collections = [f"{NAMESPACES}/{NAMESPACE}/{kind}" for kind in ("pods", "configmaps", "secrets")]
    collections.append(f"{LEASES}/namespaces/{NAMESPACE}/leases")
    for collection in collections:
        for found in cluster.items(collection, **selector):
            cluster.delete(f"{collection}/{found['metadata']['name']}", 0)
    own = cluster.get(f"{NAMESPACES}/{NAMESPACE}")
    if own and own["metadata"].get("labels", {}).get(RUN_LABEL) == run:
        cluster.delete(f"{NAMESPACES}/{NAMESPACE}")

    def left() -> list[str]:
        return [
            f"{collection.rpartition('/')[2]} {found['metadata']['name']}"
            for collection in [NAMESPACES, *collections]
            for found in cluster.items(collection, **selector)
        ]

    with contextlib.suppress(ConformanceError):
        until("The end of the run's objects", lambda: not left(), seconds=TIMEOUTS.clean, every=0.1)
    return left()


def clean(cluster: Cluster, reports: Path) -> tuple[list[str], list[str]]:
    """Remove what any run ever made, but for runs whose Lease is alive: by label, and by the records under reports.

    Gives what was removed and what is still there after a second look. Its own probes are a run's, and go too.
    """
    own = new_id()
    cleaner = Run(cluster, reports, own)
    removed: list[str] = []
    left: list[str] = []
    spared: set[str] = set()
    try:
        probes = cleaner.probes()
        for run in sorted(_runs(cluster) - {own}):
            if live(cluster.get(f"{LEASES}/namespaces/{NAMESPACE}/leases/{lease_name(run)}")):
                spared.add(run)
                removed.append(f"nothing of run {run}: it is alive")
                continue
            left += remove_run(cluster, run)
            removed.append(f"the objects of run {run}")
        for name, probe in probes.items():
            for found in _abandoned(probe, spared, reports):
                sweep_containers(probe, found["nonce"])
                removed.append(f"container {found['id'][:12]} on {name}")
            left += [f"container {found['id'][:12]} on {name}" for found in _abandoned(probe, spared, reports)]
    finally:
        left += remove_run(cluster, own)
    return removed, left


def _runs(cluster: Cluster) -> set[str]:
    collections = [
        NAMESPACES,
        *(f"{NAMESPACES}/{NAMESPACE}/{kind}" for kind in ("pods", "configmaps", "secrets")),
    ]
    return {found["metadata"]["labels"][RUN_LABEL] for c in collections for found in cluster.items(c, labelSelector=RUN_LABEL)}


def _abandoned(probe: NodeProbe, spared: set[str], reports: Path) -> list[Object]:
    """Give the containers on a node that are some run's, but of no run that is alive."""
    living = tuple(plan.nonce_prefix(run) for run in spared)
    return [one for one in node_containers(probe) if not one["nonce"].startswith(living) and _ours(one, reports)]


def _ours(found: Object, reports: Path) -> bool:
    """Say whether a container is a run's: by its nonce's form, or because a record under reports holds that nonce."""
    if found["nonce"].startswith("conformance-"):
        return True
    wanted = f'"nonce": {json.dumps(found["nonce"])}'
    return any(wanted in file.read_text(encoding="utf-8") for file in reports.glob("*/record.jsonl"))


def _lease_spec(holder: str) -> Object:
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"holderIdentity": holder, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": now}


def live(lease: Object | None) -> bool:
    """Say whether a Lease is still being renewed."""
    if lease is None:
        return False
    renewed = dt.datetime.fromisoformat(lease["spec"]["renewTime"])
    return dt.datetime.now(dt.UTC) - renewed < dt.timedelta(seconds=LEASE_SECONDS)


def new(reports: Path, run: str) -> Path:
    """Make a run's folder under reports and give it. Raises `UsageError` where that cannot be."""
    stamp_ = dt.datetime.now(dt.UTC).strftime("%Y%m%d-%H%M%S")
    folder = reports / f"{stamp_}-{run}"
    try:
        folder.mkdir(parents=True)
    except OSError as broken:
        raise UsageError(f"The report's folder {folder} cannot be made: {broken}.", "--reports DIR") from broken
    return folder


def new_id() -> str:
    """Give a run's id."""
    return secrets.token_hex(4)


def finish(folder: Path) -> record.Record:
    """Render every report of a run's folder, let `latest` point to it, and give the record."""
    read = record.read(folder / "record.jsonl")
    render.everything(read, folder)
    latest = folder.parent / "latest"
    temporary = folder.parent / f".latest-{os.getpid()}"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(folder.name)
    temporary.replace(latest)
    return read


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end a run as Ctrl-C does: everything is cleaned and the footer says so."""

    def interrupt(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let nothing but SIGKILL cut the clean-up short."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _is_ready(node: Object) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"].get("conditions", []))


def _taints(node: Object) -> bool:
    unschedulable = any(t["effect"] in ("NoSchedule", "NoExecute") for t in node["spec"].get("taints", []))
    return unschedulable or bool(node["spec"].get("unschedulable"))


def _address(node: Object) -> str:
    return next(str(a["address"]) for a in node["status"]["addresses"] if a["type"] == "InternalIP")
