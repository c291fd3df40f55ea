"""`conformance list`."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from conformance import suite
from conformance.approaches.catalogue import catalogue
from conformance.choices import CHOICES, LEVELS
from conformance.claims.article import CLAIMS, Claim
from conformance.claims.properties import Property
from conformance.cli import cli
from conformance.explain import listing
from conformance.suite import families


def listed(level: str) -> list[str]:
    done = CliRunner().invoke(cli, ["list", "--level", level])
    assert done.exit_code == 0, done.output
    return done.output.splitlines()


@pytest.mark.parametrize("level", LEVELS)
def test_the_list_has_every_claim_and_the_properties_of_its_level(level: str) -> None:
    lines = listed(level)
    heads = [line.split()[0] for line in lines if line and not line.startswith(" ")]
    assert [name for name in heads if name in CLAIMS] == list(CLAIMS)
    shown = {line.split()[0] for line in lines if line.startswith("  ") and not line.startswith("   ")}
    assert shown == {prop.id for prop in suite.properties() if CHOICES.index(prop.level) <= CHOICES.index(level)}
    assert max(map(len, lines)) <= 100


def test_the_list_says_what_would_judge_a_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.suite.properties", list)
    monkeypatch.setitem(CLAIMS, "P2-25", Claim("P2-25", "it is reliable", "Part 2, Summary", "many runs"))
    assert "         not judged: no property judges it; it needs many runs" in listing.listing("core", catalogue())


def test_other_sources_come_last(monkeypatch: pytest.MonkeyPatch) -> None:
    known = suite.properties()
    other = Property("Z-01", "it is so", "a page", {}, "core", ("foreground",), ("dind",), known[0].judged_by)
    monkeypatch.setattr("conformance.suite.properties", lambda: [other, *known])
    lines = list(listing.listing("extended", catalogue()))
    assert lines.index("What other sources say") > max(place for place, line in enumerate(lines) if line.startswith("P1-10"))
    assert "  Z-01               it is so" in lines[lines.index("What other sources say") :]
    assert " " * 21 + "its source is silent" in lines
    assert " " * 21 + "said in a page" in lines


def test_needs_are_derived_from_what_is_declared() -> None:
    def need(*approaches: str, legs: tuple[str, ...] = ("foreground",), alone: bool = False) -> list[str]:
        judge = families()[0].properties[0].judged_by
        readings = (lambda _: None,) if alone else ()
        prop = Property("Z", "so", "x", {}, "core", legs, approaches, judge, with_cpus_alone=readings)
        return listing.needs(prop, catalogue())

    assert need("dood") == ["a Docker Engine on the node (dood)"]
    assert need("dind") == ["privileged pods (dind)"]
    assert need("dood", "dind", "dood-cgroup-parent") == [
        "a Docker Engine on the node (dood, dood-cgroup-parent)",
        "privileged pods (dind)",
    ], "what several need is said once"
    assert need("pod") == []
    assert need("dood", legs=("restarts-engine-beside",))[1:] == ["privileged pods, for an engine beside the approach's"]
    assert need("pod", legs=("twins",), alone=True) == [
        "two pods of the approach at once on one node",
        "the node's CPUs for itself while it is read",
    ]
