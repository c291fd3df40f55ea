"""What the tests on the cluster share: the command line, kubectl, the nodes, and a look at everything that may be left."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conformance.cleanup.residue import Owners, astray
from conformance.cluster import leases
from conformance.probes.agent.programs import rule_names
from conformance.record import stream
from conformance.report import files
from conformance.world import kind

ROOT = Path(__file__).parents[2]
CLI = [str(Path(sys.executable).with_name("conformance"))]
RUN_SECONDS = 300
Done = subprocess.CompletedProcess[str]


def conformance(*args: str, timeout: float = RUN_SECONDS, env: dict[str, str] | None = None, cwd: Path | None = None) -> Done:
    return subprocess.run([*CLI, *args], capture_output=True, text=True, timeout=timeout, check=False, env=env, cwd=cwd)


def run_with(folder: Path, name: str, before: str, after: str, *args: str, command: str = "run") -> Done:
    """Run a copy of the suite in which a text of one of its files is another one; its reports are in the folder."""
    for package in ("conformance", "scenarios"):
        shutil.copytree(ROOT / package, folder / package)
    shutil.copy(ROOT / "kind-config.yaml", folder)
    file = folder / name
    text = file.read_text(encoding="utf-8")
    assert text.count(before) == 1
    file.write_text(text.replace(before, after), encoding="utf-8")
    program = [sys.executable, "-c", "from conformance.cli import main; main()", command, *args]
    return subprocess.run(program, cwd=folder, capture_output=True, text=True, check=False, timeout=RUN_SECONDS)


def start(reports: Path, *args: str) -> subprocess.Popen[str]:
    """Start a run in a session of its own, so that a signal can be sent to all of it."""
    return subprocess.Popen(
        [*CLI, "run", "--reports", str(reports), *args],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip


def cluster() -> kind.KindCluster:
    existing = kind.existing()
    assert existing is not None
    return existing


def kubectl(*args: str) -> str:
    return kind.kubectl(cluster(), *args, timeout=90)


def objects(*args: str) -> list[dict[str, Any]]:
    """Return the objects that `kubectl get ARGS` lists."""
    return list(json.loads(kubectl("get", *args, "-o", "json"))["items"])


def nodes() -> list[str]:
    return [node["metadata"]["name"] for node in objects("nodes")]


def worker() -> str:
    return f"{cluster().name}-worker"


def control_plane() -> str:
    return f"{cluster().name}-control-plane"


def on(node: str, *command: str, check: bool = True) -> str:
    """Run a command in a node and give its stdout."""
    return subprocess.run(["docker", "exec", node, *command], capture_output=True, text=True, check=check, timeout=60).stdout


def wait(what: str, seen: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < end, f"{what} was not seen within {seconds:g} s"
        time.sleep(0.1)


def run_id(reports: Path) -> str:
    """Return the id of the newest run that keeps its record under reports; "none" while there is none."""
    return max((report.name for report in reports.glob("*-*-*")), default="-none").rpartition("-")[2]


def its(kind_: str, reports: Path, label: str = "conformance/leg") -> list[dict[str, Any]]:
    """Return the objects of a kind that the newest run under reports has made, with a label."""
    return objects(kind_, "-A", "-l", f"{label},conformance/run={run_id(reports)}")


def its_child_runs(reports: Path) -> bool:
    """Return whether a pod of a leg of the newest run under reports is running."""
    return any(pod["status"].get("phase") == "Running" for pod in its("pods", reports))


def newest(reports: Path) -> stream.Record:
    """Return the record of the newest run under reports: one that judged nothing is not `latest`."""
    return stream.read(max(reports.glob("*-*-*")) / "record.jsonl")


def latest(reports: Path) -> stream.Record:
    return stream.read(reports / "latest" / "record.jsonl")


def selfchecked(reports: Path) -> stream.Record:
    """Return the record of the last selfcheck beside the runs under reports."""
    return stream.read(reports / files.SELFCHECK)


def states(read: stream.Record) -> dict[str, str]:
    return {f"{o['property']}[{o['leg']}]": o["state"] for o in read.observations}


def diagnostics(reports: Path) -> str:
    """Return all that was kept of the newest run's failure, as text."""
    folder = max(reports.glob("*-*-*")) / "diagnostics"
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.json")))


