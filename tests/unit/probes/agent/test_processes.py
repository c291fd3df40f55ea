"""Processes of a node."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.probes.agent import processes
from conformance.probes.agent.procfs import start_time


def test_the_ancestry_goes_up_to_pid_1(monkeypatch: pytest.MonkeyPatch) -> None:
    parents = {41: 40, 40: 7, 7: 1, 1: 0, 8: 1}
    monkeypatch.setattr(processes, "enter", lambda *_: None)
    monkeypatch.setattr(processes, "describe", lambda pid: {"pid": pid, "ppid": parents[pid]})
    assert [process["pid"] for process in processes.ancestry({"pid": 41})] == [41, 40, 7, 1]


def test_a_process_is_its_containers_by_what_kubelet_mounted_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    line = "1 2 0:5 /lib/kubelet/pods/{}/containers/{}/8d1f0c /dev/termination-log rw - ext4 /dev/x rw"
    seen = {7: line.format("u-1", "dind-daemon"), 8: line.format("u-2", "dind-daemon"), 9: "1 2 0:5 / / rw - ext4 /dev/x rw"}
    monkeypatch.setattr(processes, "enter", lambda *_: None)
    monkeypatch.setattr(processes, "text", lambda path: seen[int(path.split("/")[2])])
    monkeypatch.setattr(processes, "of_every_process", lambda look: filter(None, map(look, seen)))
    monkeypatch.setattr(processes, "describe", lambda pid: {"pid": pid})
    assert processes.mounted({"uid": "u-1"}) == [{"pid": 7, "container": "dind-daemon"}]


def test_what_a_container_starts_is_its_own_though_it_has_dropped_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    spaces, environments = {7: "pid:[1]", 8: "pid:[2]", 9: "pid:[2]"}, {7: ["N=n"], 8: ["N=n"], 9: []}
    monkeypatch.setattr(processes, "enter", lambda *_: None)
    monkeypatch.setattr(processes, "environ", environments.get)
    monkeypatch.setattr(processes, "told", lambda _: [])
    monkeypatch.setattr("os.readlink", lambda path: spaces[int(path.split("/")[2])])
    monkeypatch.setattr(processes, "of_every_process", lambda look: filter(None, map(look, spaces)))
    monkeypatch.setattr(processes, "describe", lambda pid: {"pid": pid})
    for asked, pids in (({"value": "n"}, [7, 8]), ({"value": "n", "space": 8}, [7, 8, 9]), ({"value": "x", "space": 8}, [8, 9])):
        assert [each["pid"] for each in processes.processes({"variable": "N", **asked})] == pids


CONTAINER, NESTED = "c" * 64, "d" * 64


def test_a_process_is_of_a_container_by_its_cgroup_or_else_its_hosts_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places = {
        7: (f"4:cpu:/\n3:pids:/docker/{CONTAINER}/init", ""),
        8: ("0::/", CONTAINER),
        9: (f"0::/docker/{CONTAINER}/docker/{NESTED}", ""),
        10: (f"0::/docker/{NESTED}", CONTAINER),
        11: ("0::/", ""),
    }
    monkeypatch.setattr(processes, "enter", lambda *_: None)
    monkeypatch.setattr(processes, "carries", lambda pid, _: pid == 11)
    monkeypatch.setattr(processes, "text", lambda path: places[int(path.split("/")[2])][0])
    monkeypatch.setattr("os.readlink", lambda path: path)
    monkeypatch.setattr(processes, "by_hosts_file", lambda pid: places[pid][1])
    monkeypatch.setattr(processes, "of_every_process", lambda look: filter(None, map(look, places)))
    monkeypatch.setattr(processes, "describe", lambda pid: {"pid": pid})
    own = [{"pid": 7, "of": CONTAINER}, {"pid": 8, "of": CONTAINER}]
    assert processes.processes({"variable": "N", "value": "n", "container": CONTAINER}) == [*own, {"pid": 11}]


def test_a_process_carries_what_its_runtime_was_told_to_give_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "environ", {7: ["N=n"], 8: [], 9: []}.get)
    monkeypatch.setattr(processes, "told", {7: [], 8: ["N=n"], 9: []}.get)
    assert [pid for pid in (7, 8, 9) if processes.carries(pid, "N=n")] == [7, 8]


def test_who_holds_an_inotify_instance_is_told_with_its_user(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = ctypes.CDLL(None).inotify_init()
    monkeypatch.setattr(processes, "enter", lambda *_: None)
    try:
        (own,) = [each for each in processes.inotify({}) if each["pid"] == os.getpid()]
    finally:
        os.close(handle)
    assert (own["held"] >= 1, own["user"]) == (True, os.getuid())
    assert own["ns"]["user"] == str(Path("/proc/self/ns/user").readlink())


def test_a_process_is_alive_by_its_pid_and_start_until_it_ends() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        own = {"pid": child.pid, "start": start_time(child.pid)}
        assert processes.alive(own)
        assert not processes.alive({**own, "start": own["start"] - 1}), "it is another that had its number"
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not processes.alive(own), "nobody has taken note of its end, and it has ended"
    assert not processes.alive(own)


def test_whoever_made_a_user_namespace_is_known_and_the_nodes_own_has_no_maker() -> None:
    script = "import sys; sys.stdout.write('in\\n'); sys.stdout.flush(); sys.stdin.read()"
    unshare = ["unshare", "--user", "--map-root-user", sys.executable, "-c", script]
    with subprocess.Popen(unshare, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        if child.stdout.readline() != b"in\n":
            pytest.skip("nobody may make a user namespace here")
        here = str(Path("/proc/self/ns/user").readlink())
        assert processes.makers(child.pid)[0] == {"user": os.geteuid(), "space": here}
        child.communicate()
    assert processes.makers(os.getpid()) == []


def test_who_names_a_child_is_found_by_whole_words_of_its_command_or_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {
        7: ("docker\0start\0n-child", ""),
        8: ("sh", "OF=n-child"),
        9: ("shim\0-id\0n-childs", "N=n-child-2"),
        6: ("n-child", ""),
    }
    ticks = os.sysconf("SC_CLK_TCK")
    monkeypatch.setattr(processes, "enter", lambda *_: None)
    monkeypatch.setattr(processes, "start_time", lambda pid: pid * ticks)
    monkeypatch.setattr(processes, "text", lambda path: known[int(path.split("/")[2])][path.endswith("environ")])
    monkeypatch.setattr(processes, "of_every_process", lambda look: filter(None, map(look, known)))
    monkeypatch.setattr(processes, "describe", lambda pid: {"pid": pid})
    assert processes.naming({"words": ["n-child", "x.y"], "since": 7.0}) == [{"pid": 7}, {"pid": 8}]


def test_who_serves_a_nonce_is_found_on_whichever_port_whatever_his_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    spaces = {1: "net:[1]", 5: "net:[1]", 6: "net:[2]", 7: "net:[2]", 8: "net:[3]", 9: "net:[4]", 10: "net:[5]", 3: "net:[6]"}
    spaces |= {11: "net:[1]"}
    of_node = [82, 20000]
    ports = {9: [81], 1: of_node, 5: of_node, 11: of_node}
    ticks = os.sysconf("SC_CLK_TCK")
    monkeypatch.setattr(processes, "enter", lambda *_: None)
    monkeypatch.setattr(processes, "start_time", lambda pid: pid * ticks)
    monkeypatch.setattr("os.readlink", lambda path: spaces[int(path.split("/")[2])])
    monkeypatch.setattr(processes, "of_every_process", lambda look: filter(None, map(look, spaces)))
    monkeypatch.setattr(processes, "open_sockets", lambda pid: iter([(port, str(port)) for port in ports.get(pid, [80])]))
    monkeypatch.setattr("os.listdir", lambda _: ["4"])
    monkeypatch.setattr(processes, "leads_to", lambda link: "socket:[20000]" if "/11/" in link else "/dev/null")

    def page(pid: int, port: int) -> dict[str, str]:
        if pid == 10:
            raise FileNotFoundError
        return {"body": "another" if pid == 8 or port == 82 else "nonce\n"}

    monkeypatch.setattr(processes, "page_of", page)
    monkeypatch.setattr(processes, "describe", lambda pid: {"pid": pid})
    served_by = {process["pid"] for process in processes.serving({"nonce": "nonce", "since": 4.0})}
    assert served_by == {6, 9, 11}, "not who listens on no such port himself, another's page, or older ones'"
