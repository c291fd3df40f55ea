"""Checks: each thing that a run needs, how it is, and the remedy. Changes nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

from attrs import frozen

from conformance import images
from conformance.errors import ConformanceError
from conformance.world import kind, worlds
from conformance.world.images import kind_node
from conformance.world.machine import engine, packages, paths

DISK_BYTES = 15 << 30
"""What a cold build needs: 5 GB of Go modules and build cache, 6 GB of images, the rest for nodes."""
MEMORY_BYTES = 4 << 30


@frozen
class Check:
    """One thing that is needed."""

    what: str
    ok: bool
    state: str
    remedy: str = ""


def checks() -> Iterator[Check]:
    """Yield every check in the order in which `up` would meet them."""
    root = os.geteuid() == 0
    running = engine.info()
    yield Check(
        "root, or a Docker Engine that answers",
        root or running is not None,
        "root" if root else "not root",
        "start Docker, or run as root",
    )
    for purpose, needs, needed in (
        ("Debian packages to start Docker Engine", packages.FOR_ENGINE, running is None),
        ("Debian packages to build images, where no registry answers", packages.FOR_IMAGES, not kind_node.any_there()),
    ):
        missing = packages.missing(needs)
        state = " ".join(missing) + " missing" if missing else "all there"
        yield Check(purpose, not (missing and needed), state, packages.install_command(missing))
    go = shutil.which("go")
    yield Check("Go toolchain", True, go or "none; `up` brings one into the cache")
    free = shutil.disk_usage(paths.cache()).free
    yield Check(
        "disk",
        free >= DISK_BYTES,
        f"{free >> 30} GiB free at {paths.cache()}",
        f"free {DISK_BYTES >> 30} GiB, or set CONFORMANCE_CACHE",
    )
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    yield Check("memory", memory >= MEMORY_BYTES, f"{memory >> 30} GiB", f"a machine with {MEMORY_BYTES >> 30} GiB")
    for world in worlds.every():
        yield Check(f"world {world.name}, where it is asked for", True, world.state())
    if running is None:
        yield Check("Docker Engine", False, "none answers", "conformance up starts one" if root else "start Docker")
        return
    unusable = engine.needs_runtime(running)
    state = f"{running['ServerVersion']}, cgroup v{running.get('CgroupVersion', '1')}, runtime {running.get('DefaultRuntime')}"
    yield Check(
        "Docker Engine",
        not unusable,
        state,
        "stop it; conformance up starts one whose runtime does not ask for CAP_SYS_RESOURCE",
    )
    cluster = kind.existing()
    if cluster is None:
        yield Check("cluster", False, "none of ours", "conformance up")
        return
    try:
        answers = kind.answers(cluster)
    except ConformanceError:
        answers = False
    yield Check(
        "cluster",
        answers,
        f"{cluster.name} {'answers, every node Ready' if answers else 'does not answer'}",
        "conformance up makes it anew",
    )
    if answers:
        missing_images = kind.lacking(cluster, images.NAMES)
        yield Check(
            "images in the nodes",
            not missing_images,
            ", ".join(missing_images) + " missing" if missing_images else "all there",
            "conformance down, then up",
        )
