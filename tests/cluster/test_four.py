"""A cluster of four nodes that `up` did not make, on one of which Docker Engine filters no system call.

It is kind's own, of the image that our nodes are made from, under a name and with a kubeconfig that neither `up`, `down` nor any
run looks for: `--world host` is another cluster meanwhile.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from conformance.world import kind
from conformance.world.images import runner
from conformance.world.images.image_store import Store
from conformance.world.machine import commands
from conformance.world.machine.progress import Progress
from tests.cluster.support import ROOT, Done, cluster, conformance, latest, on

pytestmark = pytest.mark.test_all
NAME = "four-nodes"
ODD = f"{NAME}-worker3"
WORKERS = (f"{NAME}-worker", f"{NAME}-worker2", ODD)
UNFILTERED = {"seccomp-profile": "unconfined"}
SECONDS = 1200.0


@pytest.fixture(scope="module", name="four")
def _four(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """Yield the environment in which such a cluster is the user's own."""
    folder = tmp_path_factory.mktemp("four")
    config = yaml.safe_load((ROOT / "kind-config.yaml").read_text(encoding="utf-8"))
    config["nodes"] += [{"role": "worker"}] * 2
    (folder / "kind.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    program = kind.program(Progress())
    options: list[str | Path] = ["--name", NAME, "--kubeconfig", folder / "kubeconfig"]
    create: list[str | Path] = ["--config", folder / "kind.yaml", "--image", cluster().node_image, "--wait", "300s"]
    try:
        commands.run([program, "create", "cluster", *options, *create], timeout=SECONDS, log="kind")
        settings = json.loads(on(ODD, "cat", "/etc/docker/daemon.json")) | UNFILTERED
        on(ODD, "sh", "-c", f"echo '{json.dumps(settings)}' > /etc/docker/daemon.json && systemctl restart docker")
        yield {**os.environ, "KUBECONFIG": str(folder / "kubeconfig")}
    finally:
        commands.run([program, "delete", "cluster", *options], timeout=SECONDS, log="kind")


def on_four(four: Mapping[str, str], *words: str, reports: Path) -> Done:
    """Run a command on it."""
    args = (*words, "--context", f"kind-{NAME}", "--allow-privileged", "--reports", str(reports))
    return conformance(*args, env=dict(four), timeout=SECONDS)


def check(four: Mapping[str, str], nodes: str, reports: Path) -> Done:
    return on_four(four, "check", str(ROOT / "examples/jenkins-dood.yaml"), "--quick", "--nodes", nodes, reports=reports)


def test_where_nodes_disagree_is_said_of_each_and_no_other_is_looked_at(four: Mapping[str, str], tmp_path: Path) -> None:
    done = check(four, "all", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("On node ")] == [f"On node {name}:" for name in WORKERS]
    states = ", ".join(f"{name} {'LACKS' if name == ODD else 'HOLDS'}" for name in WORKERS)
    assert f"  S-16[checked.api-forced]: {states}" in done.stdout
    assert ODD in (tmp_path / "worlds.html").read_text(encoding="utf-8")
    looked_at = {node["name"] for node in latest(tmp_path).header["world"]["nodes"]}
    assert len(looked_at) == 2
    assert ODD in looked_at


def test_of_nodes_of_one_kind_one_is_checked(four: Mapping[str, str], tmp_path: Path) -> None:
    """What its engine is told makes a node none of another kind: that one is asked by its label."""
    done = check(four, "distinct", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("On node ") == 1


def test_a_job_with_the_least_rights_does_a_run_there_and_nothing_stays(four: Mapping[str, str], tmp_path: Path) -> None:
    image, archive = Store(Progress()).build(runner.recipe()), tmp_path / "runner.tar"
    commands.run(["docker", "save", "-o", archive, image.reference], timeout=SECONDS)
    commands.run([kind.program(Progress()), "load", "image-archive", archive, "--name", NAME], timeout=SECONDS)
    words = ("run", "--in-cluster", "-k", "P2-10 and foreground-forced", "--image", f"conformance/runner:1={image.reference}")
    done = on_four(four, *words, reports=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    read = latest(tmp_path)
    assert read.footer
    assert read.footer["cleaned"] == []
    assert len(read.header["world"]["nodes"]) == 4
