"""Whose a thing is: Leases, what is left beside another run, and what a run's end says of what it could not clean."""

from __future__ import annotations

import datetime as dt
import errno
import json
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.analysis.outcome import conclude
from conformance.analysis.summary import Summary
from conformance.approaches.catalogue import catalogue
from conformance.claims.article import speaks_of
from conformance.claims.observations import State, not_applicable
from conformance.cleanup import objects
from conformance.cleanup.residue import Owners, astray, ledger, left_before, tells, waiting_for
from conformance.cluster import leases
from conformance.cluster.api import Object
from conformance.errors import NoCluster, RigError, TimedOut, UsageError
from conformance.evidence.identity import container_of
from conformance.evidence.items import Evidence
from conformance.legs import naming
from conformance.legs.leg import Leg
from conformance.legs.variations import VARIATIONS
from conformance.probes import node_engine
from conformance.probes.inventory import inventory
from conformance.record import stream
from conformance.report import markdown
from conformance.run import ending, ports
from conformance.run.consent import terms
from conformance.run.sources import Replay
from conformance.suite import Cell, cells, observation_line
from conformance.world.images import image_store, kind_node
from tests.conftest import judged_in, recorded_lines

HERE, THERE = "0f0f0f0f", "a1a1a1a1"
POD_A = "66666666-7777-8888-9999-000000000000"


def lease(age: float) -> Object:
    made = leases.spec()
    renewed = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=age)
    return {"metadata": {"labels": {leases.RUN_LABEL: HERE}}, "spec": {**made, "renewTime": renewed.isoformat()}}


@pytest.mark.parametrize(("age", "alive"), [(0, True), (leases.SECONDS - 5, True), (leases.SECONDS + 5, False)])
def test_a_lease_lives_as_long_as_it_is_renewed(age: float, alive: bool) -> None:
    assert leases.live(lease(age)) is alive
    assert not leases.live(None)


def test_an_api_server_that_is_away_for_20_s_does_not_end_a_lease() -> None:
    assert leases.SECONDS > 20 + 2 * leases.RENEWAL


@pytest.fixture
def owners(recorded: stream.Record) -> Owners:
    other = {
        "metadata": {"uid": "11111111-2222-3333-4444-555555555555", "labels": {leases.RUN_LABEL: THERE}},
        "status": {"containerStatuses": [{"name": "a-container", "containerID": "containerd://" + "c" * 64}]},
    }
    child = {"kind": "container", "id": "d" * 64, "nonce": f"conformance-{THERE}-dood-detached-1"}
    image = {"kind": "image", "id": "sha256:" + "e" * 64, "nonce": f"conformance-{THERE}-dood-twins-1-tag"}
    return Owners.of(recorded.header["run"], recorded, {THERE}, [other], [child, image])


def test_what_another_run_has_is_none_of_ours(owners: Owners) -> None:
    after = {
        "pod directories": ["11111111-2222-3333-4444-555555555555"],
        "mounts": ["/run/tasks/" + "c" * 64 + "/rootfs"],
        "engine's containers": ["d" * 64],
        "engine's images": ["sha256:" + "e" * 64],
        "pod logs": [f"conformance-{THERE}-dind-laden_dind_x"],
    }
    assert ledger("n", {}, after, owners) == []
    assert waiting_for({}, after, owners) == []


def test_no_other_reading_is_asked_whose_a_thing_is_than_those_that_are_kept(recorded: stream.Record) -> None:
    kept = evolve(recorded, evidence=tuple(filter(tells, recorded.evidence)))
    assert 100 < len(kept.evidence) < len(recorded.evidence) / 2
    all_, of_kept = (Owners.of(recorded.header["run"], one, set(), [], []) for one in (recorded, kept))
    assert of_kept == all_


