"""A cluster whose nodes kwok simulates: etcd, kube-apiserver, the controller that ends namespaces, and kwok, all on loopback.

Pods there are Running and Ready at once, and nothing is in them. What a probe would answer this process does, for all of them:
by the machine's own address, for the API server leads nobody to its loopback.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import yaml
from attrs import frozen

from conformance.cluster.api import NODES, Cluster, Object, pods_path
from conformance.cluster.nodes import is_ready
from conformance.errors import NoCluster, RigError
from conformance.evidence.identity import NOBODY
from conformance.probes.node import PORT
from conformance.wait import until
from conformance.world.images import go_programs
from conformance.world.machine import commands, packages
from conformance.world.machine.progress import Progress

KWOK = Path(__file__).with_name("kwok")
"""The Go module that pins it."""
BUILD_SECONDS = 3600.0
STARTED = 60.0
"""Seconds for a program to answer: 5 on a quiet machine."""
PODS, IMAGES, RULES = 5, 40, 400
"""Of each node: pods of others, images in its status (kubelet names 50), rules of iptables that its probe tells."""


def kwok(progress: Progress) -> Path:
    """Return kwok, built from its Go module; Go keeps it in its own cache. Raises `CommandFailed`."""
    with progress.step("kwok from its Go module", usual=120):
        args: list[str | Path] = [packages.go(progress), "-C", KWOK, "tool", "-n", "kwok"]
        return Path(commands.run(args, timeout=BUILD_SECONDS, log="go").stdout.strip())


@frozen
class Programs:
    """Where the programs of such a cluster are: the folder of Kubernetes and etcd, and kwok."""

    kubernetes: Path
    kwok: Path

    @classmethod
    def built(cls, progress: Progress) -> Programs:
        """Return them, built unless they are cached: those of Kubernetes are those of the nodes that `up` makes."""
        return cls(go_programs.build(go_programs.NODE, progress), kwok(progress))


def own_address() -> str:
    """Return the machine's own address. Raises `NoCluster` where it has none but its loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked, contextlib.suppress(OSError):
        asked.connect(("192.0.2.1", 9))  # no packet is sent: the kernel chooses the address
        return str(asked.getsockname()[0])
    raise NoCluster("The machine has no address but its loopback, to which the API server leads nobody.", "give it a route")


