"""What a reader fears for: each property is about something that there is, and two tables say the same of it."""

from __future__ import annotations

from conformance import suite
from conformance.check.questions import QUESTIONS
from conformance.claims import fears
from conformance.claims.fears import Fear
from conformance.claims.observations import State
from conformance.controls.letters import LETTERS

FAMILY_OF = {prop.id: family.name for family in suite.families() for prop in family.properties}


def test_whatever_is_named_is_there() -> None:
    named = {prop for losses in fears.LOSSES.values() for prop in losses} | fears.FACTS | fears.CONTRARY
    assert named - FAMILY_OF.keys() == set()
    assert fears.FAMILIES.keys() - set(FAMILY_OF.values()) == set()
    assert list(fears.LOSSES) == list(Fear)
    for losses in fears.LOSSES.values():
        assert [words for words in losses.values() if words.count("{who}") != 1] == []


def test_a_property_stands_in_the_losses_of_its_own_fear() -> None:
    placed = {prop: fear for fear, losses in fears.LOSSES.items() for prop in losses}
    assert {prop: fears.fear_of(prop, FAMILY_OF[prop]) for prop in placed} == placed


def test_a_pod_that_is_checked_is_asked_by_the_same_fears() -> None:
    asked = {each.prop: (each.fear.value, each.kept) for each in QUESTIONS}
    assert {prop: (fears.fear_of(prop, FAMILY_OF[prop]).value, fears.kept(prop)) for prop in asked} == asked


def test_a_control_breaks_what_a_reader_wants_to_be_kept() -> None:
    parts = [part for letter in LETTERS.values() for part in letter.parts.values()]
    promised = [part for part in parts if fears.fear_of(part.prop, FAMILY_OF[part.prop]).promised]
    assert len(promised) > 10
    assert [part.prop for part in promised if part.kept is not fears.kept(part.prop)] == []


def test_a_part_of_a_manifest_as_printed_is_of_its_claims_fear_and_an_unknown_family_is_of_facts() -> None:
    assert fears.fear_of("P2-10.printed", "article_manifests") is Fear.LIFE
    assert fears.fear_of("X-1", "something new") is Fear.FACTS
    assert not Fear.FACTS.promised
    assert [fear.name for fear in Fear if fear.contains] == ["LIMITS", "LIFE", "BYTES", "SECURITY"]


def test_a_loss_without_words_of_its_own_is_told_by_its_sentence() -> None:
    assert fears.loss("X-1", "it is red", ["a"]) == "of a it is not so that it is red"
    assert fears.loss("G-01", "it is red", ["a", "b"]) == "of a or b it is so that it is red"
    assert fears.loss("P2-13", "", ["a", "b", "c"]) == "a container that a, b or c starts is outside its pod's limits"
    assert fears.kept("G-01") is State.LACKS
