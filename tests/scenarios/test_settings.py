"""Settings: what a pod sets for its own containers, of which a child has nothing, or all, or what only looks so."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.claims.observations import State
from conformance.evidence.items import Seen
from conformance.legs.variations import ALIAS, SYSCTLS, VARIABLE
from conformance.suite import families
from scenarios import settings
from tests.builders.evidence import conclude, given, proven, ran, reading
from tests.conftest import without

NAME, ADDRESS = ALIAS["hostnames"][0], ALIAS["ip"]
SPEC = {"nodeName": "a-node", "hostAliases": [ALIAS], "securityContext": {"sysctls": [*SYSCTLS]}}
OWN = ["127.0.0.1 localhost", f"{ADDRESS}\t{NAME}"]
BARE = ["127.0.0.1 localhost"]
SET = f"{VARIABLE['value']}\n20480 40960 \n81 \n"
UNSET = "\n32768 60999 \n0 \n"
POD, CHILD, NODE = settings.POD, settings.CHILD, settings.NODE
VOLUME = "88 77 0:61 / /run/secrets/kubernetes.io/serviceaccount ro,relatime - tmpfs tmpfs rw,size=262144k"


def shm(size: str) -> list[str]:
    return [f"90 77 0:60 / /dev/shm rw,nosuid - tmpfs shm rw{size}"]


def with_hosts(child: list[str], pod: list[str] | None = None, node: list[str] | None = None) -> Seen:
    """Return the evidence of the three hosts files."""
    files = {POD: OWN if pod is None else pod, CHILD: child, NODE: BARE if node is None else node}
    return of_pod(*(reading(f"hosts of {who}", {"/proc/1/root/etc/hosts": lines}) for who, lines in files.items()))


def with_values(child: str, pod: str = SET, node: str = UNSET) -> Seen:
    """Return the evidence of what was printed of the variable and the sysctls."""
    printed = {POD: pod, CHILD: child, NODE: node}
    return of_pod(*(ran(f"sysctls and variable of {who}", stdout=stdout) for who, stdout in printed.items()))


def of_pod(*more: Any, spec: dict[str, Any] = SPEC) -> Seen:
    return given(Seen([*proven("n"), *more]), "pod", {"metadata": {"uid": "u1"}, "spec": spec, "status": {}})


def test_a_name_of_the_pods_is_known_to_the_child_or_not() -> None:
    assert conclude("SETTINGS.hosts", with_hosts(OWN)).state is State.HOLDS
    none = conclude("SETTINGS.hosts", with_hosts(BARE))
    assert (none.state, none.reason) == (State.LACKS, f"{NAME}: the pod's {ADDRESS}, the child's none")


def test_a_name_that_leads_elsewhere_is_not_the_pods() -> None:
    other = f"198.51.100.1 {NAME}"
    for lines in ([other], [other, *OWN], [f"# {ADDRESS} {NAME}"], [f"{ADDRESS} x # {NAME}"]):
        assert conclude("SETTINGS.hosts", with_hosts(lines)).state is State.LACKS, lines


def test_a_name_that_the_pods_own_container_does_not_know_or_the_node_does_decides_nothing() -> None:
    for child in (OWN, BARE):
        assert conclude("SETTINGS.hosts", with_hosts(child, pod=BARE)).state is State.INCONCLUSIVE
        assert conclude("SETTINGS.hosts", with_hosts(child, node=OWN)).state is State.INCONCLUSIVE
        bare = given(with_hosts(child), "pod", {"metadata": {"uid": "u1"}, "spec": {}, "status": {}})
        assert conclude("SETTINGS.hosts", bare).state is State.NOT_APPLICABLE
    assert conclude("SETTINGS.hosts", without(with_hosts(OWN), f"hosts of {CHILD}")).state is State.INCONCLUSIVE


def test_all_sysctls_of_the_pod_are_the_childs_or_none_or_a_part() -> None:
    assert conclude("SETTINGS.sysctls", with_values(SET)).state is State.HOLDS
    assert conclude("SETTINGS.sysctls", with_values("\n20480\t40960\n81\n".replace("\t", " "))).state is State.HOLDS
    none = conclude("SETTINGS.sysctls", with_values(UNSET))
    assert (none.state, "ip_unprivileged_port_start: the pod's 81, the child's 0" in none.reason) == (State.LACKS, True)
    part = conclude("SETTINGS.sysctls", with_values("\n20480 40960 \n0 \n"))
    assert (part.state, part.reason.startswith("in part: ")) == (State.LACKS, True)


def test_sysctls_that_the_pod_has_not_or_that_the_node_has_decide_nothing() -> None:
    for child in (SET, UNSET):
        assert conclude("SETTINGS.sysctls", with_values(child, pod=UNSET)).state is State.INCONCLUSIVE
        assert conclude("SETTINGS.sysctls", with_values(child, node=SET)).state is State.INCONCLUSIVE
    ipc = {"sysctls": [{"name": "kernel.shm_rmid_forced", "value": "1"}]}
    of_ipc = given(with_values(SET), "pod", {"metadata": {"uid": "u1"}, "spec": {"securityContext": ipc}, "status": {}})
    assert conclude("SETTINGS.sysctls", of_ipc).state is State.NOT_APPLICABLE


def test_a_variable_of_the_pod_is_the_childs_or_not() -> None:
    assert conclude("SETTINGS.variable", with_values(SET)).state is State.HOLDS
    for child in (UNSET, "another.invalid\n20480 40960 \n81 \n", ""):
        assert conclude("SETTINGS.variable", with_values(child)).state is State.LACKS, child
    assert conclude("SETTINGS.variable", with_values(UNSET, pod=UNSET)).state is State.INCONCLUSIVE


@pytest.mark.parametrize(
    ("pod", "child", "state"),
    [
        (",size=131072k", ",size=131072k,inode64", State.HOLDS),
        (",size=131072k", ",size=65536k", State.LACKS),
        (",size=65536k", ",size=65536k", State.INCONCLUSIVE),
        (",size=131072k", "", State.INCONCLUSIVE),
        ("", ",size=65536k", State.INCONCLUSIVE),
    ],
)
def test_a_child_may_share_as_much_memory_as_its_pod_or_less(pod: str, child: str, state: State) -> None:
    sizes = [reading(f"shared memory of {who}", {"f": shm(size)}) for who, size in ((POD, pod), (CHILD, child))]
    assert conclude("SETTINGS.memory", of_pod(*sizes)).state is state


def token(*mounted: str, own: str = VOLUME, code: int = 0, stderr: str = "") -> Seen:
    """Return the evidence of the token's volume in the pod, and of what was mounted in a child."""
    its = [reading("token of a child that mounts it", {"f": [*mounted]})] if code == 0 else []
    return of_pod(ran("token", code, stderr), reading(f"token of {POD}", {"f": [own] if own else []}), *its)


