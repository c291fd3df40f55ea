"""Programs built from pinned Go modules (build/go/NAME: go.mod, go.sum, mains of ours), cached by content."""

from __future__ import annotations

import os
import re
import shutil
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from threading import Lock

from attrs import evolve, field, frozen

from conformance.world.machine import commands, memory, packages, paths
from conformance.world.machine.digest import digest
from conformance.world.machine.progress import Progress

BUILD_SECONDS = 2400.0


PASSED_OVER = ("prove", "sccp", "branchelim", "memcombine", "dse", "likelyadjust")
"""The compiler's passes that look for what could be left out at run time: a fifth of its time (docs/worlds.md)."""
COMPILE = (
    "-trimpath",
    "-buildvcs=false",
    f"-gcflags=all=-dwarf=false -d={','.join(f'ssa/{name}/off' for name in PASSED_OVER)}",
)
"""No debugging information: linking drops it (-s -w), and a sixth of the compilers' time was to make it."""
KEPT_FREE = 1 << 30
"""Bytes of memory that compilers leave to the Docker Engine and what else is at work."""
LEAST = 256 << 20
"""Bytes below which no compiler gets along."""


@frozen
class Module:
    """A folder under build/go; `usual` is its cold build time in seconds on two cores.

    `packages` are what `go build` is asked for; `tool` is Go's own word for every program that go.mod has a tool line of.
    """

    name: str
    usual: float
    packages: tuple[str, ...] = ("tool",)
    tags: str = ""
    version_package: str = ""
    renames: Mapping[str, str] = field(factory=dict)
    """Name that Go gives a program -> the one that it is known by."""
    names: Mapping[str, tuple[str, ...]] = field(factory=dict)
    """Program -> the names under which it is started, where it is several in one."""
    linked: tuple[str, ...] = ()
    """The linker's further options."""
    c: bool = False
    """Whether C is compiled with it, which wants a compiler and the headers that it includes (`packages.FOR_IMAGES`)."""
    mains: str = ""
    """The folder beside whose mains are compiled with this one's go.mod and go.sum, where this has none of its own."""

    @property
    def folder(self) -> Path:
        """Return the folder with go.mod and go.sum."""
        return paths.BUILD / "go" / self.name

    @property
    def of_mains(self) -> Path:
        """Return the folder in which Go is run."""
        return paths.BUILD / "go" / (self.mains or self.name)

    @property
    def modfile(self) -> tuple[str, ...]:
        """Return the option of Go that names this module's go.mod where that lies elsewhere than its mains."""
        return (f"-modfile={self.folder / 'go.mod'}",) if self.mains else ()

    def version_of(self, module: str) -> str:
        """Return the version that go.mod pins `module` to, e.g. 'v1.37.2'."""
        text = (self.folder / "go.mod").read_text(encoding="utf-8")
        pinned = re.search(rf"^(?:require )?\s*{re.escape(module)} (v\S+)", text, re.MULTILINE)
        if not pinned:
            raise LookupError(f"{self.folder}/go.mod does not pin {module}")
        return pinned[1]