def test_what_is_left_is_tied_to_its_leg(owners: Owners, recorded: stream.Record) -> None:
    leg = recorded.legs[0]
    uid = next(e for e in recorded.evidence if e.leg == leg["leg"] and e.name == "pod").output["metadata"]["uid"]
    after = {"pod directories": ["old", uid], "pod logs": [f"{leg['namespace']}_x"], "engine's images": ["i"]}
    lines = {line["what"]: line for line in ledger("n", {"pod directories": ["old"]}, after, owners)}
    assert lines["pod directories"]["left"] == [uid]
    assert lines["pod directories"]["attributed"] == lines["pod logs"]["attributed"] == leg["leg"]
    assert THERE in lines["engine's images"]["attributed"], "not known to be ours: another run was at work"
    assert waiting_for({}, after, owners) == [uid]
    for line in lines.values():
        stream.check(line)


def test_each_survivor_is_tied_to_its_own_leg_and_not_to_its_kinds(alone: Owners, recorded: stream.Record) -> None:
    first, second = (recorded.legs[n] for n in (0, 1))
    after = {"pod logs": [f"{first['namespace']}_a", f"{second['namespace']}_b", "nobodys", f"{first['namespace']}_c"]}
    assert left_in(after, alone) == {
        ("pod logs", first["leg"]): [f"{first['namespace']}_a", f"{first['namespace']}_c"],
        ("pod logs", second["leg"]): [f"{second['namespace']}_b"],
        ("pod logs", ""): ["nobodys"],
    }


@pytest.mark.parametrize(
    ("leg", "name"),
    [
        ("dind.twins", "volume: processes"),
        ("dood.twins", "second volume: processes"),
        ("dind.foreground-forced", "compose-web: processes"),
    ],
)
def test_the_cgroup_of_any_container_with_a_legs_nonce_is_the_legs(
    alone: Owners, recorded: stream.Record, leg: str, name: str
) -> None:
    """On cgroup v2 an engine in a pod leaves those of all its containers at the root of the node's, where no pod's uid is."""
    found = next(e.output[0] for e in recorded.evidence if e.leg == leg and e.name == name)
    cgroup = f"docker/{container_of(found)}"
    assert left_in({"cgroups": [cgroup, f"docker/{HEX}"]}, alone) == {
        ("cgroups", leg): [cgroup],
        ("cgroups", ""): [f"docker/{HEX}"],
    }


def test_what_engines_in_pods_left_before_is_told_by_node() -> None:
    before = {"a": {"cgroups": ["system.slice", "init", "docker"]}, "b": {"cgroups": ["docker/buildkit"]}, "c": {}}
    assert left_before(before) == "a: /docker, /init"
    assert left_before({"b": before["b"]}) == ""


def test_the_end_of_the_runs_own_pod_a_is_waited_for(owners: Owners) -> None:
    after = {"pod directories": [POD_A], "pod logs": [f"conformance_pod-{HERE}_{POD_A}"]}
    assert waiting_for({}, after, owners) == []
    knowing = owners.and_of({POD_A: "Pod A, the baseline"})
    assert waiting_for({}, after, knowing) == [POD_A]
    assert {line["attributed"] for line in ledger("n", {}, after, knowing)} == {"Pod A, the baseline"}


FOREIGN, SANDBOX, ITS_OWN, HEX = "99999999-8888-7777-6666-555555555555", "5" * 64, "6" * 64, "ab" * 32


@pytest.fixture
def alone(recorded: stream.Record) -> Owners:
    """Return the owners where a pod of nobody's run came meanwhile, and no other run is at work."""
    pod = {"metadata": {"uid": FOREIGN, "annotations": {"kubernetes.io/config.hash": "f" * 32}}, "status": {}}
    return Owners.of(recorded.header["run"], recorded, set(), [pod], [])


def slice_of(uid: str, *container: str) -> str:
    return "/".join(
        [f"kubepods.slice/kubepods-pod{uid.replace('-', '_')}.slice", *(f"cri-containerd-{one}.scope" for one in container)]
    )


def uid_of(recorded: stream.Record, leg: str) -> str:
    return next(str(e.output["metadata"]["uid"]) for e in recorded.evidence if e.leg == leg and e.name == "pod")