LOOK = r"""
echo @containers; docker ps -aq --no-trunc
echo @volumes; docker volume ls -q
echo @networks; docker network ls --format '{{.Name}}'
echo @images; docker images --format '{{.Repository}}:{{.Tag}}'
echo @pod directories; ls /var/lib/kubelet/pods
echo @mounts; awk '{print $5}' /proc/1/mountinfo
echo @cgroups; find /sys/fs/cgroup -type d
echo @iptables; iptables-save
echo @ip6tables; ip6tables-save
"""
OWNED = ("pod directories", "mounts", "cgroups", "iptables rules")
CHILDS = re.compile(r"--to-destination 172\.17\.")
"""A rule that leads to a container of the node's engine."""


def left() -> list[str]:
    """Return what any run has left, in words: of the API's objects and of all that the nodes and their engines hold."""
    names = kubectl("get", "namespaces,persistentvolumes", "-l", "conformance/run", "-o", "name").split()
    names += kubectl("-n", "conformance", "get", "pods,configmaps,secrets,leases", "-l", "conformance/run", "-o", "name").split()
    pods = objects("pods", "-A")
    for node in nodes():
        names += [f"{name} on {node}" for name in _left_on(node, pods)]
    return names


def _left_on(node: str, pods: list[dict[str, Any]]) -> Iterator[str]:
    seen: dict[str, list[str]] = {}
    for line in on(node, "sh", "-c", LOOK).splitlines():
        if line.startswith("@"):
            seen[line[1:]] = []
        elif line:
            seen[list(seen)[-1]].append(line)
    yield from (f"container {container}" for container in seen["containers"])
    yield from (f"volume {volume}" for volume in seen["volumes"])
    yield from (f"network {network}" for network in seen["networks"] if network not in ("bridge", "host", "none"))
    yield from (f"image {image}" for image in seen["images"] if image != "httpd:latest")
    tools = ("iptables", "ip6tables")
    seen["iptables rules"] = [name for tool in tools for name in rule_names(tool, "\n".join(seen[tool]))]
    networks = [mount for mount in seen["mounts"] if "/netns/" in mount]
    own = [pod for pod in pods if pod["spec"].get("nodeName") == node and not pod["spec"].get("hostNetwork")]
    if len(networks) > len(own):
        yield f"{len(networks)} network namespaces of {len(own)} pods"
    seen["mounts"] = [mount for mount in seen["mounts"] if mount not in networks]
    living = Owners({}, {}, frozenset()).beside(pods)
    for what, names in astray({what: seen[what] for what in OWNED}, living).items():
        yield from (f"{what} {name}" for name in names)
    yield from (f"rule {rule}" for rule in seen["iptables rules"] if CHILDS.search(rule))


def left_in_the_end(seconds: float = 40) -> list[str]:
    """Return what is left, in words, once kubelet had its usual time for an ended pod's cgroups and folders."""
    end = time.monotonic() + seconds
    while (seen := left()) and time.monotonic() < end:
        time.sleep(1)
    return seen


def assert_nothing_left() -> None:
    """Assert that nothing is left of any run."""
    assert left_in_the_end() == []


def assert_cleaned(reports: Path) -> None:
    """Assert that `clean` takes away what a dead run left; its Lease is spared until it has run out."""
    printed: list[str] = []

    def cleaned() -> bool:
        done = conformance("clean", "--reports", str(reports))
        printed[:] = [done.stdout + done.stderr]
        return done.returncode == 0 and "it is alive" not in done.stdout

    end = time.monotonic() + 150
    while not cleaned():
        assert time.monotonic() < end, printed
        time.sleep(1)
    assert_nothing_left()


def let_lease_run_out(run: str) -> None:
    """Let a dead run's Lease run out now: its last renewal is put back by as long as a Lease lasts."""
    path = ("-n", "conformance", "lease", leases.name(run))
    lease = json.loads(kubectl("get", *path, "-o", "json"))
    renewed = dt.datetime.fromisoformat(lease["spec"]["renewTime"])
    earlier = renewed - dt.timedelta(seconds=lease["spec"]["leaseDurationSeconds"])
    spec = {"spec": {"renewTime": earlier.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}}
    kubectl("patch", *path, "--type", "merge", "-p", json.dumps(spec))


@contextmanager
def broken(break_it: Callable[[], object], mend: Callable[[], object]) -> Iterator[None]:
    """Break a part of the world for real while the block lasts."""
    break_it()
    try:
        yield
    finally:
        mend()