def ports(number: int) -> list[int]:
    """Return ports of the loopback that nobody listens on."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextlib.contextmanager
def cluster(programs: Programs, folder: Path, nodes: int) -> Iterator[Path]:
    """Start a cluster of so many nodes in a folder, and end it; yield its kubeconfig. Raises `RigError` if it does not start."""
    etcd, peers, server, manager, kubelet = ports(5)
    address, certificates, config = own_address(), folder / "pki", folder / "super-admin.conf"
    where: list[str | Path] = ["--cert-dir", certificates, "--apiserver-advertise-address", address]
    where += ["--control-plane-endpoint", f"127.0.0.1:{server}", "--kubernetes-version", go_programs.kubernetes_version()]
    init: list[str | Path] = [programs.kubernetes / "kubeadm", "init", "phase"]
    commands.run([*init, "certs", "all", *where], timeout=STARTED, log="bench")
    commands.run([*init, "kubeconfig", "super-admin", "--kubeconfig-dir", folder, *where], timeout=STARTED, log="bench")
    (folder / "kwok.yaml").write_text(yaml.safe_dump_all(stages(address)), encoding="utf-8")
    api = Cluster(config)
    with contextlib.ExitStack() as running:

        def start(program: Path, *options: str | Path) -> None:
            running.enter_context(_process([program, *options], folder))

        start(programs.kubernetes / "etcd", *_of_etcd(folder, etcd, peers))
        start(programs.kubernetes / "kube-apiserver", *_of_server(certificates, etcd, server))
        until("The API server's start", lambda: _answers(api), seconds=STARTED, every=0.5)
        start(programs.kubernetes / "kube-controller-manager", "--kubeconfig", config, *OF_MANAGER, "--secure-port", str(manager))
        of_kwok = ("--config", folder / "kwok.yaml", "--server-address", f"127.0.0.1:{kubelet}")
        start(programs.kwok, "--kubeconfig", config, "--manage-all-nodes", *of_kwok)
        running.enter_context(_answering(address))
        fill(api, nodes)
        yield config


OF_MANAGER = (
    *("--controllers", "namespace-controller", "--concurrent-namespace-syncs", "20", "--leader-elect=false"),
    *("--bind-address", "127.0.0.1", "--kube-api-qps", "1000", "--kube-api-burst", "1000"),
)


def _of_etcd(folder: Path, port: int, peers: int) -> list[str]:
    here, others = (f"http://127.0.0.1:{each}" for each in (port, peers))
    listens = ["--listen-client-urls", here, "--advertise-client-urls", here, "--listen-peer-urls", others]
    return ["--data-dir", str(folder / "etcd"), "--unsafe-no-fsync", "--quota-backend-bytes", str(4 << 30), *listens]


def _of_server(certificates: Path, etcd: int, port: int) -> list[str | Path]:
    """Return how the API server is started: nobody makes accounts here, or takes the taint of a new node away."""
    return [
        *("--etcd-servers", f"http://127.0.0.1:{etcd}", "--bind-address", "127.0.0.1", "--secure-port", str(port)),
        *("--endpoint-reconciler-type", "none", "--service-cluster-ip-range", "10.96.0.0/16", "--authorization-mode", "RBAC"),
        *("--allow-privileged", "--disable-admission-plugins", "ServiceAccount,TaintNodesByCondition"),
        *("--client-ca-file", certificates / "ca.crt", "--tls-cert-file", certificates / "apiserver.crt"),
        *("--tls-private-key-file", certificates / "apiserver.key", "--service-account-issuer", "https://kubernetes.default.svc"),
        *("--service-account-key-file", certificates / "sa.pub", "--service-account-signing-key-file", certificates / "sa.key"),
    ]


@contextlib.contextmanager
def _process(args: Sequence[str | Path], folder: Path) -> Iterator[None]:
    """Run a program while the block lasts; what it prints is kept in the folder, under its name."""
    with (
        (folder / f"{Path(args[0]).name}.log").open("wb") as log,
        subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder) as process,  # noqa: S603 -- no shell
    ):
        try:
            yield
        finally:
            process.kill()


def _answers(api: Cluster) -> bool:
    with contextlib.suppress(RigError):
        return bool(api.items("/api/v1/namespaces"))
    return False


def stages(address: str) -> list[Object]:
    """Return what kwok does: a node's conditions are as a kubelet says them, and a pod runs, all of them at this address."""
    condition = "{type: {{ .type }}, status: {{ .status | Quote }}, reason: {{ .reason }}, message: {{ .message | Quote }}, AT}"
    times = "lastHeartbeatTime: {{ Now | Quote }}, lastTransitionTime: {{ Now | Quote }}"
    container = (
        "{name: {{ .name }}, image: {{ .image | Quote }}, ready: true, restartCount: 0, state: {running: {startedAt: AT}}}"
    )
    of_node = ["conditions:", "{{ range NodeConditions }}", f"- {condition.replace('AT', times)}", "{{ end }}"]
    of_pod = [
        "containerStatuses:", "{{ range .spec.containers }}", f"- {container.replace('AT', '{{ Now | Quote }}')}", "{{ end }}",
        "phase: Running", f"podIP: {address}", f"podIPs: [{{ip: {address}}}]", f"hostIP: {address}",
    ]  # fmt: skip
    ready = '.status.conditions.[] | select( .type == "Ready" ) | .status'
    return [
        _stage("Node", {"key": ready, "operator": "NotIn", "values": ["True"]}, of_node),
        _stage("Pod", {"key": ".status.phase", "operator": "In", "values": ["Pending"]}, of_pod),
    ]


def _stage(kind: str, when: Object, status: Sequence[str]) -> Object:
    here = {"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"}
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": kind.lower()},
        "spec": {
            "resourceRef": {"apiGroup": "v1", "kind": kind},
            "selector": {"matchExpressions": [here, when]},
            "next": {"statusTemplate": "\n".join(status)},
        },
    }


