"""Where images come from: built from Debian packages and Go modules, each cached by the hash of what it is made of.

The names are the public ones, so that a manifest reads the same everywhere; an image of ours under a public
name is a *stand-in* and is named as one on every cell that it touches.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import frozen

from conformance.errors import CommandFailed, NoImage
from conformance.wait import until
from conformance.world import binaries, commands, paths
from conformance.world.digest import digest
from conformance.world.progress import Progress

IMAGES = paths.BUILD / "images"
BUILD_SECONDS = 1200.0
STAGE = "conformance.stage"
"""Label of the images of a build's earlier stages."""
CHILD = "httpd:latest"
DOCKER_CLI = "docker:26.1-cli"
DOCKER_DIND = "docker:26.1-dind"
PROBE = "python:3-slim"
STAND_INS: Mapping[str, str] = {
    CHILD: "Apache httpd of Debian bookworm",
    DOCKER_CLI: "docker-cli of Debian trixie",
    DOCKER_DIND: "docker.io of Debian trixie, entrypoint imitated, child's image preloaded",
    PROBE: "python3 of Debian bookworm",
}
"""Public name -> what ours is made of."""


@frozen
class Built:
    """An image in the machine's engine. `reference` is unique to its content."""

    reference: str

    @property
    def id(self) -> str:
        """Give the hash part of the reference."""
        return self.reference.rpartition(":")[2]


def base(suite: str, progress: Progress) -> Built:
    """Give a minimal Debian of that suite, made from the machine's own package sources."""
    sources = Path("/etc/apt/sources.list.d/debian.sources")
    options = ["--variant=minbase", '--aptopt=APT::Install-Recommends "false"']
    image = Built(f"conformance/debian-{suite}:{digest(suite, options)}")
    if _id(image.reference):
        return image
    with progress.step(f"Debian {suite} base image", usual=25), tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "base.tar"
        listed = Path(folder) / "debian.sources"
        if sources.is_file():
            text = re.sub(r"\bbookworm\b", suite, sources.read_text(encoding="utf-8"))
            listed.write_text(re.sub(r"^#.*\n", "", text, flags=re.MULTILINE), encoding="utf-8")
        args: list[str | Path] = ["mmdebstrap", "--quiet", *options, suite, archive]
        args += [listed] if sources.is_file() else []
        commands.run(args, timeout=BUILD_SECONDS, log="images", remedy="is Debian's package mirror reachable?")
        commands.run(["docker", "import", archive, image.reference], timeout=300, log="images")
    return image


def _id(reference: str) -> str:
    """Give the id of an image in the machine's engine, or ''."""
    args = ["docker", "image", "inspect", "--format", "{{.Id}}", reference]
    return commands.run(args, timeout=60, check=False, log="images").stdout.strip()


def _build(
    name: str,
    progress: Progress,
    usual: float,
    args: Mapping[str, str],
    inputs: tuple[str, ...] = (),
    fill: Callable[[Path], None] = lambda _: None,
) -> Built:
    """Build images/NAME unless it is there. `inputs` name everything that `fill` adds to the build context."""
    folder = IMAGES / name
    wanted = Built(f"conformance/{name}:{digest(folder, [f'{k}={v}' for k, v in sorted(args.items())], inputs)}")
    if _id(wanted.reference):
        return wanted
    with (
        progress.step(f"image {name}", usual=usual),
        tempfile.TemporaryDirectory(dir=paths.cache()) as context,
    ):
        shutil.copytree(folder, context, dirs_exist_ok=True)
        fill(Path(context))
        command = ["docker", "build", "-q", "-t", wanted.reference]
        for key, value in args.items():
            command += ["--build-arg", f"{key}={value}"]
        try:
            # The builder that every engine has; nothing here needs BuildKit.
            commands.run([*command, context], timeout=BUILD_SECONDS, env={"DOCKER_BUILDKIT": "0"}, log="images")
        except CommandFailed as failed:
            raise NoImage(f"The image {name} could not be built: {failed.sentence}", failed.remedy) from failed
    # What a build of several stages leaves without a name; the builder's cache is in the named stages' layers.
    prune = ["docker", "image", "prune", "--force", "--filter", f"label={STAGE}"]
    commands.run(prune, timeout=120, check=False, log="images")
    return wanted


def _save(image: Built, names: list[str], target: Path) -> None:
    """Write the image under public names. Where the user's engine has them for images of its own, they stay."""
    before = {name: _id(name) for name in names}
    for name in names:
        commands.run(["docker", "tag", image.reference, name], timeout=60, log="images")
    commands.run(["docker", "save", "-o", target, *names], timeout=300, log="images")
    for name, previous in before.items():
        restore = ["docker", "tag", previous, name] if previous else ["docker", "rmi", "--no-prune", name]
        commands.run(restore, timeout=60, log="images")


