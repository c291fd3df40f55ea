"""Rules of the pod's network: each judge from who was answered without one and under one."""

from __future__ import annotations

import pytest

from conformance.claims.observations import State
from conformance.evidence.items import Seen
from scenarios.rules import rules
from tests.builders.evidence import conclude, proven, reading
from tests.builders.rig import a_rig

CHILD, POD = "the child", "the pod's own"
SERVED, REFUSED, SILENT = "served", "ECONNREFUSED", "timeout"
OUT, REDIRECT, IN = "under OUTPUT", "under REDIRECT", "under INPUT"
NAMES = {"RULES.out": ("Pod A asked by {} {}", OUT), "RULES.redirect": ("Pod A asked by {} {}", REDIRECT)}
NAMES["RULES.in"] = ("port of {} asked {}", IN)


def asked(prop: str, child: str, pod: str, *, before: str = SERVED, body: str = "n\n", made_with: int = 0) -> Seen:
    """Return how child and pod were answered under the rule of a property; before it both were answered unless told."""
    name, when = NAMES[prop]
    answers = [(CHILD, "without a rule", before), (POD, "without a rule", SERVED), (CHILD, when, child), (POD, when, pod)]
    outputs = [
        (name.format(who, at), {"outcome": came, **({"body": body} if came == SERVED else {})}) for who, at, came in answers
    ]
    rule = reading("rule made", {"exit": made_with, "stderr": "No chain by that name"}, asked={"command": ["-I", "PREROUTING"]})
    return Seen([*proven("n"), rule, *(reading(*output) for output in outputs)])


@pytest.mark.parametrize("prop", ["RULES.out", "RULES.in"])
def test_a_rule_that_binds_the_pods_own_binds_the_child_or_does_not(prop: str) -> None:
    assert conclude(prop, asked(prop, SERVED, REFUSED)).state is State.LACKS
    assert conclude(prop, asked(prop, REFUSED, REFUSED)).state is State.HOLDS
    assert conclude(prop, asked(prop, SILENT, REFUSED)).state is State.INCONCLUSIVE
    assert conclude(prop, asked(prop, REFUSED, SERVED)).state is State.INCONCLUSIVE, "a rule that binds nobody"


@pytest.mark.parametrize("prop", NAMES)
def test_who_was_not_answered_before_is_not_judged(prop: str) -> None:
    assert conclude(prop, asked(prop, REFUSED, REFUSED, before=REFUSED, body="")).state is State.INCONCLUSIVE


def test_a_redirect_takes_what_a_child_sends_out_or_does_not() -> None:
    assert conclude("RULES.redirect", asked("RULES.redirect", REFUSED, SERVED)).state is State.LACKS
    assert conclude("RULES.redirect", asked("RULES.redirect", SERVED, SERVED)).state is State.HOLDS
    assert conclude("RULES.redirect", asked("RULES.redirect", SILENT, SERVED)).state is State.INCONCLUSIVE
    assert conclude("RULES.redirect", asked("RULES.redirect", REFUSED, REFUSED)).state is State.INCONCLUSIVE, "Pod A is away"


def test_a_redirect_that_could_not_be_made_says_nothing() -> None:
    concluded = conclude("RULES.redirect", asked("RULES.redirect", SERVED, SERVED, made_with=1))
    assert (concluded.state, concluded.reason) == (State.INCONCLUSIVE, "the rule could not be made: No chain by that name")


def test_a_page_that_is_not_the_childs_is_no_port_of_it() -> None:
    assert conclude("RULES.in", asked("RULES.in", SERVED, REFUSED, body="another")).state is State.INCONCLUSIVE


def test_no_rule_is_put_into_the_network_of_a_node() -> None:
    rig, _ = a_rig()
    rig.pod = {**rig.pod, "spec": {**rig.pod["spec"], "hostNetwork": True}}
    rules(rig)
    assert list(rig.seen) == []
