"""Programs built from pinned Go modules (build/go/NAME: go.mod with `tool` lines, go.sum), cached by content."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from attrs import frozen

from conformance.world import commands, packages, paths
from conformance.world.digest import digest
from conformance.world.progress import Progress

BUILD_SECONDS = 2400.0


@frozen
class Module:
    """A folder under build/go; `usual` is its cold build time in seconds on two cores."""

    name: str
    usual: float
    tags: str = ""
    version_package: str = ""
    renames: tuple[tuple[str, str], ...] = ()

    @property
    def folder(self) -> Path:
        """Give the folder with go.mod and go.sum."""
        return paths.BUILD / "go" / self.name

    def version_of(self, module: str) -> str:
        """Give the version that go.mod pins `module` to, e.g. 'v1.36.3'."""
        text = (self.folder / "go.mod").read_text(encoding="utf-8")
        found = re.search(rf"^(?:require )?\s*{re.escape(module)} (v\S+)", text, re.MULTILINE)
        if not found:
            raise LookupError(f"{self.folder}/go.mod does not pin {module}")
        return found[1]


KUBERNETES = Module("kubernetes", usual=360, version_package="k8s.io/component-base/version")
ETCD = Module("etcd", usual=35, renames=(("server", "etcd"),))
KIND = Module("kind", usual=20)
CONTAINERD = Module("containerd", usual=60, tags="no_aufs no_zfs no_btrfs no_devmapper")
REGISTRY = Module("registry", usual=60)
COREDNS = Module("coredns", usual=120)


OF_A_WORLD = (KUBERNETES, ETCD, CONTAINERD, COREDNS, KIND)
"""What a kind cluster of ours is made with."""


def kubernetes_version() -> str:
    """Give the version that is built, e.g. 'v1.36.3'."""
    return KUBERNETES.version_of("k8s.io/kubernetes")


def cached(module: Module) -> Path:
    """Give the folder that holds, or will hold, the module's programs."""
    return paths.cache() / "bin" / f"{module.name}-{digest(module.folder, module.tags)}"


def build(module: Module, progress: Progress) -> Path:
    """Give the folder with the module's programs, built if not cached.

    Raises `CommandFailed` with the compiler's last words.
    """
    target = cached(module)
    if target.is_dir():
        return target
    flags = "-s -w"
    if module.version_package:
        version = kubernetes_version()
        major, minor = version.lstrip("v").split(".")[:2]
        for name, value in {"gitVersion": version, "gitMajor": major, "gitMinor": minor}.items():
            flags += f" -X {module.version_package}.{name}={value}"
    go = packages.go(progress)
    making = target.with_name(target.name + ".part")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    with progress.step(f"building {module.name} from its Go module", usual=module.usual):
        # `tool` is Go's own word for "every program that go.mod declares with a tool line".
        args: list[str | Path] = [go, "build", "-trimpath", "-tags", module.tags, "-ldflags", flags, "-o", f"{making}/", "tool"]
        commands.run(args, timeout=BUILD_SECONDS, cwd=module.folder, env={"CGO_ENABLED": "0"}, log="go")
        for old, new in module.renames:
            (making / old).rename(making / new)
        making.rename(target)
    return target


def source(module: Module, path: str, progress: Progress) -> Path:
    """Give the folder of a module that `module` requires, as the Go module cache holds it."""
    go = packages.go(progress)
    commands.run([go, "mod", "download", path], timeout=BUILD_SECONDS, cwd=module.folder, log="go")
    args: list[str | Path] = [go, "list", "-m", "-f", "{{.Dir}}", path]
    return Path(commands.run(args, timeout=60, cwd=module.folder, log="go").stdout.strip())
