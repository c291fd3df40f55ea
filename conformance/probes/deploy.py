"""The probes' pods: what they are made of, and waiting until they answer."""

from __future__ import annotations

import base64
import io
import secrets
import time
import zipfile
from pathlib import Path

from conformance.cluster.api import Cluster, Object, namespaced, pods_path
from conformance.cluster.pods import raise_if_stuck
from conformance.errors import ProbeLost
from conformance.probes.node import LABEL, PORT, NodeProbe, pod_name
from conformance.timeouts import TIMEOUTS

PROBES = Path(__file__).parent
ARCHIVE = "agent.pyz"


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


def deploy(cluster: Cluster, namespace: str, run: str, nodes: list[str], labels: dict[str, str], image: str) -> str:
    """Create the probes' ConfigMap, Secret and pods, without waiting; give the token."""
    token = secrets.token_hex(16)
    base = namespaced(namespace)
    named = {"name": f"agent-{run}", "namespace": namespace, "labels": labels}
    packed = base64.b64encode(archive()).decode()
    cluster.create(f"{base}/configmaps", {"metadata": named, "binaryData": {ARCHIVE: packed}})
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
    pods = pods_path(probe.namespace)

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
