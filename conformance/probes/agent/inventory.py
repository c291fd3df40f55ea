"""What a leg could leave on a node, by name."""

from __future__ import annotations

import os

from conformance.probes.agent.procfs import enter, maybe, mounts_of, pids, proc
from conformance.probes.agent.programs import rules
from conformance.probes.agent.questions import Object, question

CGROUPS = "/sys/fs/cgroup"


@question
def inventory(asked: Object) -> dict[str, list[str]]:
    """Return what a leg could leave on the node: names only, sorted, so that two can be compared. `kinds` are of LOOKS."""
    enter(1, "cgroup")
    enter(1, "net", "mnt")
    names = {kind: sorted(LOOKS[kind]()) for kind in asked.get("kinds", ())}
    return {**names, **{name: names_in(path) for name, path in asked.get("folders", {}).items()}}


def names_in(folder: str) -> list[str]:
    """Return the names in a folder, sorted, or why it cannot be read."""
    try:
        return sorted(os.listdir(folder))
    except OSError as error:
        return [f"({os.strerror(error.errno or 0)})"]


def mount_points() -> set[str]:
    """Return where something is mounted, but no network that a process lives in: its name does not say whose it is."""
    lived_in = {inode(proc(pid, "ns/net")) for pid in pids()} - {None}
    return {mount.point for mount in mounts_of(1) if not (mount.kind == "nsfs" and inode(mount.point) in lived_in)}


def inode(path: str) -> int | None:
    """Return a file's inode, or None if it is gone."""
    try:
        return os.stat(path).st_ino
    except OSError:
        return None


def cgroup_paths(top: str = CGROUPS) -> set[str]:
    """Return every cgroup by its path, the same for all hierarchies that have it."""
    unified = os.path.exists(f"{top}/cgroup.controllers")
    roots = [top] if unified else [os.path.join(top, name) for name in os.listdir(top)]
    return {os.path.relpath(folder, root) for root in roots for folder, _, _ in os.walk(root)} - {"."}


def root_controllers() -> set[str]:
    """Return the controllers that the root cgroup hands to those below it; on cgroup v1, where none are handed on, none."""
    return set((maybe(f"{CGROUPS}/cgroup.subtree_control") or "").split())


LOOKS = {
    "mounts": mount_points,
    "cgroups": cgroup_paths,
    "controllers of the root cgroup": root_controllers,
    "iptables rules": rules,
}