def left_in(after: dict[str, list[str]], owners: Owners) -> dict[tuple[str, str], list[str]]:
    return {(line["what"], line["attributed"]): line["left"] for line in ledger("n", {}, after, owners)}


def test_a_pod_that_came_meanwhile_is_no_residue(alone: Owners) -> None:
    after = {
        "pod directories": [FOREIGN],
        "cgroups": [slice_of(FOREIGN), slice_of(FOREIGN, SANDBOX), "kubepods/pod" + "f" * 32],
        "mounts": [f"/run/containerd/sandboxes/{SANDBOX}/shm", f"/var/lib/kubelet/pods/{FOREIGN}/volumes/x"],
        "iptables rules": [
            f'iptables -t nat -A CNI-1 -d 10.1.0.0/24 -m comment --comment "id: \\"{SANDBOX}\\"" -j ACCEPT',
            'iptables -t nat -A KUBE-SERVICES -d 10.96.0.9/32 -m comment --comment "theirs/web" -p tcp --dport 80 -j KUBE-SVC-1',
            "iptables -t nat -N CNI-1",
        ],
    }
    assert left_in(after, alone) == {}
    assert waiting_for({}, after, alone) == []


def test_a_pod_that_lies_about_whose_it_is_hides_nothing_of_a_leg(alone: Owners, recorded: stream.Record) -> None:
    """A cgroup in a foreign pod's, which carries a leg's uid: the foreign pod is there, so it holds it."""
    uid = uid_of(recorded, recorded.legs[0]["leg"])
    assert left_in({"cgroups": [slice_of(FOREIGN) + "/" + slice_of(uid)]}, alone) == {}
    assert left_in({"cgroups": [slice_of(uid)]}, alone) == {("cgroups", recorded.legs[0]["leg"]): [slice_of(uid)]}


def test_what_the_node_and_its_engine_make_by_themselves_is_no_residue(alone: Owners) -> None:
    after = {
        "cgroups": ["docker", "docker/buildkit", "system.slice/system-modprobe.slice", "user.slice/user-0.slice/session-1.scope"],
        "mounts": ["/run/user/0", "/run/credentials/x.service", "/proc/sys/fs/binfmt_misc"],
        "iptables rules": ["iptables -t filter -A INPUT -s 192.0.2.1/32 -j DROP", "(ip6tables-save: no such table)"],
    }
    assert left_in(after, alone) == {}


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("cgroups", f"docker/{HEX}"),
        ("cgroups", f"system.slice/docker-{HEX}.scope"),
        ("cgroups", f"docker/buildkit/{HEX}"),
        ("cgroups", "dockerx"),
        ("cgroups", slice_of("11112222-3333-4444-5555-666677778888")),
        ("mounts", "/run/netns/cni-1"),
        ("mounts", f"/var/lib/docker/overlay2/{HEX}/merged"),
        ("iptables rules", "iptables -t filter -A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp --dport 80 -j ACCEPT"),
        ("iptables rules", "iptables -t filter -A FORWARD -i br-0123456789ab -j ACCEPT"),
        ("iptables rules", "iptables -t nat -A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp --dport 80 -j MASQUERADE"),
        ("iptables rules", f'iptables -t nat -A CNI-2 -m comment --comment "id: \\"{HEX}\\"" -j ACCEPT'),
    ],
)  # fmt: skip
def test_what_nobody_who_is_there_has_is_left_and_waited_for(alone: Owners, owners: Owners, what: str, name: str) -> None:
    assert left_in({what: [name]}, alone) == {(what, ""): [name]}
    assert waiting_for({}, {what: [name]}, alone) == [name]
    assert THERE in ledger("n", {}, {what: [name]}, owners)[0]["attributed"]
    assert waiting_for({}, {what: [name]}, owners) == [], "it may be the other run's, who is at work"


