"""Whose a thing is: Leases, what is left beside another run, and what a run's end says of what it could not clean."""

from __future__ import annotations

import datetime as dt
import errno
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance import cleaning, leases, plan, record, sweeping
from conformance.article import speaks_of
from conformance.cluster import Object
from conformance.conclusion import conclude
from conformance.errors import NoCluster, RigError, TimedOut, UsageError
from conformance.legs import KINDS, Leg, catalogue
from conformance.observations import State, not_applicable
from conformance.plan import Cell, cells
from conformance.probes.inventory import inventory
from conformance.report import render
from conformance.residue import Owners, ledger, waiting_for
from conformance.sessions import Replay, observation_line
from conformance.terms import terms
from conformance.world import images, nodes
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
def owners(recorded: record.Record) -> Owners:
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


def test_what_is_left_is_tied_to_its_leg(owners: Owners, recorded: record.Record) -> None:
    leg = recorded.legs[0]
    uid = next(e for e in recorded.evidence if e.leg == leg["leg"] and e.name == "pod").output["metadata"]["uid"]
    after = {"pod directories": ["old", uid], "pod logs": [f"{leg['namespace']}_x"], "engine's images": ["i"]}
    lines = {line["what"]: line for line in ledger("n", {"pod directories": ["old"]}, after, owners)}
    assert lines["pod directories"]["left"] == [uid]
    assert lines["pod directories"]["attributed"] == lines["pod logs"]["attributed"] == leg["leg"]
    assert THERE in lines["engine's images"]["attributed"], "not known to be ours: another run was at work"
    assert waiting_for({}, after, owners) == [uid]
    for line in lines.values():
        record.check(line)


def test_the_end_of_the_runs_own_pod_a_is_waited_for(owners: Owners) -> None:
    after = {"pod directories": [POD_A], "pod logs": [f"conformance_pod-{HERE}_{POD_A}"]}
    assert waiting_for({}, after, owners) == []
    knowing = owners.and_of({POD_A: "Pod A, the baseline"})
    assert waiting_for({}, after, knowing) == [POD_A]
    assert {line["attributed"] for line in ledger("n", {}, after, knowing)} == {"Pod A, the baseline"}


def test_a_run_says_why_it_decides_nothing_and_what_it_could_not_clean(recorded: record.Record) -> None:
    code, why = conclude(recorded, interrupted=True, broken="", cleaned=["namespace x"])
    assert code == 2
    assert "interrupted" in why
    assert "namespace x" in why


def _skipped(count: int | None = None) -> record.Record:
    """Give the recorded run with its first observations, or all, not applicable."""
    lines = recorded_lines()
    for one in [line for line in lines if line["kind"] == "observation" and line["state"] != "NOT-APPLICABLE"][:count]:
        one["state"], one["as_expected"], one["reason"] = "NOT-APPLICABLE", True, "no Docker Engine"
    return record.of(lines)


def test_skips_are_counted_and_nothing_but_skips_is_never_green() -> None:
    before, some = judged_in(recorded_lines()), _skipped(3)
    skipped = len(some.observations) - before + 3
    assert conclude(some, interrupted=False, broken="", cleaned=[]) == (
        0, f"all {before - 3} observations are as expected; {skipped} not applicable",
    )  # fmt: skip
    code, why = conclude(_skipped(), interrupted=False, broken="", cleaned=[])
    assert code == 2
    assert why == "nothing was judged: no Docker Engine"


def test_a_reader_is_told_what_cannot_be_asked_and_why() -> None:
    lines = recorded_lines()
    for one in lines:
        if one["kind"] == "observation" and one["approach"] == "dood":
            one["state"], one["reason"] = "NOT-APPLICABLE", "no Docker Engine"
    shown = render.markdown(record.of(lines))
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
    record.check(line)


def test_a_replay_does_not_ask_again_what_could_not_be_asked() -> None:
    replayed = Replay(_skipped()).observe(_cell())
    assert (replayed.state, replayed.reason) == (State.NOT_APPLICABLE, "no Docker Engine")


