"""Privileges: capabilities and directories that a client takes through its daemon, each judge true, false and INCONCLUSIVE."""

from __future__ import annotations

from typing import Any

from conformance.claims.observations import State
from conformance.evidence.items import Seen
from scenarios.privileges import capabilities, directories
from tests.conftest import changed, without
from tests.made import ALL, FEW, process, proven, ran, reading


def privileged(child: str = ALL, client: str = FEW) -> Seen:
    init = process(1, ALL)
    return Seen([
        *proven("n1"),
        ran("privileged"),
        reading("privileged: ancestry", [process(9, child), process(8, ALL), init], {"option": "--privileged"}),
        reading("client: ancestry", [process(7, client), init]),
    ])  # fmt: skip


def test_a_child_with_more_capabilities_than_its_client_has_taken_them() -> None:
    found = capabilities.conclude(privileged())
    assert found.state is State.LACKS
    assert found.reason == "with --privileged the child has 41 capabilities, the client 14, the node's pid 1 41"
    assert capabilities.conclude(privileged(child=FEW)).state is State.HOLDS


def test_of_a_client_that_is_privileged_itself_nothing_is_concluded() -> None:
    assert capabilities.conclude(privileged(client=ALL)).state is State.INCONCLUSIVE


def test_a_privileged_container_that_did_not_run_is_no_refusal() -> None:
    none = changed(without(privileged(), "privileged: ancestry"), "privileged", lambda o: {**o, "exit": 125, "stderr": "why"})
    found = capabilities.conclude(none)
    assert (found.state, found.reason) == (State.INCONCLUSIVE, "--privileged: exit 125: why; no such container ran")


def test_where_the_machine_withholds_a_capability_one_more_than_the_clients_is_enough() -> None:
    more = f"{int(FEW, 16) | 1 << 21:016x}"
    asked = {"option": "--cap-add=SYS_ADMIN"}
    seen = Seen([*without(changed(privileged(), "privileged", lambda o: {**o, "exit": 125}), "privileged: ancestry"),
                 ran("sys-admin"), reading("privileged: ancestry", [process(9, more), process(1, ALL)], asked)])  # fmt: skip
    found = capabilities.conclude(seen)
    assert found.state is State.LACKS
    assert found.reason.startswith(
        "--privileged: exit 125; with --cap-add=SYS_ADMIN the child has 15 capabilities, the client 14"
    )


def file(inode: int) -> dict[str, Any]:
    return {"exists": True, "device": 1, "inode": inode}


ABSENT = {"exists": False, "error": "ENOENT"}
FOLDER = "/var/lib/kubelet/pods/u1"


def mounting(mounted: dict[str, Any], its_file: dict[str, Any]) -> Seen:
    return Seen([
        *proven("n1"),
        ran("mounting"),
        reading("mounting: child", {"/host": mounted, "/host/etc-hosts": its_file}, {"paths": ["/host", "/host/etc-hosts"]}),
        reading("mounting: node", {FOLDER: file(1), f"{FOLDER}/etc-hosts": file(2)}, {"paths": [FOLDER, f"{FOLDER}/etc-hosts"]}),
    ])  # fmt: skip


def test_a_directory_of_the_node_is_known_by_device_and_inode() -> None:
    assert directories.conclude(mounting(file(1), file(2))).state is State.LACKS
    assert "an empty one" in directories.conclude(mounting(file(5), ABSENT)).reason
    assert directories.conclude(mounting(file(5), ABSENT)).state is State.HOLDS
    assert directories.conclude(mounting(file(5), file(6))).state is State.HOLDS, "a file of that name, not that file"


def test_a_mount_that_is_not_there_or_a_file_that_never_was_says_nothing() -> None:
    assert directories.conclude(mounting(ABSENT, ABSENT)).state is State.INCONCLUSIVE
    assert directories.conclude(mounting(file(1), ABSENT)).state is State.INCONCLUSIVE
    never = changed(mounting(file(5), ABSENT), "mounting: node", lambda o: {**o, f"{FOLDER}/etc-hosts": ABSENT})
    assert directories.conclude(never).state is State.INCONCLUSIVE
    assert directories.conclude(without(mounting(file(1), file(2)), "mounting: child")).state is State.INCONCLUSIVE