def _graph(engine: Built, child: Built, target: Path) -> None:
    """Let an engine of the same version load the child's image, and keep the two folders that hold it then.

    Starting every leg's engine with the image in place saves each of them 2.6 s at half a CPU, which is what loading
    it there took.
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
        archive = target.with_name("child.tar")
        _save(child, [CHILD], archive)
        commands.run(["docker", "cp", archive, f"{name}:/child.tar"], timeout=60, log="images")
        commands.run([*inside, "docker", "load", "-q", "-i", "/child.tar"], timeout=60, log="images")
        pack = ["tar", "-C", "/var/lib/docker", "-cf", "/graph.tar", "image", "overlay2"]
        commands.run([*inside, *pack], timeout=60, log="images")
        commands.run(["docker", "cp", f"{name}:/graph.tar", target], timeout=60, log="images")
        archive.unlink()
    finally:
        commands.run(["docker", "rm", "-f", "-v", name], timeout=60, check=False, log="images")


def _copy(programs: Path, target: Path, *names: str) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in names or [p.name for p in programs.iterdir()]:
        shutil.copy2(programs / name, target / name)


STEPS = 9
"""Two base images and seven others lie between nothing and a node image."""


def any_node() -> bool:
    """Say whether some node image is in the machine's engine."""
    return bool(commands.run(["docker", "images", "-q", "conformance/node"], timeout=60, check=False, log="images").stdout)


def node(containerd: str, progress: Progress) -> Built:
    """Give the image of our kind nodes, with every image that a run needs inside.

    `containerd` is '2.3' (built from its Go module) or '1.6' (Debian's).
    """
    bookworm, trixie = base("bookworm", progress), base("trixie", progress)
    kubernetes = binaries.build(binaries.KUBERNETES, progress)
    etcd = binaries.build(binaries.ETCD, progress)
    runtime = binaries.build(binaries.CONTAINERD, progress)
    kind_source = binaries.source(binaries.KIND, "sigs.k8s.io/kind", progress)
    version = binaries.kubernetes_version()
    on_bookworm, on_trixie = {"BASE": bookworm.reference}, {"BASE": trixie.reference}

    child = _build("httpd", progress, 25, on_bookworm)

    def no_graph(context: Path) -> None:
        (context / "preload").mkdir()

    engine = _build("docker", progress, 40, on_trixie, (), no_graph)

    def graph(context: Path) -> None:
        (context / "preload").mkdir()
        _graph(engine, child, context / "preload" / "graph.tar")

    docker = _build("docker", progress, 10, on_trixie, (child.id,), graph)
    python = _build("python", progress, 25, on_bookworm)

    def control_plane_programs(context: Path) -> None:
        _copy(kubernetes, context / "bin", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
        _copy(etcd, context / "bin")
        _pause(context / "bin" / "pause", progress)

    control_plane = _build("control-plane", progress, 10, {}, (kubernetes.name, etcd.name), control_plane_programs)

    def proxy_programs(context: Path) -> None:
        _copy(kubernetes, context / "bin", "kube-proxy", "kubectl")

    proxy = _build("kube-proxy", progress, 20, on_bookworm, (kubernetes.name,), proxy_programs)

    def node_files(context: Path) -> None:
        shutil.copytree(kind_source / "images" / "base" / "files", context / "kind-files")
        for file in (context / "kind-files").rglob("*"):  # the module cache is read-only
            file.chmod(file.stat().st_mode | 0o200)
        _copy(kubernetes, context / "bin", "kubelet", "kubeadm", "kubectl")
        if containerd != "1.6":
            _copy(runtime, context / "bin")
        images = context / "images"
        images.mkdir()
        registry = "registry.k8s.io"
        _save(
            control_plane,
            [f"{registry}/{n}:{version}" for n in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")]
            + [f"{registry}/etcd:{ETCD_TAG}", f"{registry}/pause:{PAUSE_TAG}"],
            images / "control-plane.tar",
        )
        _save(proxy, [f"{registry}/kube-proxy:{version}"], images / "kube-proxy.tar")
        _save(docker, [DOCKER_CLI, DOCKER_DIND], images / "docker.tar")
        _save(python, [PROBE], images / "python.tar")
        _save(child, [CHILD], images / "httpd.tar")

    inputs = (
        docker.id,
        python.id,
        control_plane.id,
        proxy.id,
        kubernetes.name,
        runtime.name,
        kind_source.name,
    )
    args = {**on_bookworm, "CONTAINERD": containerd, "KUBERNETES": version}
    return _build("node", progress, 90, args, inputs, node_files)


ETCD_TAG = "3.6.8-0"
PAUSE_TAG = "3.10.2"
"""What kubeadm 1.36 asks for (`kubeadm config images list`)."""


def _pause(target: Path, progress: Progress) -> None:
    """Compile pause, the one C file that every pod sandbox runs, from the Kubernetes module."""
    source = binaries.source(binaries.KUBERNETES, "k8s.io/kubernetes", progress) / "build" / "pause" / "linux" / "pause.c"
    args: list[str | Path] = ["gcc", "-Os", "-static", f"-DVERSION={PAUSE_TAG}", "-o", target, source]
    commands.run(args, timeout=60, log="images")
