"""Two jobs in a row: what their pods are, and the judges of their pulls and builds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.approaches.catalogue import catalogue, container
from conformance.claims.observations import State
from conformance.claims.properties import Property
from conformance.cleanup import objects
from conformance.cluster.api import VOLUMES as COLLECTION
from conformance.cluster.api import Refused
from conformance.evidence.items import SECOND, Evidence, Seen
from conformance.legs import registry, variations
from conformance.legs.leg import Leg
from conformance.legs.variations import VARIATIONS
from scenarios import caching
from tests.builders.evidence import given
from tests.conftest import changed

CHILD = "d" * 64
BLOB = '10.244.1.9 - - [24/Nov/2026:11:30:01 +0000] "GET /v2/n/blobs/sha256:ab HTTP/1.1" 200 {} "" "docker/26.1.5"\n'
HEAD = '10.244.1.9 - - [24/Nov/2026:11:30:01 +0000] "HEAD /v2/n/manifests/latest HTTP/1.1" 200 861 "" "docker/26.1.5"\n'
LAYER = 33564672


def a_job(prefix: str, nonce: str, before: str, after: str, seconds: float) -> dict[str, Any]:
    """Return what is read of one pod: its identity, and its pull."""
    process = {"pid": 7, "start": 5, "nspid": [7, 1], "cgroup": f"0::/docker/{CHILD}"}
    inspected = {"Id": CHILD, "Config": {"Env": [f"CHILD_NONCE={nonce}"]}}
    read = {
        "child": {"seen": "serving", "page": {"body": nonce}, "process": process},
        "inspect": {"status": 200, "body": json.dumps(inspected)},
        "daemon": {"status": 200, "body": json.dumps({"ID": "one"})},
        "served before the pull": before,
        "pull": {"exit": 0, "stdout": "x: Pull complete", "stderr": "", "seconds": seconds},
        "pulled image": {"status": 200, "body": "{}"},
        "served": after,
    }
    return {f"{prefix}{name}": output for name, output in read.items()}


def jobs(second_fetches: int, seconds: float = 0.1) -> Seen:
    """Return the evidence of a leg whose second pull fetches so many bytes in so many seconds."""
    first = BLOB.format(LAYER)
    last = first + (BLOB.format(second_fetches) if second_fetches else HEAD)
    read = {"push": {"exit": 0, "stderr": ""}, **a_job("", "n", "", first, 1.5), **a_job(SECOND, "m", first, last, seconds)}
    return Seen(
        Evidence(f"x#{number}", "x", name, "node", {"nonce": "m" if name.startswith(SECOND) else "n"}, output)
        for number, (name, output) in enumerate(read.items(), 1)
    )


def test_what_a_registry_served_is_blobs_alone() -> None:
    assert registry.served(HEAD + BLOB.format(5) + BLOB.format(7)) == 12
    assert registry.served("") == 0
    assert registry.served(BLOB.format(5).replace(" 200 ", " 206 ")) == 5, "the rest of a blob, after a break"


def test_a_log_without_a_word_of_the_second_pull_is_not_whole() -> None:
    nothing_more, began_anew = BLOB.format(LAYER), ""
    for log in (nothing_more, began_anew):
        concluded = caching.reused.conclude(given(jobs(0), f"{SECOND}served", log))
        assert concluded.state is State.INCONCLUSIVE
    cut = given(jobs(0), f"{SECOND}served before the pull", "")
    assert caching.reused.conclude(cut).state is State.INCONCLUSIVE


@pytest.mark.parametrize("judged", [caching.reused, caching.unmanaged], ids=lambda p: p.id)
def test_a_second_job_that_fetches_nothing_reuses(judged: Property) -> None:
    concluded = judged.conclude(jobs(0))
    assert concluded.state is State.HOLDS
    assert concluded.reason == "the first job's pull: 32.0 MiB in 1.5 s; the second's: 0.0 MiB in 0.1 s"
    assert judged.conclude(jobs(LAYER, seconds=1.4)).state is State.LACKS


@pytest.mark.parametrize(("fetched", "seconds"), [(LAYER // 2, 0.7), (0, 1.6)])
def test_half_a_reuse_and_one_that_spares_no_time_are_inconclusive(fetched: int, seconds: float) -> None:
    assert "neither the same nor spared" in caching.reused.conclude(jobs(fetched, seconds)).reason


@pytest.mark.parametrize(
    ("name", "lie", "reason"),
    [
        ("served", "", "so it was not the first"),
        (f"{SECOND}pull", {"exit": 1, "stderr": "no route to host", "seconds": 9.0}, "docker pull: exit 1: no route"),
        (f"{SECOND}pulled image", {"status": 404, "body": ""}, "no such image after the pull"),
        (f"{SECOND}daemon", {"status": 200, "body": "{}"}, "the daemon did not say which one it is"),
    ],
)
def test_a_pull_that_proves_nothing_is_inconclusive(name: str, lie: object, reason: str) -> None:
    concluded = caching.reused.conclude(changed(jobs(0), name, lambda _: lie))
    assert concluded.state is State.INCONCLUSIVE
    assert reason in concluded.reason


def refused(end: dict[str, Any], serving: str = "no process with the child's nonce", engine: str = "one") -> Seen:
    """Return the evidence of a third pod whose engine ended so."""
    status = {"containerStatuses": [{"name": "dind-daemon", "restartCount": 1, "state": {}, "lastState": end}]}
    read = {
        "third pod": {"status": status},
        "third child": {"seen": serving},
        "third engine's log": "waiting\nfailed to start containerd: timeout\n",
        f"{SECOND}engine meanwhile": {"status": 200, "body": json.dumps({"ID": engine})},
    }
    more = [Evidence(f"x#{name}", "x", name, "node", {"engine": "dind-daemon"}, output) for name, output in read.items()]
    return Seen([*jobs(0), *more])


def test_who_shares_a_graph_is_judged_by_the_engines_end() -> None:
    ended = {"terminated": {"exitCode": 1, "reason": "Error"}}
    concluded = caching.shared.conclude(refused(ended))
    assert concluded.state is State.LACKS
    assert concluded.reason.endswith("ended with 1, and said last: failed to start containerd: timeout")
    assert caching.shared.conclude(refused({}, serving="serving")).state is State.HOLDS
    assert caching.shared.conclude(refused({})).state is State.INCONCLUSIVE
    assert caching.shared.conclude(refused(ended, engine="another")).state is State.INCONCLUSIVE


def test_the_second_of_two_in_a_row_is_another_pod_on_the_same_graph() -> None:
    leg = Leg("r", catalogue()["dind"], VARIATIONS["reuse-kept"], "nonce", 20001, "worker", graph="kept")
    assert leg.twin is not None
    first, second = leg.pod(), leg.twin.pod()
    assert first["metadata"]["name"] != second["metadata"]["name"]
    for pod in (first, second):
        assert [v["persistentVolumeClaim"]["claimName"] for v in pod["spec"]["volumes"]] == ["kept"]
        assert variations.INSECURE in container(pod, "dind-daemon")["command"]
    beside = Leg("r", catalogue()["dind"], VARIATIONS["reuse"], "nonce", 20001, "worker")
    assert "emptyDir" in beside.pod()["spec"]["volumes"][0]
    assert registry.manifest(beside)["spec"]["affinity"] == beside.pod()["spec"]["affinity"]


def test_the_claimed_volume_is_the_runs_own_and_nobody_elses() -> None:
    leg = Leg("r", catalogue()["dind"], VARIATIONS["reuse-kept"], "nonce", 20001)
    volume = registry.volume(leg, {"metadata": {"uid": "u"}, "spec": {"nodeName": "worker"}})
    claim = registry.claim(leg)
    assert volume["spec"]["local"]["path"].endswith("/u/volumes/kubernetes.io~empty-dir/kept")
    assert volume["spec"]["claimRef"] == {"namespace": leg.namespace, "name": claim["metadata"]["name"]}
    assert claim["spec"]["volumeName"] == volume["metadata"]["name"]
    assert claim["spec"]["storageClassName"] == "", "no provisioner is asked"
    assert volume["metadata"]["labels"] == leg.labels, "clean finds it by its label: it is in no namespace"
    terms = volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert terms[0]["matchFields"][0]["values"] == ["worker"]


class Api:
    """An API server that may not be asked for volumes, or for anything."""

    def __init__(self, *forbidden: str) -> None:
        self.forbidden = forbidden

    def items(self, path: str, **_: str) -> list[dict[str, Any]]:
        if path in self.forbidden:
            raise Refused(403, "Forbidden", "persistentvolumes is forbidden")
        return [{"metadata": {"labels": {"conformance/run": "r"}}}]

    def get(self, _: str) -> None:
        """Have no note of a cluster of ours."""


def test_where_volumes_may_not_be_listed_none_were_made() -> None:
    api: Any = Api(COLLECTION)
    assert objects._labelled(api, COLLECTION, "conformance/run") == []
    assert COLLECTION in objects.COLLECTIONS
    assert objects.runs(api) == {"r"}
    mute: Any = Api("/api/v1/namespaces")
    with pytest.raises(Refused):
        objects.runs(mute)


def a_build(prefix: str, layer: str, seconds: float, size: int = LAYER, code: int = 0) -> dict[str, Any]:
    """Return what is read of one job's build."""
    image = {"RootFS": {"Layers": ["sha256:base", layer]}} if layer else {}
    read = {
        "build": {"exit": code, "stdout": "", "stderr": "" if code == 0 else "no space left", "seconds": seconds},
        "built image": {"status": 200 if layer else 404, "body": json.dumps(image)},
        "built image's history": {"status": 200, "body": json.dumps([{"Size": size}, {"Size": 0}])},
    }
    return {f"{prefix}{name}": output for name, output in read.items()}


