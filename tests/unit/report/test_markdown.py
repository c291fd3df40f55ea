"""The summary in Markdown."""

from __future__ import annotations

from conformance.analysis.summary import Summary
from conformance.claims.article import speaks_of
from conformance.record import stream
from conformance.report import markdown
from tests.conftest import recorded_lines


def test_a_reader_is_told_what_cannot_be_asked_and_why() -> None:
    lines = recorded_lines(evidence=False)
    for one in lines:
        if one["kind"] == "observation" and one["approach"] == "dood":
            one["state"], one["reason"] = "NOT-APPLICABLE", "no Docker Engine"
    shown = markdown.report(Summary.of(stream.of(lines)))
    of_dood = [one for one in lines if one["kind"] == "observation" and one["approach"] == "dood"]
    families = {one["family"] for one in of_dood}
    foretold = {one["family"] for one in of_dood if one["predicted"] and speaks_of(one["property"])}
    assert f", {len(foretold)} cannot be asked here" in shown
    assert shown.count("**NOT-APPLICABLE**, cannot be asked here: no Docker Engine") == len(families)
