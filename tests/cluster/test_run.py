"""A run on the real cluster: what it gives, what it leaves, and what it says when it is cut short."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from importlib import resources
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from junitparser import JUnitXml

from tests.cluster.gathered import Gathered, Made
from tests.cluster.support import (
    RUN_SECONDS,
    assert_cleaned,
    assert_nothing_left,
    cluster,
    conformance,
    its,
    its_child_runs,
    kubectl,
    left,
    newest,
    nodes,
    on,
    run_id,
    start,
    states,
    wait,
)


def test_every_cell_is_judged_as_expected(core: Made) -> None:
    read = core.record
    assert not read.lost
    assert all(o["as_expected"] for o in read.observations)
    assert {o["approach"] for o in read.observations} == {"dood", "dind"}
    assert read.footer is not None
    assert read.footer["cleaned"] == []


def test_the_record_says_what_was_looked_at_before_the_first_leg(core: Made) -> None:
    header = core.record.header
    looked_at = {look["what"]: look["found"] for look in header["preflight"]}
    assert looked_at["node that the legs are on"] == header["world"]["leg_node"]
    assert looked_at["nodes that are Ready"].split(", ") == [node["name"] for node in header["world"]["nodes"]]
    assert looked_at["pods of approaches that the API server takes (dry run)"] == "dind, dood", "those of the legs, no others"


def test_nothing_is_left(gathered: Gathered) -> None:
    assert gathered.runs
    assert gathered.left == []


@pytest.mark.parametrize("name", ["core", "article"])
def test_all_outputs_are_there_and_readable(name: str, request: pytest.FixtureRequest) -> None:
    run: Made = request.getfixturevalue(name)
    folder, decided = run.reports / "latest", len(run.record.observations)
    assert "<title>" in (folder / "report.html").read_text(encoding="utf-8")
    assert (folder / "summary.md").read_text(encoding="utf-8").startswith("## ")
    suite = JUnitXml.fromfile(str(folder / "junit.xml"))
    assert (suite.tests, suite.failures, suite.errors) == (decided, 0, 0)
    assert ET.parse(folder / "junit.xml").getroot().tag == "testsuites"
    results = [json.loads(f.read_text()) for f in (folder / "allure-results").glob("*-result.json")]
    assert len(results) == decided


def test_both_legs_were_on_the_same_worker_and_told_apart(core: Made) -> None:
    read = core.record
    nodes = {reading.output["spec"]["nodeName"] for reading in read.evidence if reading.name == "pod"}
    assert len(nodes) == 1
    assert len({leg["nonce"] for leg in read.legs}) == len({leg["port"] for leg in read.legs}) == len(read.legs)
    daemons = {
        approach: {
            json.loads(e.output["body"])["ID"] for e in read.evidence if e.name == "daemon" and e.leg.startswith(f"{approach}.")
        }
        for approach in ("dood", "dind")
    }
    assert len(daemons["dood"]) == 1, "every DooD leg talks to the node's one engine"
    assert len(daemons["dind"]) == sum(leg["approach"] == "dind" for leg in read.legs), "every DinD leg has its own"
    assert not daemons["dood"] & daemons["dind"]


def test_only_namespace_nonce_and_port_are_substituted(core: Made) -> None:
    for leg in core.record.legs:
        if leg["leg"].partition(".")[2] in ("foreground", "foreground-forced", "laden"):
            lines = [d for d in leg["diff"].splitlines() if d[:1] in "+-" and d[:3] not in ("---", "+++")]
            assert sorted(d.strip("+- ").partition(":")[0] for d in lines) == ["namespace", "value", "value", "value", "value"]


def test_one_process_gives_the_same_observations(core: Made, article: Made) -> None:
    assert "-n 0" in core.record.header["command"]
    seen, by_several = states(core.record), states(article.record)
    assert "-n 2" in article.record.header["command"]
    assert seen
    assert seen == {cell: by_several[cell] for cell in seen}


def test_builds_in_an_approach_of_the_matrix_are_judged_as_expected(builder: Made) -> None:
    """No other run here deploys one: a fault in what a builder is asked is seen by this test or by nobody."""
    judged = builder.record.observations
    assert {o["approach"] for o in judged} == {"buildkitd", "buildkitd-rootless"}
    assert all(o["as_expected"] for o in judged)


def test_the_article_alone_does_not_hold_here(strict: Made) -> None:
    assert strict.done.returncode == 1, strict.done.stdout + strict.done.stderr
    assert "expected LACKS" in strict.done.stdout


def test_each_repeat_is_deployed_and_recorded(repeated: Made) -> None:
    read = repeated.record
    assert sorted(leg["leg"] for leg in read.legs) == [f"{a}.foreground-forced{n}" for a in ("dind", "dood") for n in ("", "~2")]
    assert len({leg["nonce"] for leg in read.legs}) == 4
    assert "2 of 2 HOLDS" in (repeated.reports / "latest" / "report.html").read_text(encoding="utf-8")


def test_a_selection_of_nothing_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to("a run before")
    for selection, words in (("nothing_like_this", "selects nothing"), ("P2-13 and (", "is no expression")):
        done = conformance("run", "--reports", str(tmp_path), "-k", selection, env={**os.environ, "KUBECONFIG": "/none"})
        assert done.returncode == 3, done.stdout + done.stderr
        assert words in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["latest"], "no report of nothing, and latest is what it was"


def test_interrupted_runs_say_so_and_clean_up_and_down_waits_for_them(tmp_path: Path) -> None:
    running = {number: start(tmp_path / number.name) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in running:
        wait("a leg", lambda number=number: its_child_runs(tmp_path / number.name))  # type: ignore[misc]
    down = conformance("down")
    assert down.returncode == 2
    assert f"The cluster {cluster().name} is in use by run" in down.stderr
    assert "wait for that run to end, or end it" in down.stderr
    for number, process in running.items():
        process.send_signal(number)
    for number, process in running.items():
        output, _ = process.communicate(timeout=RUN_SECONDS)
        assert process.returncode == 2, output
        read = newest(tmp_path / number.name)
        assert read.footer is not None
        assert read.footer["interrupted"]
    assert kubectl("get", "--raw", "/readyz") == "ok"
    assert_nothing_left()


def test_clean_spares_a_run_that_is_alive_and_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    """Nobody can tell of a killed run that it is dead until its Lease has run out."""
    killed, alive = tmp_path / "killed", tmp_path / "alive"
    dying = start(killed, "-n", "0", "-k", "P2-10 and dood")
    wait("a leg", lambda: its_child_runs(killed))
    os.killpg(dying.pid, signal.SIGKILL)
    dying.communicate(timeout=30)
    living = start(alive, "-k", "P2-10 and dood and detached-forced")
    wait("a leg", lambda: its("pods", alive))
    done = conformance("clean", "--reports", str(tmp_path))
    for reports in (killed, alive):
        assert f"nothing of run {run_id(reports)}: it is alive" in done.stdout, done.stdout + done.stderr
    output, _ = living.communicate(timeout=RUN_SECONDS)
    assert living.returncode == 0, output
    assert left()
    assert '"footer"' not in (next(killed.iterdir()) / "record.jsonl").read_text(encoding="utf-8")
    assert_cleaned(killed)


@pytest.mark.parametrize("approach", ["dood", "dind"])
def test_the_manifest_can_be_applied_as_it_is(approach: str) -> None:
    file = resources.files("conformance") / "approaches" / f"{approach}.yaml"
    try:
        kubectl("apply", "-f", str(file))
        kubectl("wait", "--for=condition=Ready", f"pod/{approach}", "--timeout=60s")
        node, pod_ip, host_ip = kubectl(
            "get", "pod", approach, "-o", "jsonpath={.spec.nodeName} {.status.podIP} {.status.hostIP}"
        ).split()  # fmt: skip
        address = {"dood": host_ip, "dind": pod_ip}[approach]
        ask = ["docker", "exec", node, "curl", "-s", "-m", "2", f"http://{address}:80/"]
        wait("the page", lambda: subprocess.run(ask, capture_output=True, text=True, check=False).stdout.strip() == "article", 60)
    finally:
        kubectl("delete", "pod", approach, "--ignore-not-found", "--grace-period=2")
        for node in nodes():
            for child in on(node, "docker", "ps", "-aq", "--filter", "ancestor=httpd:latest").split():
                on(node, "docker", "rm", "-f", child)
    assert_nothing_left()


def test_doctor_finds_everything() -> None:
    done = conformance("doctor")
    assert done.returncode == 0, done.stdout
