"""What `conformance explain` gives to paste: which cluster, each leg deployed as its variation has it, and taken away."""

from __future__ import annotations

import copy
import json
import shlex
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conformance import suite
from conformance.approaches.catalogue import catalogue
from conformance.explain import script
from conformance.legs.builders import BUILDKIT, CLASSIC
from conformance.legs.leg import Leg
from conformance.legs.variations import MATRIX, VARIATIONS
from conformance.record import stream
from tests.builders.explained import to_paste


def test_a_cluster_of_ours_is_reached_as_it_is_noted_and_another_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def cluster(name: str, **environment: str) -> Any:
        return SimpleNamespace(name=name, kubeconfig=Path("/a place/kubeconfig"), world=SimpleNamespace(environment=environment))

    clusters = [cluster("conformance-1"), cluster("conformance-2", DOCKER_HOST="unix:///x.sock")]
    monkeypatch.setattr("conformance.world.kind.noted", lambda: iter(clusters))
    assert script.reach("conformance-1-worker") == ["export KUBECONFIG='/a place/kubeconfig'"]
    assert script.reach("conformance-2-worker")[1:] == ["export DOCKER_HOST=unix:///x.sock"]
    assert script.reach("conformance-22-worker") == [
        "# export KUBECONFIG=...  # of the cluster that has the node conformance-22-worker"
    ]


@pytest.mark.parametrize("prop", suite.properties(), ids=lambda prop: prop.id)
def test_each_leg_is_deployed_and_taken_away(prop: Any, recorded: stream.Record) -> None:
    text = to_paste(prop.id, recorded)
    assert "export KUBECONFIG=" in text.splitlines()[1]
    assert subprocess.run(["bash", "-n"], input=text, text=True, check=False).returncode == 0
    steps = [line.split()[0] for line in text.splitlines() if line.startswith(("  deploy ", "  take_away")) and "()" not in line]
    assert steps == ["deploy", "take_away"] * (len(steps) // 2)
    assert not [line for line in text.splitlines() if line.startswith("  kubectl apply")], "each is deployed by its function"


def test_zsh_is_told_of_comments_before_the_first_and_bash_is_told_nothing(recorded: stream.Record) -> None:
    """A person's zsh took each for a command, and the apostrophe in one for the beginning of a quote that had `deploy` in it."""
    first = to_paste("P2-13", recorded).splitlines()[0]
    as_zsh = "setopt() { echo $*; }; "
    assert subprocess.run(["bash", "-c", f"ZSH_VERSION=5.9; {as_zsh}{first}"], capture_output=True, check=True).stdout == (
        b"interactivecomments\n"
    )
    assert subprocess.run(["bash", "-c", f"{as_zsh}{first}"], capture_output=True, check=True).stdout == b""


def test_a_leg_that_the_manifest_alone_does_not_make_is_not_deployed_by_hand(recorded: stream.Record) -> None:
    """What is cited of two pods would be asked of one."""
    text = to_paste("P2-04", recorded)
    assert "# leg dood.twins: two pods of the approach at the same time on one node, deleted with grace 0: more than " in text
    assert "  deploy " not in text


def patched(before: dict[str, Any], changes: list[dict[str, Any]]) -> dict[str, Any]:
    """Return an object with JSON Patch's `add` done, of members and at the end of a list."""
    after = copy.deepcopy(before)
    for change in changes:
        assert change["op"] == "add"
        *way, last = change["path"].strip("/").split("/")
        place: Any = after
        for word in way:
            place = place[int(word)] if isinstance(place, list) else place[word]
        if isinstance(place, list):
            assert last == "-"
            place.append(change["value"])
        else:
            place[last] = change["value"]
    return after


@pytest.mark.parametrize(
    "variation", [name for name, each in VARIATIONS.items() if not (each.twins or each.in_a_row or each.beside)]
)
@pytest.mark.parametrize("name", ["dood", "dind", "dind-cgroupns"])
def test_what_is_deployed_by_hand_is_what_the_run_deployed(name: str, variation: str) -> None:
    approach = catalogue()[name]
    words = shlex.split(script._deployed(approach, VARIATIONS[variation]))
    changes = json.loads(words[words.index("-p") + 1]) if "-p" in words else []
    ours = Leg("", approach, VARIATIONS[variation], "article", 80).pod()["spec"]
    by_hand = patched(approach.manifest, changes)["spec"]
    assert (by_hand["containers"], by_hand.get("volumes", [])) == (ours["containers"], ours["volumes"])
    assert by_hand.get("initContainers") == ours.get("initContainers")
    as_it_is = {"foreground", "foreground-forced", "laden", "client-killed", "printed", "plain"}
    as_it_is |= {
        name
        for name, each in VARIATIONS.items()
        if each.builder in (CLASSIC, BUILDKIT) or (each.keeps_run and not approach.daemon)
    }
    assert bool(changes) is (variation not in as_it_is)


def test_a_command_is_shown_once_of_legs_that_are_deployed_alike(recorded: stream.Record) -> None:
    legs = [line for line in to_paste("P2-10", recorded).splitlines() if line.startswith("  # leg ")]
    assert {leg.split()[2].rstrip(":") for leg in legs} == {f"{name}.{leg}" for name in ("dood", "dind") for leg in MATRIX}
    assert to_paste("P2-13", recorded).count("# leg dind.foreground") == 1


def test_children_of_the_nodes_engine_are_taken_away_with_their_pod(recorded: stream.Record) -> None:
    text = to_paste("P2-05", recorded)
    assert text.count("docker rm -fv") == 1, "those of an engine in the pod go with it"
    assert text.index("# Docker outside of Docker") < text.index("docker rm -fv")