def test_the_mount_point_in_the_nodes_run_is_of_a_pod_that_mounts_it(alone: Owners, recorded: stream.Record) -> None:
    ((what, leg),) = left_in({"mount points in /run": ["serviceaccount"]}, alone)
    assert what == "mount points in /run"
    assert leg.startswith(("dood.", "article-dood."))
    without = evolve(recorded, evidence=tuple(one for one in recorded.evidence if "dood." not in one.leg))
    nobody = Owners.of(recorded.header["run"], without, set(), [], [])
    assert left_in({"mount points in /run": ["serviceaccount"]}, nobody) == {("mount points in /run", ""): ["serviceaccount"]}


def test_a_survivor_is_tied_to_its_leg_by_port_nonce_namespace_and_sandbox(alone: Owners, recorded: stream.Record) -> None:
    leg, other = next(one for one in recorded.legs if one["leg"] == "dood.detached"), recorded.legs[0]
    uid = uid_of(recorded, leg["leg"])
    child = next(container_of(e.output["process"]) for e in recorded.evidence if (e.leg, e.name) == (leg["leg"], "child"))
    port, accept = leg["port"], "iptables -t filter -A INPUT -p tcp --dport {} -j ACCEPT"
    after = {
        "cgroups": [slice_of(uid, ITS_OWN), f"docker/{child}"],
        "mounts": [f"/run/sandboxes/{ITS_OWN}/shm", f"/run/x-{leg['nonce']}"],
        "iptables rules": [
            accept.format(port),
            accept.format(port + 3),
            f'ip6tables -t nat -A KUBE-SVC-1 -m comment --comment "{leg["namespace"]}/web" -j KUBE-SEP-1',
        ],
    }
    assert left_in(after, alone) == {(what, leg["leg"]): sorted(names) for what, names in after.items()}
    assert leg["leg"] not in alone.legs_of("iptables rules", accept.format(port + 4))
    service = f"iptables -t nat -A KUBE-SERVICES -d 10.96.0.9/32 -p tcp --dport {port} -j KUBE-SVC-1"
    assert left_in({"iptables rules": [service]}, alone) == {}, "a Service's port is no leg's"
    of_nobody = {"mounts": [f"/run/x-{other['nonce']}", "/run/x"]}
    assert left_in(of_nobody, alone) == {("mounts", other["leg"]): ["/run/x-" + other["nonce"]], ("mounts", ""): ["/run/x"]}


def test_what_an_engine_in_a_pod_makes_at_the_root_of_cgroup_v2_is_its_legs(recorded: stream.Record) -> None:
    after = {"cgroups": ["docker", "init", "init.scope"], "controllers of the root cgroup": ["hugetlb"]}

    def at_root(one: Evidence) -> Evidence:
        if one.name != "child" or one.leg not in ("dind.foreground", "dood.foreground"):
            return one
        process = {**one.output["process"], "cgroup": f"0::/docker/{'d' * 64}\n"}
        return evolve(one, output={**one.output, "process": process})

    escaped = evolve(recorded, evidence=tuple(at_root(one) for one in recorded.evidence))
    owners = Owners.of(recorded.header["run"], escaped, set(), [], [])
    assert left_in(after, owners) == {
        ("cgroups", "dind.foreground"): ["docker", "init"],
        ("controllers of the root cgroup", "dind.foreground"): ["hugetlb"],
    }
    assert waiting_for({}, after, owners) == [], "it does not go with the pod"


def test_on_cgroup_v1_the_nodes_own_engine_made_it(alone: Owners) -> None:
    assert left_in({"cgroups": ["docker", "docker/buildkit"]}, alone) == {}


def test_what_holds_the_id_of_nobody_living_is_astray() -> None:
    pod = {"metadata": {"uid": FOREIGN}, "status": {"containerStatuses": [{"name": "c", "containerID": "containerd://" + HEX}]}}
    found = {
        "cgroups": ["docker", slice_of(FOREIGN, SANDBOX), f"docker/{'d' * 64}"],
        "mounts": ["/proc", f"/run/{SANDBOX}/shm", f"/run/{HEX}/rootfs", f"/run/{'e' * 64}/rootfs"],
    }
    living = Owners({}, {}, frozenset()).beside([pod])
    assert astray(found, living) == {"cgroups": [f"docker/{'d' * 64}"], "mounts": [f"/run/{'e' * 64}/rootfs"]}