def test_what_a_child_has_is_read_before_it_writes_and_its_pod_is_evicted() -> None:
    order = [family.name for family in families()]
    assert order.index("settings") < order.index("storage")


def test_a_child_has_the_pods_volume_or_a_directory_of_the_node() -> None:
    its = VOLUME.replace("/run/secrets/kubernetes.io/serviceaccount", "/token-of-the-pod")
    assert conclude("SETTINGS.token", token(its)).state is State.HOLDS
    node = "91 77 0:25 /secrets/kubernetes.io/serviceaccount /token-of-the-pod ro - tmpfs tmpfs rw"
    assert conclude("SETTINGS.token", token(node)).state is State.LACKS
    part = its.replace(" / ", " /..data ")
    assert conclude("SETTINGS.token", token(part)).state is State.LACKS, "another directory of the volume"


def test_a_token_whose_mount_was_refused_is_not_there_and_where_there_is_none_nothing_is_asked() -> None:
    missing = f"invalid mount config: bind source path does not exist: {settings.ACCOUNT}"
    assert conclude("SETTINGS.token", token(code=125, stderr=missing)).state is State.LACKS
    assert conclude("SETTINGS.token", token(code=125, stderr="no such image")).state is State.INCONCLUSIVE
    assert conclude("SETTINGS.token", token()).state is State.INCONCLUSIVE, "nothing is mounted"
    assert conclude("SETTINGS.token", token(own="")).state is State.NOT_APPLICABLE


READ = ran("workspace: work", stdout="n\nwritten\n")
DONE = "\n".join(settings.ATTEMPTS)