def test_images_of_the_users_own_take_the_place_of_the_suites() -> None:
    given_ = {"httpd:latest": "registry.example/httpd:2.4", "docker:26.1-dind": "registry.example/dind:1"}
    pod = Leg("r", catalogue()["dind"], KINDS["foreground"], "n", 20001, "a-node", given_).pod()
    used = {one["name"]: one["image"] for one in pod["spec"]["containers"]}
    assert used == {"docker-cmds": "docker:26.1-cli", "dind-daemon": "registry.example/dind:1"}
    assert "registry.example/httpd:2.4" in pod["spec"]["containers"][0]["command"]
    assert "httpd:latest" not in str(pod)
    assert "a-node" in str(pod["spec"]["affinity"])
    assert "nodeName" not in pod["spec"], "the scheduler has its say"


@pytest.mark.parametrize("word", ["httpd", "httpd:latest", "httpd:latest=", "=x", ""])
def test_an_image_is_given_as_name_and_reference(word: str) -> None:
    with pytest.raises(UsageError, match="NAME=REFERENCE"):
        images.overrides((word,), nodes.KNOWN)
    assert images.overrides(("httpd:latest=a=b",), nodes.KNOWN) == {"httpd:latest": "a=b"}


@pytest.mark.parametrize(
    ("reference", "registry"),
    [("httpd:latest", "docker.io"), ("kindest/node:v1@sha256:0", "docker.io"), ("localhost/x", "localhost"),
     ("127.0.0.1:5000/library/x", "127.0.0.1:5000"), ("registry.example/x:1", "registry.example")],
)  # fmt: skip
def test_a_reference_names_its_registry(reference: str, registry: str) -> None:
    assert images._registry(reference) == registry


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
    assert [one["nonce"] for one in sweeping.sweep(engine, "conformance-0f0f0f0f-dood-detached-1")] == []
    assert [one["id"] for one in sweeping.sweep(engine, plan.nonce_prefix(HERE))] == OURS == engine.removed
    assert sweeping.sweep(engine, plan.nonce_prefix(HERE)) == []


def test_what_a_sweep_leaves_is_said_by_kind() -> None:
    engine: Any = Engine()
    engine._delete = lambda _: (200, None)
    assert cleaning.sweep({"a-node": engine}, plan.nonce_prefix(HERE))[1] == "network networks-0f0 on a-node"
    engine._delete = lambda _: (500, {"message": "no"})
    assert "could not be removed" in cleaning.sweep({"a-node": engine}, plan.nonce_prefix(HERE))[0]


def test_a_container_that_is_being_removed_is_not_a_failure() -> None:
    engine: Any = Engine()
    engine._delete = lambda _: (409, {"message": "removal of container 1 is already in progress"})
    sweeping.remove(engine, {"kind": "container", "id": "1", "nonce": "n"})


def test_clean_finds_what_runs_that_are_not_alive_left_on_an_engine(tmp_path: Path) -> None:
    engine: Any = Engine()
    assert [one["id"] for one in cleaning.abandoned(sweeping.made(engine), {THERE}, tmp_path)] == OURS
    assert len(cleaning.abandoned(sweeping.made(engine), set(), tmp_path)) == 8
    assert cleaning.abandoned(sweeping.made(engine), {HERE, THERE}, tmp_path) == []


def test_without_an_engine_there_is_nothing_to_sweep() -> None:
    engine: Any = Engine()
    engine.engine = lambda: "FileNotFoundError(2, 'No such file or directory')"
    assert sweeping.sweep(engine, "") == []


def mute() -> list[Engine]:
    """Give two engines that are there: one that is late with every answer, one that cannot tell which images it has."""
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
        assert "did not tell what it has" in cleaning.sweep(probes, plan.nonce_prefix(HERE))[0]


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


WITHOUT_EVIDENCE = [line for line in recorded_lines() if line["kind"] != "evidence"]


@given(st.integers(0, 60_000))
def test_a_record_on_a_disk_that_fills_up_has_no_hole(room: int) -> None:
    lines = [*WITHOUT_EVIDENCE[:40], WITHOUT_EVIDENCE[-1]]
    writer = record.Writer(Path("/dev/null"))
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

    assert cleaning.persistently("x", act) == "done"
    monkeypatch.setattr(cleaning, "TIMEOUTS", type("Short", (), {"clean": 0.01}))

    def silent() -> str:
        raise NoCluster("still away")

    with pytest.raises(TimedOut, match="still away"):
        cleaning.persistently("x", silent)