def test_a_run_says_why_it_decides_nothing_and_what_it_could_not_clean(recorded: stream.Record) -> None:
    code, why = conclude(recorded, interrupted=True, broken="", cleaned=["namespace x"])
    assert code == 2
    assert "interrupted" in why
    assert "namespace x" in why


def _skipped(count: int | None = None) -> stream.Record:
    """Return the recorded run with its first observations, or all, not applicable."""
    lines = recorded_lines(evidence=False)
    for one in [line for line in lines if line["kind"] == "observation" and line["state"] != "NOT-APPLICABLE"][:count]:
        one["state"], one["as_expected"], one["reason"] = "NOT-APPLICABLE", True, "no Docker Engine"
    return stream.of(lines)


def test_skips_are_counted_and_nothing_but_skips_is_never_green() -> None:
    before, some = judged_in(recorded_lines(evidence=False)), _skipped(3)
    skipped = len(some.observations) - before + 3
    assert conclude(some, interrupted=False, broken="", cleaned=[]) == (
        0, f"all {before - 3} observations are as expected; {skipped} not applicable",
    )  # fmt: skip
    code, why = conclude(_skipped(), interrupted=False, broken="", cleaned=[])
    assert code == 2
    assert why == "nothing was judged: no Docker Engine"


def test_a_reader_is_told_what_cannot_be_asked_and_why() -> None:
    lines = recorded_lines(evidence=False)
    for one in lines:
        if one["kind"] == "observation" and one["approach"] == "dood":
            one["state"], one["reason"] = "NOT-APPLICABLE", "no Docker Engine"
    shown = markdown.report(Summary.of(stream.of(lines)))
    of_dood = [one for one in lines if one["kind"] == "observation" and one["approach"] == "dood"]
    families = {one["family"] for one in of_dood}
    foretold = {one["family"] for one in of_dood if one["predicted"] and speaks_of(one["property"])}
    assert f", {len(foretold)} cannot be asked here" in shown
    assert shown.count("**NOT-APPLICABLE**, cannot be asked here: no Docker Engine") == len(families)


def _cell() -> Cell:
    return cells("core", ["dood"])[0]


@pytest.mark.parametrize("strict", [False, True])
def test_where_a_property_cannot_be_asked_nothing_else_is_expected(strict: bool) -> None:
    line = observation_line(_cell(), not_applicable("no Docker Engine"), {"cgroup": "hybrid"}, strict=strict)
    assert line["as_expected"]
    stream.check(line)


def test_a_replay_does_not_ask_again_what_could_not_be_asked() -> None:
    replayed = Replay(_skipped()).observe(_cell())
    assert (replayed.state, replayed.reason) == (State.NOT_APPLICABLE, "no Docker Engine")


def test_images_of_the_users_own_take_the_place_of_the_suites() -> None:
    given_ = {"httpd:latest": "registry.example/httpd:2.4", "docker:26.1-dind": "registry.example/dind:1"}
    pod = Leg("r", catalogue()["dind"], VARIATIONS["foreground"], "n", 20001, "a-node", given_).pod()
    used = {one["name"]: one["image"] for one in pod["spec"]["containers"]}
    assert used == {"docker-cmds": "docker:26.1-cli", "dind-daemon": "registry.example/dind:1"}
    assert "registry.example/httpd:2.4" in pod["spec"]["containers"][0]["command"]
    assert "httpd:latest" not in str(pod)
    assert "a-node" in str(pod["spec"]["affinity"])
    assert "nodeName" not in pod["spec"], "the scheduler has its say"


@pytest.mark.parametrize("word", ["httpd", "httpd:latest", "httpd:latest=", "=x", ""])
def test_an_image_is_given_as_name_and_reference(word: str) -> None:
    with pytest.raises(UsageError, match="NAME=REFERENCE"):
        image_store.overrides((word,), kind_node.KNOWN)
    assert image_store.overrides(("httpd:latest=a=b",), kind_node.KNOWN) == {"httpd:latest": "a=b"}


