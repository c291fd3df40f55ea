"""What the nodes of our kind clusters are made of: kind's own node, Docker Engine beside it, and every image of a run."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path

from attrs import field, frozen

from conformance import images
from conformance.choices import ENGINES, KUBERNETES, OF_A_MODULE, RUNTIMES, SANDBOXES
from conformance.errors import UsageError
from conformance.images import (
    BUILDAH,
    BUILDKIT,
    BUILDKIT_ROOTLESS,
    CHILD,
    CLI_2017,
    DATABASE,
    DIND_2017,
    DIND_ROOTLESS,
    DOCKER_CLI,
    DOCKER_DIND,
    NODE,
    PODMAN,
    PROBE,
    REGISTRY,
)
from conformance.world.images import go_programs, graphs, image_store
from conformance.world.images.image_store import Image, Recipe, Store, save
from conformance.world.machine import commands, packages
from conformance.world.machine.digest import digest

ETCD_TAGS = {"1.37": "3.7.0-0", "1.36": "3.6.8-0"}
PAUSE_TAG = "3.10.2"
"""What kubeadm of a Kubernetes asks for (`kubeadm config images list`); pause is one for all."""
END_SECONDS = 0.5
"""Between two looks whether what was begun has ended."""
STEPS = (25.0, 25.0, 25.0, 40.0, 25.0, 40.0, 5.0, 15.0, 30.0, 40.0, 20.0, 10.0, 5.0, 30.0, 10.0, 40.0, 20.0, 10.0, 70.0)
"""Usual seconds of what lies between nothing and a node image that is built: two Debians, and seventeen images."""
HTTPD = Recipe("httpd", usual=25, base="bookworm", stand_in="Apache httpd of Debian bookworm")
PYTHON = Recipe("python", usual=25, base="bookworm", stand_in="python3 of Debian bookworm")
"""What the node probe runs on."""
OF_BUILDAH = Recipe(
    "packages", usual=30, base="trixie", args={"PACKAGES": "buildah crun netavark"}, stand_in="buildah of Debian trixie"
)
"""Buildah. It looks for netavark before each build, whatever network that has."""
MARIADB = Recipe("mariadb", usual=40, base="bookworm", stand_in="mariadb-server of Debian bookworm")
"""Pod A's second container, the MySQL-protocol server."""
OF_PODMAN = Recipe(
    "packages",
    usual=40,
    base="trixie",
    args={"PACKAGES": "podman crun netavark aardvark-dns iptables nftables ca-certificates procps uidmap passt"},
    stand_in="podman of Debian trixie",
)


@frozen
class Node:
    """A node's image, and what stands in for a public image in it: public name -> what ours is made of."""

    image: Image
    stand_ins: Mapping[str, str]
    instead: Mapping[str, str] = field(factory=dict)
    """Public name of an image -> the one that a run takes in its place there."""
    runtime_class: Path | None = None
    """The RuntimeClass of its other runtime than runc, as a file."""


