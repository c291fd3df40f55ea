"""Who knows of the child and whose child it is: each judge from evidence, true, false and undecided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conformance.claims.observations import State
from conformance.claims.properties import Property
from conformance.cluster.pods import container_ids
from conformance.evidence.identity import container_of, parsed
from conformance.evidence.items import Evidence, Seen
from scenarios import visibility
from tests.builders.evidence import answer, ran, reading
from tests.conftest import changed

HOLDS, LACKS, INCONCLUSIVE, NOT_APPLICABLE = State.HOLDS, State.LACKS, State.INCONCLUSIVE, State.NOT_APPLICABLE
Look = Callable[[str], Seen]
LISTS = [f"containers known to {who}" for who in ("the API server", "kubelet", "the CRI")]
ANOTHER = "f" * 64


def child(seen: Seen) -> dict[str, Any]:
    process: dict[str, Any] = seen["child"].output["process"]
    return process


def beside(seen: Seen, *more: Evidence) -> Seen:
    return Seen([*seen, *more])


def silence(name: str) -> Evidence:
    return reading(name, {"status": 0, "body": "", "lost": "FileNotFoundError(2, 'No such file or directory')"})


def printing(name: str, text: str, code: int = 0) -> Evidence:
    """Return what a program of the client's said."""
    return ran(name, code, "" if code == 0 else text, f"{text}\n")


def listed(name: str, *ids: str) -> Evidence:
    return answer(name, [{"Id": container, "State": "running"} for container in ids])


def known_to(seen: Seen, *more: str) -> Seen:
    own = container_ids(seen["pod"].output).values()
    return beside(seen, *(reading(name, {"ns/pod": [*own, *more], "ns/other": [ANOTHER]}) for name in LISTS))


@pytest.mark.parametrize("leg", ["dood.foreground", "dind.foreground"])
def test_kubernetes_knows_what_one_of_its_lists_names(seen: Look, leg: str) -> None:
    here = known_to(seen(leg))
    assert visibility.known.conclude(here).state is LACKS
    for name in LISTS:
        knowing = changed(here, name, lambda lists: {**lists, "ns/found": [container_of(child(here))]})
        concluded = visibility.known.conclude(knowing)
        assert (concluded.state, name in concluded.reason) == (HOLDS, True)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_without_the_pods_own_containers_is_blind(seen: Look, name: str) -> None:
    blind = changed(known_to(seen("dood.foreground")), name, lambda _: {"tasks": ["(No such file or directory)"]})
    concluded = visibility.known.conclude(blind)
    assert (concluded.state, name in concluded.reason) == (INCONCLUSIVE, True)


def engines(seen: Seen, *on_the_node: str) -> Seen:
    own = listed("containers of the leg's engine", container_of(child(seen)))
    return beside(seen, own, listed("containers of the node's engine", *on_the_node))


def test_the_nodes_engine_lists_a_child_or_does_not(seen: Look) -> None:
    dood, dind = seen("dood.foreground"), seen("dind.foreground")
    there, away = engines(dood, ANOTHER, container_of(child(dood))), engines(dind, ANOTHER)
    assert visibility.listed_by_host.conclude(there).state is HOLDS
    assert visibility.unlisted.conclude(there).state is LACKS
    assert visibility.listed_by_host.conclude(away).state is LACKS
    assert visibility.unlisted.conclude(away).state is HOLDS


@pytest.mark.parametrize("judged", [visibility.listed_by_host, visibility.unlisted])
def test_what_was_not_there_to_be_listed_is_not_hidden(seen: Look, judged: Property) -> None:
    here = seen("dind.foreground")
    gone = beside(engines(here), listed("containers of the leg's engine", ANOTHER))
    assert judged.conclude(gone).state is INCONCLUSIVE
    assert judged.conclude(beside(engines(here), silence("containers of the node's engine"))).state is NOT_APPLICABLE


MUTE = [{"status": 500, "body": "{}", "lost": ""}, {"status": 0, "body": "", "lost": "TimeoutError('timed out')"}]