@pytest.mark.parametrize(
    ("reference", "registry"),
    [("httpd:latest", "docker.io"), ("kindest/node:v1@sha256:0", "docker.io"), ("localhost/x", "localhost"),
     ("127.0.0.1:5000/library/x", "127.0.0.1:5000"), ("registry.example/x:1", "registry.example")],
)  # fmt: skip
def test_a_reference_names_its_registry(reference: str, registry: str) -> None:
    assert image_store._registry(reference) == registry


def test_what_is_granted_is_said_for_every_approach() -> None:
    said = "\n".join(terms("mine", 3, catalogue().values()))
    assert "mine" in said
    assert "its 3 nodes" in said
    assert "article-dood" not in said, "it is not deployed where the engine's tags are another's"
    for approach in (one for one in catalogue().values() if not one.marks_image):
        assert all(granted in said for granted in approach.granted)
        assert f"pods of {approach.name} " in said, "what is granted nothing is deployed, too"


class Engine:
    """A node's probe, and its engine, which refuses to remove what something else still holds."""

    node = "a-node"

    def __init__(self) -> None:
        self.removed: list[str] = []

    def engine(self) -> str:
        return ""

    def ask(self, question: str, _: float = 0, *, path: str, method: str = "GET", **about: object) -> Any:
        assert (question, about) == ("daemon", {"socket": "/var/run/docker.sock"})
        answer = self._delete(path) if method == "DELETE" else (200, self._listed(path))
        return type("Answer", (), {"output": {"status": answer[0], "body": json.dumps(answer[1])}})

    def _listed(self, path: str) -> object:
        kinds = {"containers": "Id", "networks": "Id", "volumes": "Name", "images": "Id"}
        kind = path.split("/")[1]
        if path.endswith("/json") and path.count("/") == 3:
            name = path.split("/")[2]
            return {"Config": {"Env": ["PATH=/", f"CHILD_NONCE={self._nonce(name)}"] if "nobody" not in name else None}}
        names = [f"{kind}-{owner}" for owner in (HERE, THERE, "nobody") if f"{kind}-{owner}" not in self.removed]
        found = [{kinds[kind]: name, "Labels": self._labels(name)} for name in names]
        return {"Volumes": found or None} if kind == "volumes" else found

    def _labels(self, name: str) -> dict[str, str] | None:
        if "nobody" in name:
            return None
        return {} if "containers" in name else {"conformance.nonce": self._nonce(name)}

    def _nonce(self, name: str) -> str:
        return f"conformance-{name.rpartition('-')[2]}-dood-twins-1-name"

    def _delete(self, path: str) -> tuple[int, object]:
        name = path.partition("?")[0].rpartition("/")[2]
        order = [f"{kind}-{name.rpartition('-')[2]}" for kind in ("containers", "networks", "volumes", "images")]
        if any(before not in self.removed for before in order[: order.index(name)]):
            return 409, {"message": f"{name} is in use"}
        self.removed.append(name)
        return 200 if "images" in name else 204, None


OURS = [f"{kind}-{HERE}" for kind in ("containers", "networks", "volumes", "images")]


def test_a_sweep_removes_a_runs_things_in_order_and_nothing_else() -> None:
    engine: Any = Engine()
    assert [one["nonce"] for one in node_engine.remove_by_nonce(engine, "conformance-0f0f0f0f-dood-detached-1")] == []
    assert [one["id"] for one in node_engine.remove_by_nonce(engine, naming.nonce_prefix(HERE))] == OURS == engine.removed
    assert node_engine.remove_by_nonce(engine, naming.nonce_prefix(HERE)) == []