def node(
    store: Store,
    kubernetes: str = KUBERNETES[0],
    containerd: str = RUNTIMES[0],
    engine: str = next(iter(ENGINES)),
    sandbox: str = SANDBOXES[0],
) -> Node:
    """Return the image of our kind nodes, with every image that a run needs inside.

    `kubernetes` and `containerd` other than the first of their choices are never pulled: kind's own node has the first.
    `engine`, that of the pods, is one of `ENGINES`, `sandbox` one of `SANDBOXES`. Raises `UsageError` where an override chooses
    another engine.
    """
    in_pods = f"docker:{engine}-dind"
    if in_pods != DOCKER_DIND and DOCKER_DIND in store.overrides:
        words = f"--docker {engine} and --image {DOCKER_DIND}={store.overrides[DOCKER_DIND]} both choose the engine in the pods."
        raise UsageError(words, "give one of them")
    recipes = {
        CHILD: HTTPD,
        DOCKER_CLI: docker(store),
        in_pods: docker(store, engine),
        CLI_2017: docker(store),
        DIND_2017: docker(store),
        PROBE: PYTHON,
        DATABASE: MARIADB,
        REGISTRY: registry(store, go_programs.NODES[kubernetes]),
        BUILDKIT: buildkit(store),
        PODMAN: OF_PODMAN,
        BUILDAH: OF_BUILDAH,
    }
    # Compilers want CPUs, packages the network and the disk: the node of Kubernetes is made beside the others.
    works: dict[str, Callable[[], Image]] = {NODE: partial(_plain, store, kubernetes, containerd)}
    works |= {name: partial(store.obtain, name, recipe) for name, recipe in recipes.items()}
    used = _at_once(works)
    child, dind, dind_2017 = used[CHILD], used[in_pods], used[DIND_2017]
    loaded = store.build(graphs.with_child(dind, child, engine))
    without_root = f"{in_pods}-rootless"
    used[DIND_ROOTLESS] = store.obtain(without_root, rootless(loaded, engine))
    used[BUILDKIT_ROOTLESS] = store.obtain(BUILDKIT_ROOTLESS, buildkit_rootless(store, used[DIND_ROOTLESS]))
    # An engine of 2017 pulls the child itself, as the article's did; a stand-in for it is the other's.
    archived = {name: used[name] for name in recipes} | {in_pods: loaded, DIND_2017: loaded if dind_2017 == dind else dind_2017}
    archived |= {without_root: used[DIND_ROOTLESS], BUILDKIT_ROOTLESS: used[BUILDKIT_ROOTLESS]}
    archived |= {PODMAN: store.build(graphs.beside_graph(used[PODMAN], child))}

    def fill(context: Path) -> None:
        save(archived, context / "images.tar")
        save({CHILD: child}, context / "httpd.tar")

    inputs = tuple(f"{name} {image.id}" for name, image in sorted(archived.items()))
    image = store.build(
        Recipe("node", usual=70, base=used[NODE], inputs=inputs, fill=fill, options=OPTIONS, entrypoint=ENTRYPOINT)
    )
    used[DOCKER_DIND] = used.pop(in_pods)
    instead = {DOCKER_DIND: in_pods, DIND_ROOTLESS: without_root} if in_pods != DOCKER_DIND else {}
    stand_ins = {name: part.stand_in for name, part in used.items() if part.stand_in}
    if sandbox == SANDBOXES[0]:
        return Node(image, stand_ins, instead)
    return Node(store.build(gvisor(store, image)), stand_ins, instead, image_store.FOLDER / "gvisor" / RUNTIME_CLASS)


def _at_once(works: Mapping[str, Callable[[], Image]]) -> dict[str, Image]:
    """Return what each of some works makes, done beside one another. What one of them raises ends the others, and is raised."""
    pool = ThreadPoolExecutor(len(works))
    doing = {name: pool.submit(work) for name, work in works.items()}
    try:
        done, _ = wait(doing.values(), return_when=FIRST_EXCEPTION)
        for future in done:
            future.result()
        return {name: future.result() for name, future in doing.items()}
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        while wait(doing.values(), timeout=END_SECONDS).not_done:
            commands.end_all()


def _plain(store: Store, kubernetes: str, containerd: str) -> Image:
    """Return the image of a kind node, pulled or built; one with another Kubernetes or containerd than kind's own is built."""
    recipe = kind_node(store, kubernetes, containerd)
    as_kind = (kubernetes, containerd) == (KUBERNETES[0], RUNTIMES[0])
    return store.obtain(NODE, recipe, kindest_node(store)) if as_kind else store.build(recipe)


def docker(store: Store, version: str = next(iter(ENGINES))) -> Recipe:
    """Return the recipe of the image that serves as client and as engine. Debian bookworm's docker.io has the client in it."""
    suite = ENGINES[version]
    clients = "" if suite == "bookworm" else "docker-cli docker-compose docker-buildx"
    of_debian = f"docker.io{' and docker-cli' if clients else ''} of Debian {suite}"
    recipe = partial(Recipe, "docker", usual=40, base=suite)
    if version != OF_A_MODULE:
        return recipe(args={"PACKAGES": f"docker.io {clients}".strip()}, stand_in=f"{of_debian}, entrypoint imitated")

    def fill(context: Path) -> None:
        _copy(go_programs.build(go_programs.ENGINE, store.progress), context / "bin", "dockerd", "docker-proxy")
        _copy(_runc(store), context / "bin", "runc")
        (context / "bin" / "docker-init").symlink_to("/usr/bin/tini-static")

    modules = (go_programs.ENGINE, go_programs.RUNC)
    return recipe(
        args={"PACKAGES": f"containerd {clients}"},
        inputs=tuple(go_programs.cached(module).name for module in modules),
        fill=fill,
        stand_in=f"the modules of Docker Engine and runc, containerd and docker-cli of Debian {suite}, entrypoint imitated",
    )


def rootless(engine: Image, version: str) -> Recipe:
    """Return the recipe of an engine that is started without root, made on one whose graph holds the child's image."""
    suite = ENGINES[version]
    stand_in = f"docker.io, rootlesskit and slirp4netns of Debian {suite}, entrypoint imitated"
    return Recipe("dind-rootless", usual=20, base=engine, stand_in=stand_in)


