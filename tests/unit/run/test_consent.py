"""What a user agrees to."""

from __future__ import annotations

from attrs import evolve

from conformance.approaches.catalogue import catalogue
from conformance.run.consent import terms


def test_what_is_granted_is_said_for_every_approach() -> None:
    text = "\n".join(terms("mine", 3, catalogue().values()))
    assert "mine" in text
    assert "its 3 nodes" in text
    assert "a privileged pod of its own, with a loop device" in text
    assert "article-dood" not in text, "it is not deployed where the engine's tags are another's"
    for approach in (other for other in catalogue().values() if not other.marks_image):
        assert all(granted in text for granted in approach.granted)
        assert f"pods of {approach.name} " in text, "what is granted nothing is deployed, too"


def test_of_a_job_it_says_which_rights_its_account_has() -> None:
    assert "has a ClusterRole of its own" in "\n".join(terms("mine", 3, [], by_job=True))
    assert "ClusterRole" not in "\n".join(terms("mine", 3, []))


def test_of_a_pod_that_is_checked_it_says_what_is_made_for_it() -> None:
    dind = catalogue()["dind"]
    assert "a PersistentVolume for each of its claims" in "\n".join(terms("mine", 3, [evolve(dind, name="checked")]))
    assert "a PersistentVolume for each" not in "\n".join(terms("mine", 3, [dind]))


def test_it_says_on_which_nodes_a_probe_will_be() -> None:
    def where(nodes: int, node: str = "") -> str:
        return terms("mine", nodes, [], node=node)[1].partition(": ")[0].strip()

    assert where(1) == "a probe on its only node"
    assert where(8) == "a probe on each of its 8 nodes"
    assert where(1000) == "a probe on 8 of its 1000 nodes"
    assert where(0, node="a") == "a probe on node a, and on one other"