def test_what_a_sweep_leaves_is_said_by_kind() -> None:
    engine: Any = Engine()
    engine._delete = lambda _: (200, None)
    assert objects.remove_by_nonce({"a-node": engine}, naming.nonce_prefix(HERE)).left[1] == "network networks-0f0 on a-node"
    engine._delete = lambda _: (500, {"message": "no"})
    assert "could not be removed" in objects.remove_by_nonce({"a-node": engine}, naming.nonce_prefix(HERE)).left[0]


def test_a_container_that_is_being_removed_is_not_a_failure() -> None:
    engine: Any = Engine()
    engine._delete = lambda _: (409, {"message": "removal of container 1 is already in progress"})
    node_engine.remove(engine, {"kind": "container", "id": "1", "nonce": "n"})


def test_clean_finds_what_runs_that_are_not_alive_left_on_an_engine(tmp_path: Path) -> None:
    engine: Any = Engine()

    def found(*spared: str) -> list[str]:
        return [one["id"] for one in objects.abandoned(node_engine.carrying_nonce(engine), spared, tmp_path)]

    assert found(THERE) == OURS
    assert len(found()) == 8
    assert found(HERE, THERE) == []


def test_rules_are_forgotten_of_spans_that_nobody_publishes_and_containers_are_listed_once() -> None:
    engine: Any = Engine()
    asked: list[str] = []

    def ask(question: str, _: float = 0, **about: Any) -> Any:
        asked.append(question)
        published = [{"Id": "a", "Ports": [{"PublicPort": 20130}, {"PrivatePort": 80}]}, {"Id": "b", "Ports": None}]
        said = {"status": 200, "body": json.dumps(published)} if question == "daemon" else [f"rule of {about['ports'][0]}"]
        return type("Answer", (), {"output": said})

    engine.ask = ask
    spans = [range(first, first + 128) for first in (20000, 20128, 20256)]
    assert node_engine.forget_ports(engine, spans) == ["rule of 20000", "rule of 20256"]
    assert asked == ["daemon", "forget_ports", "forget_ports"]


def test_a_things_second_look_is_what_counts_and_others_are_told() -> None:
    engine: Any = Engine()
    swept = objects.remove_by_nonce({"a-node": engine}, naming.nonce_prefix(HERE))
    assert (len(swept.removed), swept.left) == (4, [])
    assert {THERE in one["nonce"] for one in swept.others} == {True}
    assert len(swept.others) == 4


def test_without_an_engine_there_is_nothing_to_sweep() -> None:
    engine: Any = Engine()
    engine.engine = lambda: "FileNotFoundError(2, 'No such file or directory')"
    assert node_engine.remove_by_nonce(engine, "") == []


def mute() -> list[Engine]:
    """Return two engines that are there: one that is late with every answer, one that cannot tell which images it has."""
    late, broken = (Engine() for _ in range(2))
    late.engine = lambda: "TimeoutError('timed out')"  # type: ignore[method-assign]
    ask = broken.ask

    def no_images(question: str, _: float = 0, *, path: str, method: str = "GET", **about: object) -> Any:
        answer = ask(question, path=path, method=method, socket=about["socket"])
        if path.startswith("/images/json"):
            answer.output = {"status": 500, "body": "layer not known"}
        return answer

    broken.ask = no_images  # type: ignore[method-assign]
    return [late, broken]


def test_an_engine_that_does_not_tell_what_it_has_is_not_clean() -> None:
    for engine in mute():
        probes: Any = {"a-node": engine}
        assert "did not tell what it has" in objects.remove_by_nonce(probes, naming.nonce_prefix(HERE)).left[0]


def test_what_was_not_looked_at_is_not_nothing_left() -> None:
    for engine in mute():
        probe: Any = engine
        ask = engine.ask

        def every(question: str, _: float = 0, ask: Any = ask, **about: Any) -> Any:
            return type("Answer", (), {"output": {}}) if question == "inventory" else ask(question, **about)

        probe.ask = every
        with pytest.raises(RigError, match="did not tell what it has"):
            inventory(probe)