@pytest.mark.parametrize("output", MUTE)
def test_an_engine_that_is_there_and_does_not_tell_is_not_absent(seen: Look, output: dict[str, Any]) -> None:
    here = beside(engines(seen("dind.foreground")), reading("containers of the node's engine", output))
    own, host = parsed(here["daemon"])["ID"], "the host's"
    assert visibility.listed_by_host.conclude(here).state is INCONCLUSIVE
    assert visibility.unlisted.conclude(here).state is INCONCLUSIVE
    assert visibility.goes_to_the_host.conclude(asked(here, own, host)).state is INCONCLUSIVE


def on_the_node(seen: Seen) -> Seen:
    nonce = seen["child"].asked["nonce"]
    page = reading("the child's page meanwhile", {"outcome": "served", "status": 200, "body": f"{nonce}\n"})
    return beside(seen, reading("the child among the node's processes", [child(seen)]), page)


def test_a_process_that_the_node_sees_does_show_up_there(seen: Look) -> None:
    here = on_the_node(seen("dind.foreground"))
    concluded = visibility.out_of_sight.conclude(here)
    assert (concluded.state, str(child(here)["nspid"]) in concluded.reason) == (LACKS, True)
    again = changed(here, "the child among the node's processes", lambda ps: [{**ps[0], "start": ps[0]["start"] + 1}])
    assert visibility.out_of_sight.conclude(again).state is LACKS, "it was started again: what carries its nonce is the child"
    unseen = changed(here, "the child among the node's processes", lambda _: [])
    assert visibility.out_of_sight.conclude(unseen).state is INCONCLUSIVE, "not even the pod's processes were seen"
    nowhere = changed(here, "the child among the node's processes", lambda ps: [{**ps[0], "cgroup": "0::/pod"}])
    assert visibility.out_of_sight.conclude(nowhere).state is HOLDS
    silent = changed(nowhere, "the child's page meanwhile", lambda _: {"outcome": "ECONNREFUSED"})
    assert visibility.out_of_sight.conclude(silent).state is INCONCLUSIVE


def asked(seen: Seen, reached: str, host: str) -> Seen:
    return beside(seen, printing("client's docker info", reached), answer("the node's engine", {"ID": host}))


def test_the_clients_word_counts_beside_where_its_container_is(seen: Look) -> None:
    judged = visibility.goes_to_the_host
    dood, dind = seen("dood.foreground"), seen("dind.foreground")
    host, own = (parsed(leg["daemon"])["ID"] for leg in (dood, dind))
    there, away = engines(dood, container_of(child(dood))), engines(dind)
    assert judged.conclude(asked(there, host, host)).state is HOLDS
    assert judged.conclude(asked(away, own, host)).state is LACKS
    assert judged.conclude(asked(away, host, host)).state is INCONCLUSIVE, "a client that says what one wants to hear"
    assert judged.conclude(asked(engines(dood), host, host)).state is INCONCLUSIVE
    assert (
        judged.conclude(beside(asked(there, host, host), printing("client's docker info", "no daemon", 1))).state is INCONCLUSIVE
    )
    assert judged.conclude(beside(asked(away, own, host), silence("the node's engine"))).state is NOT_APPLICABLE


def serving(seen: Seen) -> Seen:
    own = parsed(seen["daemon"])["ID"]
    ping = reading("ping", {"status": 200, "body": "OK", "lost": ""})
    info, variable = answer("who serves there", {"ID": own}), printing("client's DOCKER_HOST", "tcp://localhost:2375")
    return beside(asked(seen, own, "the host's"), ping, info, variable)


def test_docker_host_leads_to_the_engine_on_its_port(seen: Look) -> None:
    judged, here = visibility.led_by_docker_host, serving(seen("dind.foreground"))
    assert judged.conclude(here).state is HOLDS
    assert judged.conclude(beside(here, silence("ping"))).state is LACKS
    assert judged.conclude(beside(here, reading("ping", MUTE[1]))).state is INCONCLUSIVE
    assert judged.conclude(beside(here, ran("client's DOCKER_HOST", None))).state is INCONCLUSIVE
    assert judged.conclude(beside(here, printing("client's DOCKER_HOST", "", 1))).state is LACKS
    assert judged.conclude(beside(here, printing("client's docker info", "the host's"))).state is LACKS
    assert judged.conclude(beside(here, printing("client's docker info", "cannot connect", 1))).state is INCONCLUSIVE
    assert judged.conclude(beside(here, answer("who serves there", {"ID": "another"}))).state is INCONCLUSIVE


