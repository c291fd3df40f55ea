"""The neighbour of a leg's pod: what it keeps, and how the node tells of it."""

from __future__ import annotations

from conformance.approaches.catalogue import catalogue
from conformance.evidence.items import Seen
from conformance.images import PROBE
from conformance.legs import neighbour
from conformance.legs.leg import Leg
from conformance.legs.variations import VARIATIONS
from tests.builders.evidence import reading

FOLDER = "/var/lib/kubelet/pods/u2/volumes/kubernetes.io~empty-dir/canary"
PATHS = [f"{FOLDER}/canary", f"{FOLDER}/device"]


def test_nobody_else_knows_its_canary_and_it_goes_with_the_leg() -> None:
    leg = Leg("r", catalogue()["dood"], VARIATIONS["foreground-forced"], "nonce", 20001, "worker", {PROBE: "mirror/python"})
    first, second = (neighbour.manifest(leg)["spec"] for _ in range(2))
    texts = {spec["containers"][0]["env"][0]["value"] for spec in (first, second)}
    assert len(texts) == 2
    assert not any(leg.nonce in text for text in texts), "the leg's pod has its nonce in its environment"
    assert first["containers"][0]["image"] == "mirror/python"
    assert (first["terminationGracePeriodSeconds"], first["volumes"]) == (0, [{"name": "canary", "emptyDir": {}}])
    assert first["affinity"] == leg.pod()["spec"]["affinity"]


def test_its_files_tell_the_canary_and_the_device() -> None:
    lines = [["canary-1" + " " * 20], ["7:3 /dev/loop3"]]
    files = reading(neighbour.FILES, dict(zip(PATHS, lines, strict=True)), {"word": "", "paths": PATHS})
    assert neighbour.folder_of(files) == FOLDER
    assert neighbour.canary_of(Seen([files])) == "canary-1"
    assert neighbour.device_of(files) == "/dev/loop3"


def test_where_the_node_makes_no_device_there_is_none() -> None:
    lines = [[], ["none: [Errno 2] No such file or directory: '/dev/loop-control'"]]
    files = reading(neighbour.FILES, dict(zip(PATHS, lines, strict=True)), {"word": "", "paths": PATHS})
    assert neighbour.device_of(files) == ""
    assert neighbour.canary_of(Seen([files])) == ""