def registry(store: Store, module: go_programs.Module) -> Recipe:
    """Return the recipe of the registry that a run may start inside the cluster, of the module of its nodes."""

    def fill(context: Path) -> None:
        _copy(go_programs.build(module, store.progress), context, "registry")

    return Recipe(
        "registry", usual=5, inputs=(go_programs.cached(module).name,), fill=fill, stand_in="the distribution module's registry"
    )


def buildkit(store: Store) -> Recipe:
    """Return the recipe of BuildKit's image: what buildx makes a builder of, and what is a builder in a pod of its own."""

    def fill(context: Path) -> None:
        _copy_buildkit(context / "bin", store)
        own = go_programs.source(go_programs.BUILDKIT, "github.com/moby/buildkit", store.progress) / "hack"
        for script in ("buildkitd-entrypoint", "with-cgroupfs-remount"):
            shutil.copy(own / script, context / "bin" / script)
            (context / "bin" / script).chmod(0o755)

    stand_in = f"{_of_buildkit()}, and BusyBox"
    return Recipe("buildkit", usual=15, base="bookworm", inputs=_inputs_of_buildkit(), fill=fill, stand_in=stand_in)


def buildkit_rootless(store: Store, rootless: Image) -> Recipe:
    """Return the recipe of BuildKit's image for who is not root, made on the one of such an engine, which has RootlessKit."""

    def fill(context: Path) -> None:
        _copy_buildkit(context / "bin", store)

    stand_in = f"{_of_buildkit()}, on {DIND_ROOTLESS}"
    return Recipe("buildkit-rootless", usual=10, base=rootless, inputs=_inputs_of_buildkit(), fill=fill, stand_in=stand_in)


def _of_buildkit() -> str:
    return f"the module of BuildKit {go_programs.BUILDKIT.version_of('github.com/moby/buildkit')} and runc's"


def _inputs_of_buildkit() -> tuple[str, ...]:
    return tuple(go_programs.cached(module).name for module in (go_programs.BUILDKIT, go_programs.RUNC))


def _copy_buildkit(target: Path, store: Store) -> None:
    """Bring BuildKit's daemon and client, and the runc that it looks for, into the context of an image."""
    _copy(go_programs.build(go_programs.BUILDKIT, store.progress), target, "buildkitd", "buildctl")
    shutil.copy2(_runc(store) / "runc", target / "buildkit-runc")


def kindest_node(store: Store) -> str:
    """Return the node image that the pinned kind asks for, by digest."""
    defaults = go_programs.source(go_programs.KIND, "sigs.k8s.io/kind", store.progress) / "pkg/apis/config/defaults/image.go"
    default = re.search(r'^const Image = "(\S+)"', defaults.read_text(encoding="utf-8"), re.MULTILINE)
    if not default:
        raise LookupError(f"{defaults} names no image")
    return default[1]


def kind_node(store: Store, kubernetes: str = KUBERNETES[0], containerd: str = RUNTIMES[0]) -> Recipe:
    """Return the recipe of a kind node as kind's own are: Kubernetes, containerd, no Docker Engine.

    What it is made of besides its folder is built only when the image is.
    """
    module = go_programs.NODES[kubernetes]
    version = module.version_of("k8s.io/kubernetes")
    kind_version = go_programs.KIND.version_of("sigs.k8s.io/kind")
    dns_version = module.version_of("github.com/coredns/coredns")
    parts, dns = _kubernetes(store, module), _dns(store, module)

    def fill(context: Path) -> None:
        built = go_programs.build(module, store.progress)
        kind = go_programs.source(go_programs.KIND, "sigs.k8s.io/kind", store.progress)
        shutil.copytree(kind / "images" / "base" / "files", context / "files")
        for file in (context / "files").rglob("*"):  # the module cache is read-only
            file.chmod(file.stat().st_mode | 0o200)
        _copy(built, context / "bin", "kubernetes", "kubelet", "kubeadm", "kubectl")
        if own:
            _copy(built, context / "bin", *MODULE)
            _copy(_runc(store), context / "bin", "runc")
        shutil.copy2(importing, context)
        registry, shared = "registry.k8s.io", store.build(parts)
        of_control_plane = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")
        named = {f"{registry}/{name}:{version}": shared for name in of_control_plane}
        named |= {f"{registry}/etcd:{ETCD_TAGS[kubernetes]}": shared, f"{registry}/pause:{PAUSE_TAG}": shared}
        named[f"{registry}/coredns/coredns:{dns_version}"] = store.build(dns)
        save(named, context / "images.tar")

    own = containerd == RUNTIMES[0]
    of_modules = sorted(go_programs.cached(each).name for each in ((module, go_programs.RUNC) if own else (module,)))
    runtime = module.version_of("github.com/containerd/containerd/v2") if own else containerd
    importing = image_store.FOLDER / "node" / "import-images.sh"
    wanted = " ".join((*OF_KIND, *(() if own else ("containerd", "runc"))))
    base = Recipe("packages", usual=40, base="bookworm", args={"PACKAGES": wanted})
    return Recipe(
        "kind-node", usual=30, base=base, args={"CONTAINERD": containerd, "KUBERNETES": version, "PAUSE": PAUSE_TAG},
        inputs=(parts.image.id, dns.image.id, *of_modules, kind_version, digest(importing)), fill=fill,
        stand_in=f"Debian bookworm, Kubernetes {version} and containerd {runtime}", options=OPTIONS, entrypoint=ENTRYPOINT,
    )  # fmt: skip


