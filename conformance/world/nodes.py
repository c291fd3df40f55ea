"""What the nodes of our kind clusters are made of: kind's own node, Docker Engine beside it, and every image of a run."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen

from conformance.choices import ENGINES, RUNTIMES
from conformance.errors import NoImage, UsageError
from conformance.wait import until
from conformance.world import binaries, commands, images, packages
from conformance.world.digest import digest
from conformance.world.images import (
    CHILD,
    CLI_2017,
    DATABASE,
    DIND_2017,
    DOCKER_CLI,
    DOCKER_DIND,
    NODE,
    PROBE,
    REGISTRY,
    Image,
    Recipe,
    Store,
    save,
)  # fmt: skip

ETCD_TAG = "3.6.8-0"
PAUSE_TAG = "3.10.2"
"""What kubeadm 1.36 asks for (`kubeadm config images list`)."""
STEPS = 13
"""Two base images and eleven others lie between nothing and a node image that is built."""


@frozen
class Node:
    """A node's image, and what stands in for a public image in it: public name -> what ours is made of."""

    image: Image
    stand_ins: Mapping[str, str]
    instead: Mapping[str, str] = field(factory=dict)
    """Public name of an image -> the one that a run takes in its place there."""


def node(store: Store, containerd: str = RUNTIMES[0], engine: str = "26.1") -> Node:
    """Give the image of our kind nodes, with every image that a run needs inside.

    `containerd` other than the first of `RUNTIMES` is never pulled: kindest/node has no such choice.
    `engine`, that of the pods, is one of `ENGINES`. Raises `UsageError` where an override chooses another.
    """
    in_pods = f"docker:{engine}-dind"
    if in_pods != DOCKER_DIND and DOCKER_DIND in store.overrides:
        words = f"--docker {engine} and --image {DOCKER_DIND}={store.overrides[DOCKER_DIND]} both choose the engine in the pods."
        raise UsageError(words, "give one of them")
    child = store.obtain(CHILD, httpd())
    cli = store.obtain(DOCKER_CLI, docker())
    dind = store.obtain(in_pods, docker(ENGINES[engine]))
    cli_2017 = store.obtain(CLI_2017, docker())
    dind_2017 = store.obtain(DIND_2017, docker())
    python = store.obtain(PROBE, probe())
    mariadb = store.obtain(DATABASE, database())
    distribution = store.obtain(REGISTRY, registry(store))
    if containerd == RUNTIMES[0]:
        plain = store.obtain(NODE, kind_node(store, containerd), kindest_node(store))
    else:
        plain = store.build(kind_node(store, containerd))
    loaded = store.build(with_child(dind, child, engine))
    # An engine of 2017 pulls the child itself, as the article's did; a stand-in for it is the other's.
    loaded_2017 = loaded if dind_2017 == dind else dind_2017

    def fill(context: Path) -> None:
        archives = context / "images"
        archives.mkdir()
        save(cli, [DOCKER_CLI], archives / "cli.tar")
        save(loaded, [in_pods], archives / "dind.tar")
        save(cli_2017, [CLI_2017], archives / "cli-2017.tar")
        save(loaded_2017, [DIND_2017], archives / "dind-2017.tar")
        save(python, [PROBE], archives / "python.tar")
        save(mariadb, [DATABASE], archives / "mariadb.tar")
        save(distribution, [REGISTRY], archives / "registry.tar")
        save(child, [CHILD], archives / "httpd.tar")

    inputs = tuple(one.id for one in (cli, loaded, cli_2017, loaded_2017, python, mariadb, distribution, child))
    made = store.build(Recipe("node", usual=70, base=plain, inputs=inputs, fill=fill))
    used = {
        CHILD: child,
        DOCKER_CLI: cli,
        DOCKER_DIND: dind,
        PROBE: python,
        DATABASE: mariadb,
        REGISTRY: distribution,
        CLI_2017: cli_2017,
        DIND_2017: dind_2017,
        NODE: plain,
    }
    instead = {DOCKER_DIND: in_pods} if in_pods != DOCKER_DIND else {}
    return Node(made, {name: image.stand_in for name, image in used.items() if image.stand_in}, instead)


def httpd() -> Recipe:
    """Give the recipe of the child's image."""
    return Recipe("httpd", usual=25, base="bookworm", stand_in="Apache httpd of Debian bookworm")


