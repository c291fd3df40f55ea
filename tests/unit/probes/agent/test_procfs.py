"""What is read of /proc."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from conformance.probes.agent import procfs

SLOW = 60
"""Seconds in which a process starts, on whatever machine."""


def test_the_agent_reads_this_very_process() -> None:
    process = procfs.describe(os.getpid())
    assert process["start"] == procfs.start_time(os.getpid())
    assert process["nspid"][-1] == os.getpid()
    assert process["cgroup"].splitlines()
    assert int(process["capabilities"], 16) & ~int(process["bounding"], 16) == 0


def test_a_process_started_when_it_was_started() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        started = procfs.start_time(child.pid) / os.sysconf("SC_CLK_TCK")
        child.kill()
    assert 0 <= procfs.boottime() - started < SLOW


CONTAINER, ENGINE = "b" * 64, "a" * 64
HOSTS = "1 2 254:0 /pods/1/graph/containers/{}/hosts /etc/hosts rw - ext4 /dev/vda rw\n"


class Node:
    """The /proc of a node on which a container's two processes stand below their runtime."""

    def __init__(self, hosts: str, child: str, runtime: str) -> None:
        self.files = {
            "mountinfo": dict.fromkeys((7, 8), hosts),
            "cgroup": {6: runtime, 7: child, 8: child},
            "ns/mnt": {6: "mnt:[1]", 7: "mnt:[2]", 8: "mnt:[2]"},
        }

    def text(self, path: str) -> str:
        _, _, pid, name = path.split("/", 3)
        return self.files[name][int(pid)]

    def status_of(self, pid: int) -> dict[str, str]:
        return {"PPid": str(pid - 1)}


@pytest.mark.parametrize(
    ("hosts", "child", "runtime", "named"),
    [
        (HOSTS.format(CONTAINER), f"0::/{ENGINE}", f"0::/{ENGINE}", CONTAINER),
        (HOSTS.format(f"{CONTAINER}/userdata"), f"0::/{ENGINE}", f"0::/{ENGINE}", CONTAINER),
        (HOSTS.format(CONTAINER), f"0::/{ENGINE}/docker/{CONTAINER}", f"0::/{ENGINE}", ""),
        (
            HOSTS.format("c" * 64),
            f"0::/{ENGINE}/docker/{CONTAINER}",
            f"0::/{ENGINE}",
            "",
        ),  # that of another, whose network it has
        ("1 2 254:0 /pods/1/etc-hosts /etc/hosts rw - ext4 /dev/vda rw\n", f"0::/{ENGINE}", f"0::/{ENGINE}", ""),
        ("", f"0::/{ENGINE}", f"0::/{ENGINE}", ""),
    ],
)
@pytest.mark.parametrize("pid", [7, 8])
def test_a_container_that_is_left_in_its_runtimes_cgroup_is_named_by_its_hosts_file(
    hosts: str, child: str, runtime: str, named: str, pid: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = Node(hosts, child, runtime)
    monkeypatch.setattr(procfs, "text", node.text)
    monkeypatch.setattr(procfs, "status_of", node.status_of)
    monkeypatch.setattr(os, "readlink", node.text)
    assert procfs._without_cgroup(pid, child) == named


@pytest.mark.parametrize(
    ("bundle", "spaces", "environment"),
    [
        ('{"process": {"env": ["N=n"]}}', "12", ["N=n"]),
        ('{"process": {"env": ["N=n"]}}', "22", []),  # of the container's own making
        ('{"process": {"env": null}}', "12", []),
        ('["N=n"]', "12", []),
        ("N=n", "12", []),
    ],
)
def test_a_runtime_was_told_what_stands_in_the_bundle_of_its_shim(
    bundle: str, spaces: str, environment: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(procfs, "status_of", lambda pid: {"PPid": str(pid - 1)})
    monkeypatch.setattr(os, "readlink", lambda path: spaces[int(path.split("/")[2]) - 6])
    monkeypatch.setattr(procfs, "text", {"/proc/6/cwd/config.json": bundle}.__getitem__)
    assert procfs.told(7) == environment


@pytest.mark.parametrize("gone", ["cgroup", "ns/mnt"])
def test_a_process_whose_runtime_ends_meanwhile_is_there_all_the_same(gone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(HOSTS.format(CONTAINER), f"0::/{ENGINE}", f"0::/{ENGINE}")

    def read(path: str) -> str:
        if path == f"/proc/6/{gone}":
            raise ProcessLookupError(path)
        return node.text(path)

    monkeypatch.setattr(procfs, "text", read)
    monkeypatch.setattr(procfs, "status_of", node.status_of)
    monkeypatch.setattr(os, "readlink", read)
    assert procfs._without_cgroup(7, f"0::/{ENGINE}") == ""


def test_a_line_of_the_kernels_ends_with_a_newline_alone(tmp_path: Path) -> None:
    """A process named itself: what it put behind a form feed is of its name, and no line of the kernel's."""
    status = tmp_path / "status"
    status.write_bytes(b"Name:\ta\x0cSeccomp:\t2\nUid:\t0\t0\t0\t0\n")
    assert procfs.lines_of(str(status)) == ["Name:\ta\x0cSeccomp:\t2", "Uid:\t0\t0\t0\t0"]