def builds(first: dict[str, Any], second: dict[str, Any]) -> Seen:
    """Return the evidence of two jobs that build."""
    readings = {**first, **{f"{SECOND}{name}": output for name, output in second.items()}}
    pods = {name: {"spec": {"volumes": VOLUMES}} for name in ("pod", f"{SECOND}pod")}
    more = [Evidence(f"b#{name}", "x", name, "node", {}, output) for name, output in {**readings, **pods}.items()]
    return Seen([*jobs(0), *more])


VOLUMES = [{"name": "token", "projected": {}}, {"name": "graph", "persistentVolumeClaim": {"claimName": "kept"}}]
ONCE = a_build("", "sha256:one", 2.5)
BUILDS = [caching.kept_build, caching.cached]


@pytest.mark.parametrize("judged", BUILDS, ids=lambda p: p.id)
def test_a_layer_that_is_the_same_was_not_built_again(judged: Property) -> None:
    spared = judged.conclude(builds(ONCE, a_build("", "sha256:one", 0.2)))
    assert spared.state is State.HOLDS
    assert spared.reason == "the first job's build: 32.0 MiB in 2.5 s; the second's: 0.0 MiB in 0.2 s"
    again = judged.conclude(builds(ONCE, a_build("", "sha256:two", 2.4)))
    assert again.state is State.LACKS
    assert again.reason.endswith("the second's: 32.0 MiB in 2.4 s")


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (ONCE, a_build("", "sha256:one", 2.6), "not in time"),
        (ONCE, a_build("", "", 0.2, code=1), "nothing was built: exit 1: no space left"),
        (ONCE, a_build("", "", 0.2), "nothing was built"),
        (a_build("", "sha256:one", 0.1, size=5), a_build("", "sha256:one", 0.05), "less than its recipe says"),
    ],
)
@pytest.mark.parametrize("judged", BUILDS, ids=lambda p: p.id)
def test_a_build_that_proves_nothing_is_inconclusive(
    judged: Property, first: dict[str, Any], second: dict[str, Any], reason: str
) -> None:
    concluded = judged.conclude(builds(first, second))
    assert concluded.state is State.INCONCLUSIVE
    assert reason in concluded.reason


def test_a_claim_is_named_where_both_pods_have_their_graph_on_it() -> None:
    claim = {"metadata": {"name": "kept"}, "spec": {"volumeName": "the-volume"}}
    seen = Seen([*builds(ONCE, a_build("", "sha256:one", 0.2)), Evidence("c", "x", "claim", "API server", {}, claim)])
    for judged in (caching.reused, caching.kept_build):
        assert judged.conclude(seen).reason.endswith("; both have their graph on the volume the-volume, which they claim")
    apart = given(seen, f"{SECOND}pod", {"spec": {"volumes": VOLUMES[:1]}})
    assert "claim" not in caching.reused.conclude(apart).reason
