"""What is left on a node, and whose it is."""

from __future__ import annotations

import pytest
from attrs import evolve

from conformance.cleanup.residue import Owners, astray, ledger, left_before, tells, waiting_for
from conformance.cluster import leases
from conformance.evidence.identity import container_of
from conformance.evidence.items import Evidence
from conformance.record import stream
from tests.builders.engine import HERE, THERE

POD_A = "66666666-7777-8888-9999-000000000000"


@pytest.fixture
def owners(recorded: stream.Record) -> Owners:
    other = {
        "metadata": {"uid": "11111111-2222-3333-4444-555555555555", "labels": {leases.RUN_LABEL: THERE}},
        "status": {"containerStatuses": [{"name": "a-container", "containerID": "containerd://" + "c" * 64}]},
    }
    child = {"kind": "container", "id": "d" * 64, "nonce": f"conformance-{THERE}-dood-detached-1"}
    image = {"kind": "image", "id": "sha256:" + "e" * 64, "nonce": f"conformance-{THERE}-dood-twins-1-tag"}
    return Owners.of(recorded.header["run"], recorded, {THERE}, [child, image]).beside([other])


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
    all_, of_kept = (Owners.of(recorded.header["run"], read, set(), []) for read in (recorded, kept))
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
    container = next(e.output[0] for e in recorded.evidence if e.leg == leg and e.name == name)
    cgroup = f"docker/{container_of(container)}"
    assert left_in({"cgroups": [cgroup, f"docker/{HEX}"]}, alone) == {
        ("cgroups", leg): [cgroup],
        ("cgroups", ""): [f"docker/{HEX}"],
    }


def test_the_cgroup_of_a_further_child_is_its_legs(recorded: stream.Record) -> None:
    child = Evidence("l#9", "dind.a-leg", "always child", "node n", {}, {"process": {"cgroup": f"0::/docker/{HEX}\n"}})
    assert tells(child)
    owners = Owners.of(recorded.header["run"], evolve(recorded, evidence=(child,)), set(), [])
    assert left_in({"cgroups": [f"docker/{HEX}"]}, owners) == {("cgroups", "dind.a-leg"): [f"docker/{HEX}"]}


def test_an_engine_beside_a_legs_pod_is_the_legs_with_what_it_makes_at_the_root(recorded: stream.Record) -> None:
    pod = {"metadata": {"uid": FOREIGN}, "status": {}}
    engine = Evidence("l#1", "dood.a-leg", "engine", "API server", {}, pod)
    child = Evidence("l#2", "dood.a-leg", "child", "node n", {}, {"process": {"cgroup": f"0::/docker/{HEX}\n"}})
    assert tells(engine)
    owners = Owners.of(recorded.header["run"], evolve(recorded, evidence=(engine, child)), set(), [])
    assert waiting_for({}, {"pod directories": [FOREIGN]}, owners) == [FOREIGN]
    assert left_in({"cgroups": [slice_of(FOREIGN), "docker"]}, owners) == {
        ("cgroups", "dood.a-leg"): ["docker", slice_of(FOREIGN)]
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
    return Owners.of(recorded.header["run"], recorded, set(), []).beside([pod])


def slice_of(uid: str, *container: str) -> str:
    return "/".join(
        [
            f"kubepods.slice/kubepods-pod{uid.replace('-', '_')}.slice",
            *(f"cri-containerd-{identity}.scope" for identity in container),
        ]
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
    without = evolve(recorded, evidence=tuple(reading for reading in recorded.evidence if "dood." not in reading.leg))
    nobody = Owners.of(recorded.header["run"], without, set(), [])
    assert left_in({"mount points in /run": ["serviceaccount"]}, nobody) == {("mount points in /run", ""): ["serviceaccount"]}


def test_a_survivor_is_tied_to_its_leg_by_port_nonce_namespace_and_sandbox(alone: Owners, recorded: stream.Record) -> None:
    leg, other = next(line for line in recorded.legs if line["leg"] == "dood.detached"), recorded.legs[0]
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

    def at_root(reading: Evidence) -> Evidence:
        if reading.name != "child" or reading.leg not in ("dind.foreground", "dood.foreground"):
            return reading
        process = {**reading.output["process"], "cgroup": f"0::/docker/{'d' * 64}\n"}
        return evolve(reading, output={**reading.output, "process": process})

    escaped = evolve(recorded, evidence=tuple(at_root(reading) for reading in recorded.evidence))
    owners = Owners.of(recorded.header["run"], escaped, set(), [])
    assert left_in(after, owners) == {
        ("cgroups", "dind.foreground"): ["docker", "init"],
        ("controllers of the root cgroup", "dind.foreground"): ["hugetlb"],
    }
    assert waiting_for({}, after, owners) == [], "it does not go with the pod"


def test_on_cgroup_v1_the_nodes_own_engine_made_it(alone: Owners) -> None:
    assert left_in({"cgroups": ["docker", "docker/buildkit"]}, alone) == {}


def test_what_holds_the_id_of_nobody_living_is_astray() -> None:
    pod = {"metadata": {"uid": FOREIGN}, "status": {"containerStatuses": [{"name": "c", "containerID": "containerd://" + HEX}]}}
    present = {
        "cgroups": ["docker", slice_of(FOREIGN, SANDBOX), f"docker/{'d' * 64}"],
        "mounts": ["/proc", f"/run/{SANDBOX}/shm", f"/run/{HEX}/rootfs", f"/run/{'e' * 64}/rootfs"],
    }
    living = Owners({}, {}, frozenset()).beside([pod])
    assert astray(present, living) == {"cgroups": [f"docker/{'d' * 64}"], "mounts": [f"/run/{'e' * 64}/rootfs"]}


UID = "26d91a12-9d2e-4123-baac-0fea2df214ff"


@pytest.mark.parametrize("name", [f"conformance_pod-0badcafe_{UID}", f"conformance-0badcafe-dood-foreground_dood_{UID}"])
def test_what_bears_another_runs_name_is_that_runs(recorded: stream.Record, name: str) -> None:
    """Its Pod A's logs stay when the pod has gone, and are in the namespace that runs share."""
    owners = Owners.of(recorded.header["run"], recorded, {"0badcafe"}, [])
    assert owners.of_another(name)
    assert not owners.of_another(name.replace("0badcafe", recorded.header["run"]))