def process(pid: int, comm: str, ppid: int, *nspid: int) -> dict[str, Any]:
    return {"pid": pid, "start": pid, "ppid": ppid, "comm": comm, "nspid": [*(nspid or (pid,))], "cgroup": "0::/"}


NODE = [process(3, "containerd-shim", 1), process(1, "systemd", 0)]


def lines(seen: Seen, *above: dict[str, Any]) -> Seen:
    """Return the evidence with what is above the child; above the client is the node's own."""
    pod = seen["pod processes"].output
    client = next(process for process in pod if process["comm"] == "docker")
    child_line = reading("child's ancestors", [child(seen), *above, *NODE])
    return beside(seen, child_line, reading("client's ancestors", [client, *NODE]))


def of_the_pod(seen: Seen, comm: str) -> dict[str, Any]:
    process: dict[str, Any] = next(process for process in seen["pod processes"].output if process["comm"] == comm)
    return process


def test_a_sibling_has_nothing_of_the_pod_above_it(seen: Look) -> None:
    dood, dind = seen("dood.foreground"), seen("dind.foreground")
    concluded = visibility.sibling.conclude(lines(dood, process(5, "containerd-shim", 1)))
    assert (concluded.state, "both hang from containerd-shim" in concluded.reason) == (HOLDS, True)
    nested = lines(dind, of_the_pod(dind, "containerd-shim"), of_the_pod(dind, "tini"))
    assert visibility.sibling.conclude(nested).state is LACKS


@pytest.mark.parametrize("judged", [visibility.sibling, visibility.child_of_the_daemon, visibility.contained])
def test_a_line_that_is_not_the_childs_or_ends_too_soon_proves_nothing(seen: Look, judged: Property) -> None:
    here = lines(seen("dind.foreground"))
    for name in ("child's ancestors", "client's ancestors"):
        another = changed(here, name, lambda line: [{**line[0], "start": line[0]["start"] + 1}, *line[1:]])
        assert judged.conclude(another).state is INCONCLUSIVE
        assert judged.conclude(changed(here, name, lambda line: line[:-1])).state is INCONCLUSIVE


def test_the_daemon_is_the_parent_or_the_shim_is(seen: Look) -> None:
    judged, here = visibility.child_of_the_daemon, seen("dind.foreground")
    shim, init, dockerd = (of_the_pod(here, comm) for comm in ("containerd-shim", "tini", "dockerd"))
    concluded = judged.conclude(lines(here, shim, init))
    assert (concluded.state, "not above it at all" in concluded.reason) == (LACKS, True)
    concluded = judged.conclude(lines(here, shim, dockerd, init))
    assert (concluded.state, "further up" in concluded.reason) == (LACKS, True)
    assert judged.conclude(lines(here, dockerd, init)).state is HOLDS
    hidden = changed(lines(here, shim, init), "pod processes", lambda ps: [p for p in ps if p["comm"] != "dockerd"])
    assert judged.conclude(hidden).state is INCONCLUSIVE


def test_what_is_below_the_engines_first_process_is_contained(seen: Look) -> None:
    judged, here = visibility.contained, seen("dind.foreground")
    shim, init = of_the_pod(here, "containerd-shim"), of_the_pod(here, "tini")
    assert judged.conclude(lines(here, shim, init)).state is HOLDS
    assert judged.conclude(lines(here, shim)).state is LACKS
    hidden = changed(lines(here, shim, init), "pod processes", lambda ps: [p for p in ps if p["comm"] != "tini"])
    assert judged.conclude(hidden).state is INCONCLUSIVE
