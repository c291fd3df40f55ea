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

from tests.cluster.support import (
    RUN_SECONDS,
    assert_cleaned,
    assert_nothing_left,
    conformance,
    kubectl,
    latest,
    left,
    nodes,
    on,
    start,
    states,
    wait,
)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the reports of one whole run at the default parallelism."""
    folder = tmp_path_factory.mktemp("reports")
    done = conformance("run", "--reports", str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_cell_is_judged_as_expected(reports: Path) -> None:
    read = latest(reports)
    assert not read.lost
    assert all(o["as_expected"] for o in read.observations)
    assert {o["approach"] for o in read.observations} == {"dood", "dind"}
    assert read.footer is not None
    assert read.footer["cleaned"] == []


def test_the_record_says_what_was_looked_at_before_the_first_leg(reports: Path) -> None:
    header = latest(reports).header
    found = {one["what"]: one["found"] for one in header["preflight"]}
    assert found["node that the legs are on"] == header["world"]["leg_node"]
    assert found["nodes that are Ready"].split(", ") == [node["name"] for node in header["world"]["nodes"]]
    assert {"dind", "dood", "pod"} <= set(found["pods of approaches that the API server takes (dry run)"].split(", "))


def test_nothing_is_left(reports: Path) -> None:
    assert reports.exists()
    assert_nothing_left()


def test_all_outputs_are_there_and_readable(reports: Path) -> None:
    folder = reports / "latest"
    assert "<title>" in (folder / "report.html").read_text(encoding="utf-8")
    assert (folder / "summary.md").read_text(encoding="utf-8").startswith("## ")
    suite = JUnitXml.fromfile(str(folder / "junit.xml"))
    assert (suite.tests, suite.failures, suite.errors) == (len(latest(reports).observations), 0, 0)
    assert ET.parse(folder / "junit.xml").getroot().tag == "testsuites"
    results = [json.loads(f.read_text()) for f in (folder / "allure-results").glob("*-result.json")]
    assert len(results) == len(latest(reports).observations)


def test_both_legs_were_on_the_same_worker_and_told_apart(reports: Path) -> None:
    read = latest(reports)
    nodes = {one.output["spec"]["nodeName"] for one in read.evidence if one.name == "pod"}
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


def test_only_namespace_nonce_and_port_are_substituted(reports: Path) -> None:
    for leg in latest(reports).legs:
        if leg["leg"].partition(".")[2] in ("foreground", "foreground-forced", "laden"):
            lines = [d for d in leg["diff"].splitlines() if d[:1] in "+-" and d[:3] not in ("---", "+++")]
            assert sorted(d.strip("+- ").partition(":")[0] for d in lines) == ["namespace", "value", "value", "value", "value"]


def test_one_process_gives_the_same_observations(reports: Path, tmp_path: Path) -> None:
    done = conformance("run", "--reports", str(tmp_path), "-n", "0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert states(latest(tmp_path)) == states(latest(reports))


def test_the_article_alone_does_not_hold_here(tmp_path: Path) -> None:
    done = conformance("run", "--reports", str(tmp_path), "--strict-article", "-k", "P2-10 and dood.foreground-forced")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "expected LACKS" in done.stdout


def test_a_selection_of_nothing_is_wrong_usage(tmp_path: Path) -> None:
    done = conformance("run", "--reports", str(tmp_path), "-k", "nothing_like_this")
    assert done.returncode == 3
    assert "selects nothing" in done.stdout
    assert_nothing_left()


def children_run() -> bool:
    return "Running" in kubectl(
        "get", "pods", "-A", "-l", "conformance/leg", "--no-headers", "-o", "custom-columns=P:.status.phase"
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_run_says_so_and_cleans_up(tmp_path: Path, number: signal.Signals) -> None:
    running = start(tmp_path)
    wait("a leg", children_run)
    running.send_signal(number)
    output, _ = running.communicate(timeout=RUN_SECONDS)
    assert running.returncode == 2, output
    read = latest(tmp_path)
    assert read.footer is not None
    assert read.footer["interrupted"]
    assert_nothing_left()


def test_clean_removes_what_a_killed_run_left(tmp_path: Path) -> None:
    running = start(tmp_path, "-n", "0", "-k", "P2-10 and dood")
    wait("a leg", children_run)
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate(timeout=30)
    assert left()
    folder = next(tmp_path.iterdir())
    text = (folder / "record.jsonl").read_text(encoding="utf-8")
    assert '"footer"' not in text
    assert_cleaned(tmp_path)


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
        for one in nodes():
            for child in on(one, "docker", "ps", "-aq", "--filter", "ancestor=httpd:latest").split():
                on(one, "docker", "rm", "-f", child)
    assert_nothing_left()


def test_doctor_finds_everything() -> None:
    done = conformance("doctor")
    assert done.returncode == 0, done.stdout
