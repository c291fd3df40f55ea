"""Exposure: what was not read, or not given, for another reason than that it may not be."""

from __future__ import annotations

from typing import Any

from conformance.legs.neighbour import FILES
from hack.mutants.disguises import Leg, of
from scenarios.exposure.port import ELSEWHERE

FOLDER = "/var/lib/kubelet/pods/u2/volumes/kubernetes.io~empty-dir/canary"


def _beside_a_neighbour(leg: Leg) -> None:
    """Put a neighbour beside the leg's pod, with a file and a block device."""
    paths = [f"{FOLDER}/canary", f"{FOLDER}/device"]
    leg.add(FILES, dict(zip(paths, (["canary-0f1e2d3c"], ["7:3 /dev/loop3"]), strict=True)), word="", paths=paths)


@of("dind.foreground-forced", "dind.foreground-forced")
def a_file_that_was_not_read_for_want_of_an_image(leg: Leg) -> None:
    """The neighbour's file is not where the engine is, which had no image for the container that was to read it."""
    _beside_a_neighbour(leg)
    stderr = "docker: Error response from daemon: No such image: httpd:latest"
    leg.add("canary read", {"exit": 125, "stdout": "", "stderr": stderr, "seconds": 0.1})
    leg.add("canary where the engine is", {f"{FOLDER}/canary": {"exists": False, "error": "ENOENT"}})


def _asked_by_pod_a(leg: Leg, log: dict[str, Any]) -> None:
    """Let Pod A have had a container run that was to print the device, with this log."""
    _beside_a_neighbour(leg)
    leg.add("another-device: info", leg.last("daemon"))
    leg.add("another-device: started", {"status": 204, "body": "", "lost": ""})
    leg.add("another-device: log", {"lost": "", **log})


@of("dind.foreground-forced", "dind.foreground-forced")
def a_device_that_was_not_there_to_be_refused(leg: Leg) -> None:
    """The container that Pod A had the engine run found no device."""
    _asked_by_pod_a(leg, {"status": 200, "body": "cat: /dev/loop3: No such file or directory"})


@of("dind.foreground-forced", "dind.foreground-forced")
def a_log_that_the_engine_may_not_read(leg: Leg) -> None:
    """The engine told Pod A no log: it may not open its own file."""
    _asked_by_pod_a(leg, {"status": 500, "body": '{"message": "open /var/lib/docker/x.log: permission denied"}'})


@of("dind.foreground")
def an_engine_on_another_port(leg: Leg) -> None:
    """The engine's own port is refused, and on another it tells whoever asks who it is (NC-42)."""
    leg.give("asked for the engine's API", {"outcome": "ECONNREFUSED"})
    leg.add(ELSEWHERE, {"outcome": "served", "body": leg.last("daemon")["body"]}, port=4243)