PARTS = ("kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubeadm", "kubectl", "kubelet")
NODE = Module(
    "node",
    usual=420,
    packages=("./kubernetes", "./coredns", "./registry", "tool"),
    tags="no_aufs no_zfs no_btrfs no_devmapper",
    version_package="k8s.io/component-base/version",
    renames={"server": "etcd"},
    names={"kubernetes": PARTS},
)
"""What runs in our nodes: Kubernetes, etcd, containerd, CoreDNS, a registry. One module, so that what they share, which is
two thirds of all but Kubernetes, is compiled once."""
NODES = {"1.37": NODE, "1.36": evolve(NODE, name="node-1.36", mains=NODE.name)}
"""Version of Kubernetes, each of `choices.KUBERNETES` -> the module of its node. containerd goes with it, 2.4.2 and 2.3.7:
2.3.7 does not compile with the cri-api of 1.37, where each signal of the CRI has a longer name, and 2.4.2 asks for that."""
KIND = Module("kind", usual=20)
RUNC = Module(
    "runc",
    usual=40,
    tags="seccomp netgo osusergo urfave_cli_no_docs",
    linked=("-extldflags", "-static"),
    c=True,
)
"""What makes containers in our nodes, and in a pod that has `ENGINE`. Static, for the machine's C library is not the node's."""
ENGINE = Module(
    "engine",
    usual=420,
    tags="exclude_graphdriver_btrfs no_btrfs no_systemd",
    linked=("-X", "github.com/moby/moby/v2/dockerversion.Version=29.9.3"),
)
"""Docker Engine, dockerd and docker-proxy. Its module has a version of its own: v2.0.0-beta.24 is 29.9.3."""
BUILDKIT = Module("buildkit", usual=180, tags="osusergo netgo static_build seccomp")
"""BuildKit's daemon, buildkitd, and the client of it alone, buildctl: of the version that Docker Engine 29.9 has in it."""
GVISOR = Module("gvisor", usual=140, renames={"shim": "containerd-shim-runsc"})
"""gVisor's runtime and its shim for containerd. The module is the project's branch `go`, with the code that Bazel generates."""
OF_A_WORLD = (NODE, KIND, RUNC, BUILDKIT)
"""What a kind cluster of ours is made with."""


def kubernetes_version() -> str:
    """Return the version that is built unless another is chosen, e.g. 'v1.37.2'."""
    return NODE.version_of("k8s.io/kubernetes")


def cached(module: Module) -> Path:
    """Return the folder that holds, or will hold, the module's programs."""
    folders = sorted({module.folder, module.of_mains})
    return paths.cache() / "bin" / f"{module.name}-{digest(*folders, module.tags, COMPILE, *module.linked)}"


def build(module: Module, progress: Progress) -> Path:
    """Return the folder with the module's programs, built if not cached.

    Raises `CommandFailed` with the compiler's last words.
    """
    target = cached(module)
    with _BUILDING[target]:
        if not target.is_dir():
            _build(module, target, progress)
    return target


_BUILDING: defaultdict[Path, Lock] = defaultdict(Lock)
"""Who builds; who wants the same waits."""


def _build(module: Module, target: Path, progress: Progress) -> None:
    flags = " ".join(("-s -w", *module.linked))
    if module.version_package:
        version = module.version_of("k8s.io/kubernetes")
        major, minor = version.lstrip("v").split(".")[:2]
        for name, value in {"gitVersion": version, "gitMajor": major, "gitMinor": minor}.items():
            flags += f" -X {module.version_package}.{name}={value}"
    go = packages.go(progress)
    making = target.with_name(target.name + ".part")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    with progress.step(f"building {module.name} from its Go module", usual=module.usual):
        args: list[str | Path] = [go, "build", *module.modfile, *COMPILE, "-tags", module.tags, "-ldflags", flags]
        env = {"CGO_ENABLED": "1" if module.c else "0", **_memory()}
        commands.run([*args, "-o", f"{making}/", *module.packages], timeout=BUILD_SECONDS, cwd=module.of_mains, env=env, log="go")
        for old, new in module.renames.items():
            (making / old).rename(making / new)
        for program, names in module.names.items():
            for name in names:
                (making / name).symlink_to(program)
        making.rename(target)


def _memory() -> dict[str, str]:
    """Return what lets Go's compilers and linkers collect garbage only where memory would run out, one on each CPU at once.

    Most of them end before they would have to: a twentieth of their CPU time is saved (4.4 s, not 4.6, of a large package).
    """
    each = (memory.memory() - KEPT_FREE) // (len(os.sched_getaffinity(0)) + 1)
    return {"GOGC": "off", "GOMEMLIMIT": str(max(each, LEAST))}


def source(module: Module, path: str, progress: Progress) -> Path:
    """Return the folder of a module that `module` requires, as the Go module cache holds it."""
    go = packages.go(progress)
    commands.run([go, "mod", "download", *module.modfile, path], timeout=BUILD_SECONDS, cwd=module.of_mains, log="go")
    args: list[str | Path] = [go, "list", *module.modfile, "-m", "-f", "{{.Dir}}", path]
    return Path(commands.run(args, timeout=60, cwd=module.of_mains, log="go").stdout.strip())
