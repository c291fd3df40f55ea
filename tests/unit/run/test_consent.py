"""What a user agrees to."""

from __future__ import annotations

from conformance.approaches.catalogue import catalogue
from conformance.run.consent import terms


def test_what_is_granted_is_said_for_every_approach() -> None:
    said = "\n".join(terms("mine", 3, catalogue().values()))
    assert "mine" in said
    assert "its 3 nodes" in said
    assert "article-dood" not in said, "it is not deployed where the engine's tags are another's"
    for approach in (one for one in catalogue().values() if not one.marks_image):
        assert all(granted in said for granted in approach.granted)
        assert f"pods of {approach.name} " in said, "what is granted nothing is deployed, too"