def in_workspace(*work: Any, run: Any = None, could: str = DONE, client: int = 0) -> Seen:
    """Return the evidence of what a child, and then another user, did in the pod's volume."""
    own = ran("a file of the client's", client)
    return of_pod(
        own,
        run or ran("workspace", stdout="c" * 64),
        *work,
        reading("work of another user", {"exit": 0, "stdout": could, "stderr": ""}, {"instead": [1001, 2001]}),
    )


REFUSED = ran("workspace", 125, 'invalid mount config for type "bind": bind source path does not exist: /workspace')
BY_THE_NODES = ran("workspace by the node's path: work", stdout="n\nwritten\n")


def test_a_child_has_the_pods_volume_or_a_directory_of_that_name_or_none() -> None:
    assert conclude("SETTINGS.workspace", in_workspace(READ)).state is State.HOLDS
    for stdout in ("written\n", "no\nwritten\n"):
        other = ran("workspace: work", stdout=stdout)
        assert conclude("SETTINGS.workspace", in_workspace(other)).state is State.LACKS, "a directory of the node's"
    assert conclude("SETTINGS.workspace", in_workspace(BY_THE_NODES, run=REFUSED)).state is State.LACKS
    elsewhere = ran("workspace", 125, "no such image")
    assert conclude("SETTINGS.workspace", in_workspace(run=elsewhere)).state is State.INCONCLUSIVE
    assert conclude("SETTINGS.workspace", in_workspace(READ, client=1)).state is State.INCONCLUSIVE


@pytest.mark.parametrize("work", [[READ], [BY_THE_NODES]])
def test_who_is_of_the_volumes_group_can_do_all_with_a_childs_files_or_a_part(work: list[Any]) -> None:
    assert conclude("SETTINGS.owner", in_workspace(*work)).state is State.HOLDS
    part = conclude("SETTINGS.owner", in_workspace(*work, could=f"{settings.ATTEMPTS[0]}\n{settings.ATTEMPTS[2]}"))
    assert part.state is State.LACKS
    assert part.reason.endswith("could remove the file, and could not change the file or remove the folder")
    assert conclude("SETTINGS.owner", in_workspace(*work, could=settings.ATTEMPTS[0])).state is State.LACKS


def test_of_a_volume_to_which_no_child_wrote_or_no_other_user_may_write_nothing_is_said() -> None:
    unwritten = ran("workspace: work", 1, "mkdir: read-only file system", "n\n")
    elsewhere = ran("workspace: work", stdout="written\n")
    for seen in (in_workspace(run=REFUSED), in_workspace(unwritten), in_workspace(elsewhere), in_workspace(READ, could="")):
        assert conclude("SETTINGS.owner", seen).state is State.INCONCLUSIVE


def with_roots(child: tuple[str, str], pod: tuple[str, str] = ("1", "ro"), node: tuple[str, str] = ("0", "rw")) -> Seen:
    """Return the evidence of what is forbidden to each: the kernel's bit, and how its root is mounted."""
    read = []
    for who, (bit, option) in {POD: pod, CHILD: child, NODE: node}.items():
        read.append(reading(f"privileges of {who}", {"/proc/1/status": [f"NoNewPrivs:\t{bit}"]}))
        root = f"90 77 0:60 / / {option},relatime - overlay overlay rw"
        read.append(reading(f"root of {who}", {"/proc/1/mountinfo": [root]}))
    return of_pod(*read)


def test_what_is_forbidden_to_the_client_is_forbidden_to_the_child_or_not_or_in_part() -> None:
    assert conclude("SETTINGS.forbidden", with_roots(("1", "ro"))).state is State.HOLDS
    none = conclude("SETTINGS.forbidden", with_roots(("0", "rw")))
    assert (none.state, none.reason) == (
        State.LACKS,
        "new privileges: the pod's forbidden, the child's allowed; root: the pod's read-only, the child's writable",
    )
    for child in (("1", "rw"), ("0", "ro")):
        assert conclude("SETTINGS.forbidden", with_roots(child)).reason.startswith("in part: ")
    for pod in (("0", "ro"), ("1", "rw")):
        assert conclude("SETTINGS.forbidden", with_roots(("1", "ro"), pod=pod)).state is State.INCONCLUSIVE
    assert conclude("SETTINGS.forbidden", with_roots(("1", "ro"), node=("0", "ro"))).state is State.INCONCLUSIVE
