"""The probes' pods: what they are made of, and waiting until they answer."""

from __future__ import annotations

import base64
import io
import secrets
import time
import zipfile
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

from conformance.cluster.api import Cluster, Object, namespaced, pods_path
from conformance.cluster.leases import RUN_LABEL
from conformance.cluster.pods import never_began, raise_if_stuck
from conformance.errors import ProbeLost
from conformance.probes.node import LABEL, PORT, NodeProbe, pod_name
from conformance.timeouts import TIMEOUTS

PROBES = Path(__file__).parent
ARCHIVE = "agent.pyz"
Each = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]
"""What does the same with each of several, as `map` does, or the `map` of a pool of threads."""


def archive() -> bytes:
    """Return the agent as Python runs it: its modules under their own names, and its `__main__` where Python looks for one.

    The same bytes for the same modules.
    """
    top = PROBES.parents[1]
    modules = [PROBES.parent / "__init__.py", PROBES / "__init__.py", *sorted((PROBES / "agent").glob("*.py"))]
    sources = {module.relative_to(top).as_posix(): module.read_bytes() for module in modules}
    sources["__main__.py"] = sources["conformance/probes/agent/__main__.py"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name, source in sources.items():
            file.writestr(zipfile.ZipInfo(name), source, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def deploy(cluster: Cluster, namespace: str, run: str, nodes: list[str], image: str) -> str:
    """Create the probes' ConfigMap, Secret and pods, without waiting; give the token."""
    token = secrets.token_hex(16)
    base = namespaced(namespace)
    named = {"name": f"agent-{run}", "namespace": namespace, "labels": {RUN_LABEL: run}}
    packed = base64.b64encode(archive()).decode()
    cluster.create(f"{base}/configmaps", {"metadata": named, "binaryData": {ARCHIVE: packed}})
    cluster.create(f"{base}/secrets", {"metadata": named, "stringData": {"token": token}})
    for node in nodes:
        cluster.create(f"{base}/pods", manifest(namespace, run, node, image))
    return token


def manifest(namespace: str, run: str, node: str, image: str) -> Object:
    """Return the probe's pod: privileged with hostPID, because it enters the namespaces of the node's pid 1."""
    mounts = [{"name": name, "mountPath": f"/{name}", "readOnly": True} for name in ("agent", "token")]
    container = {
        "name": "agent",
        "image": image,
        "command": ["python3", "-I", f"/agent/{ARCHIVE}", str(PORT), "/token/token"],
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
            "labels": {RUN_LABEL: run, LABEL: "node"},
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


def renew(probe: NodeProbe, image: str) -> None:
    """Make a probe's pod anew, without waiting: of the ConfigMap and the Secret that the first was made of, with its token."""
    pods = pods_path(probe.namespace)
    probe.cluster.delete(f"{pods}/{probe.pod}", 0)
    probe.cluster.create(pods, manifest(probe.namespace, probe.run, probe.node, image))


def wait_ready(probes: Collection[NodeProbe], ask: Each = map) -> None:
    """Wait for the pods of a run's probes to run, and to answer; `ask` may ask several at the same time.

    One whose container the node's runtime could not start is made anew, once: runc starts none that the kernel of cgroup v1
    does not freeze in time (docs/lessons.md), and kubelet tries no second time where nothing may restart a pod.
    Raises `ProbeLost` early when one cannot start.
    """
    nodes = {probe.pod: probe for probe in probes}
    given_up: dict[str, str] = {}

    def running(name: str, pod: Object | None) -> bool:
        who = f"The probe pod on {nodes[name].node}"
        if pod is None and name not in given_up:
            raise ProbeLost(f"{who} was deleted while it started.")
        if pod is None or pod["metadata"]["uid"] == given_up.get(name):
            return False
        if never_began(pod) and name not in given_up:
            given_up[name] = pod["metadata"]["uid"]
            renew(nodes[name], pod["spec"]["containers"][0]["image"])
            return False
        raise_if_stuck(pod, who, ProbeLost)
        return bool(pod["status"].get("phase") == "Running" and pod["status"].get("podIP"))

    for probe in [*probes][:1]:  # they are of one run
        selector, limit = f"{RUN_LABEL}={probe.run},{LABEL}", TIMEOUTS.probe_ready
        probe.cluster.wait_each(
            "The start of the probes", pods_path(probe.namespace), nodes, running, selector=selector, seconds=limit
        )
    for _ in ask(_answered, probes):
        pass


def _answered(probe: NodeProbe) -> None:
    """Wait for a probe that runs to answer. Raises `ProbeLost` where it does not."""
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