def gvisor(store: Store, plain: Image) -> Recipe:
    """Return the recipe of a node that has gVisor's runtime, too, made on one that has not."""

    def fill(context: Path) -> None:
        _copy(go_programs.build(go_programs.GVISOR, store.progress), context / "bin", "runsc", "containerd-shim-runsc")

    inputs = (go_programs.cached(go_programs.GVISOR).name,)
    return Recipe("gvisor", usual=10, base=plain, inputs=inputs, fill=fill, options=OPTIONS, entrypoint=ENTRYPOINT)


ENTRYPOINT = ("/usr/local/bin/entrypoint", "/sbin/init")
RUNTIME_CLASS = "runtime-class.yaml"
OPTIONS = ("--env", "container=docker", "--stop-signal", "SIGRTMIN+3")
"""systemd exits on SIGRTMIN+3, not on SIGTERM."""
MODULE = ("containerd", "containerd-shim-runc-v2", "ctr")
OF_KIND = (
    "systemd", "systemd-sysv", "dbus", "conntrack", "iptables", "nftables", "iproute2", "ethtool", "util-linux", "mount", "kmod",
    "bash", "ca-certificates", "jq", "procps", "curl", "socat", "libseccomp2", "pigz", "zstd",
    "containernetworking-plugins",
)  # fmt: skip
"""Debian packages of a kind node."""
OF_KUBE_PROXY = ("iptables", "nftables", "conntrack", "iproute2", "kmod")


def _kubernetes(store: Store, module: go_programs.Module) -> Recipe:
    """Return the recipe of the one image of the control plane, kube-proxy and pause: what they share is there once."""

    def fill(context: Path) -> None:
        built = go_programs.build(module, store.progress)
        _copy(built, context / "bin", "kubernetes", *go_programs.PARTS, "etcd")
        _pause(context / "bin" / "pause", store, module)

    base = Recipe("packages", usual=20, base="bookworm", args={"PACKAGES": " ".join(OF_KUBE_PROXY)})
    return Recipe("kubernetes", usual=10, base=base, inputs=(go_programs.cached(module).name,), fill=fill)


def _dns(store: Store, module: go_programs.Module) -> Recipe:
    def fill(context: Path) -> None:
        _copy(go_programs.build(module, store.progress), context, "coredns")

    return Recipe("coredns", usual=5, inputs=(go_programs.cached(module).name,), fill=fill)


def _copy(programs: Path, target: Path, *names: str) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copy2(programs / name, target / name, follow_symlinks=False)


def _runc(store: Store) -> Path:
    """Return the folder with runc. What its C wants is installed where it is missing."""
    packages.ensure(store.progress, packages.FOR_IMAGES, install=store.install)
    return go_programs.build(go_programs.RUNC, store.progress)


def _pause(target: Path, store: Store, module: go_programs.Module) -> None:
    """Compile pause, the one C file that every pod sandbox runs, from the source of Kubernetes."""
    packages.ensure(store.progress, packages.FOR_IMAGES, install=store.install)
    source = go_programs.source(module, "k8s.io/kubernetes", store.progress) / "build" / "pause" / "linux" / "pause.c"
    args: list[str | Path] = ["gcc", "-Os", "-static", f"-DVERSION={PAUSE_TAG}", "-o", target, source]
    commands.run(args, timeout=60, log="images")


def any_there() -> bool:
    """Return whether some node image is in the machine's engine; False without an engine or a client of one."""
    if not shutil.which("docker"):
        return False
    return bool(commands.run(["docker", "images", "-q", "conformance/node"], timeout=60, check=False, log="images").stdout)


KNOWN = (*images.NAMES, NODE)
"""The public names that `conformance up --image NAME=REFERENCE` knows."""