class Disk:
    """A file on a disk that takes so many bytes, and then some of what it is given, and then none."""

    def __init__(self, room: int) -> None:
        self.kept = b""
        self.room = room

    def write(self, text: bytes) -> int:
        taken = text[: self.room]
        if not taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= len(taken)
        self.kept += taken
        return len(taken)

    def tell(self) -> int:
        return len(self.kept)

    def truncate(self, size: int) -> None:
        self.room += len(self.kept) - size
        self.kept = self.kept[:size]

    def close(self) -> None:
        """Do nothing."""


WITHOUT_EVIDENCE = recorded_lines(evidence=False)


@settings(deadline=None)  # of how long it takes nothing is said
@given(st.integers(0, 60_000))
def test_a_record_on_a_disk_that_fills_up_has_no_hole(room: int) -> None:
    lines = [*WITHOUT_EVIDENCE[:40], WITHOUT_EVIDENCE[-1]]
    writer = stream.Writer(Path("/dev/null"))
    writer.close()
    disk: Any = Disk(room)
    writer._file = disk
    refused = 0
    for line in lines:
        try:
            writer.write(line)
        except RigError:
            refused += 1
    written = disk.kept.decode().splitlines()
    assert len(written) + refused == len(lines)
    assert disk.kept == b"" or disk.kept.endswith(b"\n")
    if refused:
        assert '"kind": "footer"' not in disk.kept.decode()


def test_a_clean_up_outlives_an_api_server_that_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    silences = iter([NoCluster("away"), NoCluster("away")])

    def act() -> str:
        for silence in silences:
            raise silence
        return "done"

    assert objects.persistently("x", act) == "done"
    monkeypatch.setattr(objects, "TIMEOUTS", type("Short", (), {"clean": 0.01}))

    def silent() -> str:
        raise NoCluster("still away")

    with pytest.raises(TimedOut, match="still away"):
        objects.persistently("x", silent)


UID = "26d91a12-9d2e-4123-baac-0fea2df214ff"


@pytest.mark.parametrize("name", [f"conformance_pod-0badcafe_{UID}", f"conformance-0badcafe-dood-foreground_dood_{UID}"])
def test_what_bears_another_runs_name_is_that_runs(recorded: stream.Record, name: str) -> None:
    """Its Pod A's logs stay when the pod has gone, and are in the namespace that runs share."""
    owners = Owners.of(recorded.header["run"], recorded, {"0badcafe"}, [], [])
    assert owners.of_another(name)
    assert not owners.of_another(name.replace("0badcafe", recorded.header["run"]))


def test_a_run_takes_ports_that_are_neither_busy_nor_another_runs() -> None:
    first, second, *rest = ports.FIRST_PORTS
    held = [{"metadata": {"annotations": {leases.PORT_NOTE: str(port)}}} for port in rest]
    assert ports.choose({first + 5}, [*held, {"metadata": {}}]) == range(second, second + ports.PORTS_A_RUN)
    with pytest.raises(RigError, match="none such are free"):
        ports.choose({first + 5, second}, held)


@pytest.mark.parametrize(
    ("stop", "written"),
    [
        (ending.Stop(), "not judged: nobody came to judge it"),
        (ending.Stop("the node is gone", 2), "not judged: the node is gone"),
        (ending.Stop(interrupted=True), ""),
        (ending.Stop("-k selects nothing", 3), ""),
    ],
)
def test_what_nobody_came_to_judge_is_an_error_but_of_a_run_that_was_ended(
    tmp_path: Path, stop: ending.Stop, written: str
) -> None:
    kept = {"kind": "observation", "property": "P2-10", "leg": "dood.foreground"}
    writer = stream.Writer(tmp_path / "record.jsonl")
    for line in WITHOUT_EVIDENCE[:-1]:
        if {key: line.get(key) for key in kept} != kept:
            writer.write(line)
    read = ending.judge_lost(writer, cells("extended", list(catalogue())), stop, {"cgroup": "hybrid"}, strict=False)
    writer.close()
    assert [line["reason"] for line in read.observations if line["state"] == State.ERROR.value] == [written] * bool(written)
    assert len(read.lost) == (not written)