def fill(api: Cluster, nodes: int) -> None:
    """Create so many nodes, each as large as a kubelet makes one, with a few pods of others; wait until these run."""
    api.create("/api/v1/namespaces", {"metadata": {"name": "others"}})
    for number in range(nodes):
        api.create(NODES, node(number))
    kept = {"app": "other", "pod-template-hash": "0" * 10}
    variables = [{"name": f"V{number}", "value": "x" * 60} for number in range(10)]
    container = {"name": "c", "image": "registry.example/other:1", "env": variables}
    for number in range(nodes * PODS):
        spec = {"nodeName": f"node-{number % nodes}", "containers": [container]}
        api.create(pods_path("others"), {"metadata": {"name": f"p-{number}", "labels": kept}, "spec": spec})
    limit = STARTED + nodes * PODS * 0.1
    until("The start of the nodes", lambda: all(map(is_ready, api.items(NODES))), seconds=limit, every=2)
    waits = {"fieldSelector": "status.phase!=Running"}
    until("The start of the others' pods", lambda: not api.items(pods_path("others"), **waits), seconds=limit, every=2)


def node(number: int) -> Object:
    """Return a node with what its kubelet says of it, but for how it is."""
    names = [[f"registry.example/of-somebody/image-{each}@sha256:{each:064x}", f"registry.example/of-somebody/image-{each}:1"]
             for each in range(IMAGES)]  # fmt: skip
    name = f"node-{number}"
    versions = {"kubeletVersion": go_programs.kubernetes_version(), "containerRuntimeVersion": "containerd://2.3.7",
                "kernelVersion": f"6.{number % 3}", "architecture": "amd64", "operatingSystem": "linux", "osImage": "simulated",
                "bootID": "0", "machineID": "0", "systemUUID": "0", "kubeProxyVersion": ""}  # fmt: skip
    room = {"cpu": "32", "memory": "256Gi", "pods": "110", "ephemeral-storage": "1Ti"}
    status = {"nodeInfo": versions, "capacity": room, "allocatable": room,
              "addresses": [{"type": "InternalIP", "address": own_address()}, {"type": "Hostname", "address": name}],
              "images": [{"names": each, "sizeBytes": 100 << 20} for each in names]}  # fmt: skip
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
    return {"kind": "Node", "apiVersion": "v1", "metadata": {"name": name, "labels": labels}, "spec": {}, "status": status}


def answer(question: str, about: Object) -> object:
    """Return what the probe of a node answers that has no engine of its own, and as much on it as nodes have."""
    uids = [f"{each:08x}-0000-4000-8000-{each:012x}" for each in range(30)]
    there = {
        "mounts": [f"/var/lib/kubelet/pods/{uid}/volumes/kubernetes.io~projected/token" for uid in uids],
        "cgroups": [f"kubepods.slice/kubepods-pod{uid.replace('-', '_')}.slice" for uid in uids],
        "iptables rules": [f"-A KUBE-SERVICES -d 10.96.{each}.1/32 -m comment --comment x/y -j KUBE" for each in range(RULES)],
        "controllers of the root cgroup": ["cpu", "memory", "pids"],
    }
    folders = {"pod directories": uids, "pod logs": uids}
    answers: dict[str, object] = {
        "clock": time.monotonic(),
        "machine": {"kernel": "6.0", "cgroup_mounts": ["cgroup2 /sys/fs/cgroup"], "snapshotter": "overlayfs"},
        "listening": [22, 10250],
        "runtime": {"runc": "runc version 1.5.3", "iptables": "iptables v1.8.9", "containerd": "containerd v2.3.7"},
        "daemon": {"status": 0, "body": "", "lost": f"{NOBODY[0]}: no such socket"},
        "inventory": {each: there[each] for each in about.get("kinds", ())}
        | {each: folders.get(each, []) for each in about.get("folders", {})},
    }
    return answers.get(question, [])


class _Answers(BaseHTTPRequestHandler):
    """Answers as the agent of a probe would."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        asked = urlparse(self.path)
        about = json.loads(parse_qs(asked.query).get("q", ["{}"])[0])
        body = json.dumps({"answer": answer(asked.path.strip("/"), about), "at": time.monotonic()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing of each."""


@contextlib.contextmanager
def _answering(address: str) -> Iterator[None]:
    """Answer what the probes are asked, at the port that each of them has."""
    try:
        server = ThreadingHTTPServer((address, PORT), _Answers)
    except OSError as taken:
        raise NoCluster(f"Port {PORT} of {address} cannot be had: {taken}.", "end who listens there") from taken
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
