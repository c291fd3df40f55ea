"""What a leg leaves on its node, and what is taken away of it: without a cluster."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from conformance.legs import cleaning
from conformance.probes.node import Answer
from conformance.probes.paths import PODS

UID = "u1"
VOLUMES = f"{PODS}/{UID}/volumes/kubernetes.io~empty-dir"


def on_node(*points: str, exit_code: int = 0) -> tuple[Any, list[list[str]]]:
    """Return the rig of a leg whose node has these mount points, and the programs that it runs there."""
    ran: list[list[str]] = []

    def ask(question: str, *_: float, **about: Any) -> Answer:
        if question == "execute":
            ran.append(about["command"])
            return Answer({"exit": exit_code, "stdout": "", "stderr": "device or resource busy"}, 1.0, 2.0, 0.1)
        lines = "\n".join(f"{number} 1 0:{number} / {point} rw - tmpfs tmpfs rw" for number, point in enumerate(points))
        return Answer(lines if question == "mountinfo" else [], 1.0, 2.0, 0.1)

    leg = SimpleNamespace(name="nc-22.foreground", namespace="n")
    return SimpleNamespace(home=SimpleNamespace(ask=ask, node="worker"), pod={"metadata": {"uid": UID}}, leg=leg), ran


def test_what_an_engine_left_mounted_in_its_volume_is_unmounted_and_no_volume_itself() -> None:
    graph = f"{VOLUMES}/graph"
    rig, ran = on_node("/", graph, f"{graph}/overlay2/a/merged", f"{graph}/overlay2/a/merged/deeper", f"{PODS}/u2/volumes/a/b/c")
    cleaning.unmount(rig)
    assert ran == [["umount", f"{graph}/overlay2/a/merged/deeper"], ["umount", f"{graph}/overlay2/a/merged"]]


def test_a_place_of_the_legs_own_that_stays_is_told() -> None:
    rig, ran = on_node()
    assert cleaning.remove_place(rig, "/var/lib/conformance/n") == ""
    assert ran == [["rm", "-rf", "--one-file-system", "/var/lib/conformance/n"]]
    rig, _ = on_node(exit_code=1)
    assert cleaning.remove_place(rig, "/var/lib/conformance/n") == "/var/lib/conformance/n on worker: device or resource busy"