def docker(suite: str = ENGINES["26.1"]) -> Recipe:
    """Give the recipe of the image that serves as client and as engine. Debian bookworm's docker.io has the client in it."""
    client = "" if suite == "bookworm" else "docker-cli docker-compose"
    what = f"docker.io{' and docker-cli' if client else ''} of Debian {suite}, entrypoint imitated"
    return Recipe("docker", usual=40, base=suite, args={"CLIENT": client}, stand_in=what)


def probe() -> Recipe:
    """Give the recipe of what the node probe runs on."""
    return Recipe("python", usual=25, base="bookworm", stand_in="python3 of Debian bookworm")


def database() -> Recipe:
    """Give the recipe of Pod A's second container, the MySQL-protocol server."""
    return Recipe("mariadb", usual=40, base="bookworm", stand_in="mariadb-server of Debian bookworm")


def registry(store: Store) -> Recipe:
    """Give the recipe of the registry that a run may start inside the cluster."""

    def fill(context: Path) -> None:
        _copy(binaries.build(binaries.REGISTRY, store.progress), context, "registry")

    inputs = (binaries.cached(binaries.REGISTRY).name,)
    return Recipe("registry", usual=5, inputs=inputs, fill=fill, stand_in="the distribution module's registry")


def kindest_node(store: Store) -> str:
    """Give the node image that the pinned kind asks for, by digest."""
    defaults = binaries.source(binaries.KIND, "sigs.k8s.io/kind", store.progress) / "pkg/apis/config/defaults/image.go"
    found = re.search(r'^const Image = "(\S+)"', defaults.read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise LookupError(f"{defaults} names no image")
    return found[1]


def with_child(dind: Image, child: Image, version: str = "26.1") -> Recipe:
    """Give the recipe of an engine of a version whose graph holds the child's image when it starts.

    A child's image is loaded, never pulled; and loading it into a starting engine cost every leg 2.6 s of its half CPU.
    """

    def fill(context: Path) -> None:
        (context / "preload").mkdir()
        _graph(dind, child, context / "preload" / "graph.tar", version)

    return Recipe("dind", usual=10, base=dind, inputs=(child.id,), fill=fill)


def _graph(engine: Image, child: Image, target: Path, version: str) -> None:
    """Let an engine load the child's image, and keep the two folders that hold it then.

    Raises `NoImage` where a stand-in is of another version: what a Debian has moves on until it is released.
    """
    name = f"conformance-graph-{engine.id}"
    inside = ["docker", "exec", name]
    start = ["docker", "run", "-d", "--rm", "--privileged", "--name", name, "-v", "/var/lib/docker", engine.reference]
    commands.run(["docker", "rm", "-f", name], timeout=60, check=False, log="images")
    commands.run([*start, "dockerd", "--host=unix:///var/run/docker.sock"], timeout=60, log="images")
    try:

        def answers() -> bool:
            return commands.run([*inside, "docker", "version"], timeout=20, check=False, log="images").returncode == 0

        until("An answer from the engine that loads the child's image", answers, seconds=60, every=0.2)
        asked = [*inside, "docker", "version", "--format", "{{.Server.Version}}"]
        found = commands.run(asked, timeout=20, log="images").stdout.strip()
        if engine.stand_in and not found.startswith(f"{version}."):
            words = f"Debian {ENGINES[version]} has Docker Engine {found} now, and not {version}."
            raise NoImage(words, f"another --docker, or --image {DOCKER_DIND}=REFERENCE of one that is")
        archive = target.with_name("child.tar")
        save(child, [CHILD], archive)
        commands.run(["docker", "cp", archive, f"{name}:/child.tar"], timeout=60, log="images")
        commands.run([*inside, "docker", "load", "-q", "-i", "/child.tar"], timeout=60, log="images")
        pack = ["tar", "-C", "/var/lib/docker", "-cf", "/graph.tar", "image", "overlay2"]
        commands.run([*inside, *pack], timeout=60, log="images")
        commands.run(["docker", "cp", f"{name}:/graph.tar", target], timeout=60, log="images")
        archive.unlink()
    finally:
        commands.run(["docker", "rm", "-f", "-v", name], timeout=60, check=False, log="images")


def kind_node(store: Store, containerd: str) -> Recipe:
    """Give the recipe of a kind node as kind's own are: Kubernetes, containerd, no Docker Engine.

    What it is made of besides its folder is built only when the image is.
    """
    version = binaries.kubernetes_version()
    kubernetes, runtime = binaries.cached(binaries.KUBERNETES), binaries.cached(binaries.CONTAINERD)
    kind_version = binaries.KIND.version_of("sigs.k8s.io/kind")
    control_plane, proxy, dns = _control_plane(store), _proxy(store), _dns(store)

    def fill(context: Path) -> None:
        programs = binaries.build(binaries.KUBERNETES, store.progress)
        kind = binaries.source(binaries.KIND, "sigs.k8s.io/kind", store.progress)
        shutil.copytree(kind / "images" / "base" / "files", context / "kind-files")
        for file in (context / "kind-files").rglob("*"):  # the module cache is read-only
            file.chmod(file.stat().st_mode | 0o200)
        _copy(programs, context / "bin", "kubelet", "kubeadm", "kubectl")
        if containerd == RUNTIMES[0]:
            _copy(binaries.build(binaries.CONTAINERD, store.progress), context / "bin")
        shutil.copy2(importing, context)
        archives = context / "images"
        archives.mkdir()
        registry = "registry.k8s.io"
        programs_of_control_plane = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
        names = [f"{registry}/{name}:{version}" for name in programs_of_control_plane]
        names += [f"{registry}/etcd:{ETCD_TAG}", f"{registry}/pause:{PAUSE_TAG}"]
        save(store.build(control_plane), names, archives / "control-plane.tar")
        save(store.build(proxy), [f"{registry}/kube-proxy:{version}"], archives / "kube-proxy.tar")
        dns_version = binaries.COREDNS.version_of("github.com/coredns/coredns")
        save(store.build(dns), [f"{registry}/coredns/coredns:{dns_version}"], archives / "coredns.tar")

    importing = images.FOLDER / "node" / "files" / "kind" / "bin" / "import-images.sh"
    made = (control_plane.image.id, proxy.image.id, dns.image.id)
    inputs = (*made, kubernetes.name, runtime.name, kind_version, digest(importing))
    return Recipe(
        "kind-node", usual=90, base="bookworm", args={"CONTAINERD": containerd, "KUBERNETES": version}, inputs=inputs,
        fill=fill, stand_in=f"Debian bookworm, Kubernetes {version} and containerd {containerd}",
    )  # fmt: skip


def _control_plane(store: Store) -> Recipe:
    kubernetes, etcd = binaries.cached(binaries.KUBERNETES), binaries.cached(binaries.ETCD)

    def fill(context: Path) -> None:
        programs = binaries.build(binaries.KUBERNETES, store.progress)
        _copy(programs, context / "bin", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
        _copy(binaries.build(binaries.ETCD, store.progress), context / "bin")
        _pause(context / "bin" / "pause", store)

    return Recipe("control-plane", usual=10, inputs=(kubernetes.name, etcd.name), fill=fill)


def _proxy(store: Store) -> Recipe:
    def fill(context: Path) -> None:
        _copy(binaries.build(binaries.KUBERNETES, store.progress), context / "bin", "kube-proxy", "kubectl")

    return Recipe("kube-proxy", usual=20, base="bookworm", inputs=(binaries.cached(binaries.KUBERNETES).name,), fill=fill)


def _dns(store: Store) -> Recipe:
    def fill(context: Path) -> None:
        _copy(binaries.build(binaries.COREDNS, store.progress), context)

    return Recipe("coredns", usual=5, inputs=(binaries.cached(binaries.COREDNS).name,), fill=fill)


def _copy(programs: Path, target: Path, *names: str) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in names or [p.name for p in programs.iterdir()]:
        shutil.copy2(programs / name, target / name)


def _pause(target: Path, store: Store) -> None:
    """Compile pause, the one C file that every pod sandbox runs, from the Kubernetes module."""
    packages.ensure(store.progress, packages.FOR_IMAGES, install=store.install)
    source = binaries.source(binaries.KUBERNETES, "k8s.io/kubernetes", store.progress) / "build" / "pause" / "linux" / "pause.c"
    args: list[str | Path] = ["gcc", "-Os", "-static", f"-DVERSION={PAUSE_TAG}", "-o", target, source]
    commands.run(args, timeout=60, log="images")


def any_there() -> bool:
    """Say whether some node image is in the machine's engine; False without an engine or a client of one."""
    if not shutil.which("docker"):
        return False
    return bool(commands.run(["docker", "images", "-q", "conformance/node"], timeout=60, check=False, log="images").stdout)


KNOWN = (*images.NAMES, NODE)
"""The public names that `conformance up --image NAME=REFERENCE` knows."""
