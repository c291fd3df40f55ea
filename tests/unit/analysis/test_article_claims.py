"""The article claim by claim: in the record's header, in every report, and in `conformance list`."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from conformance.analysis.summary import Summary
from conformance.claims.observations import Standing
from conformance.record import stream
from conformance.report import html_page, markdown, terminal
from tests.builders.records import a_record, claim, observed
from tests.conftest import recorded_lines, write

PARTS = [
    observed("P2-08", "dood.foreground", "LACKS", "LACKS"),
    observed("P2-08", "dind.foreground", "HOLDS", "HOLDS"),
    observed("P2-10", "dood.foreground", "HOLDS", "LACKS"),
    observed("P2-10.deaf", "dood.deaf", "LACKS", "LACKS"),
    observed("P2-20", "dind.foreground", "LACKS", "HOLDS"),
    observed("P2-13", "dind.foreground", "HOLDS", "HOLDS"),
    observed("P2-13.cpu", "dind.laden", "INCONCLUSIVE", "HOLDS", reason="too little to tell"),
    observed("P2-09", "dind.foreground", "NOT-APPLICABLE", "HOLDS", reason="no engine"),
    observed("P2-03", "dind.foreground", "LACKS", None),
    observed("G-02", "dind.foreground", "HOLDS", None),
]
ALL = [claim(name) for name in ("P2-08", "P2-10", "P2-20", "P2-13", "P2-09", "P2-03")]
EXPECTED = {
    "P2-08": (Standing.TRUE, ""),
    "P2-10": (Standing.IN_PART, "not so: P2-10 on dood.foreground HOLDS"),
    "P2-20": (Standing.FALSE, "not so: P2-20 on dind.foreground LACKS"),
    "P2-13": (Standing.CAVEAT, "not decided: P2-13.cpu on dind.laden INCONCLUSIVE: too little to tell"),
    "P2-09": (Standing.OPEN, "not decided: P2-09 on dind.foreground NOT-APPLICABLE: no engine"),
    "P2-03": (Standing.OPEN, "what was observed is nothing that the article predicts"),
    "P2-25": (Standing.OPEN, "-k left it out"),
}


def test_each_claim_says_what_was_observed_and_what_that_means() -> None:
    read = a_record(PARTS, [*ALL, claim("P2-25", "-k left it out")])
    assert {judged.id: (judged.standing, judged.why) for judged in Summary.of(read).claims.values()} == EXPECTED
    page, summary = html_page.report(Summary.of(read)), markdown.report(Summary.of(read))
    for judged in Summary.of(read).claims.values():
        assert f'<tr id="claim-{judged.id.lower()}">' in page
        for part in judged.parts:
            assert f'href="#{part.anchor}"' in page
            assert f'<article id="{part.anchor}">' in page
    counted = "7 claims: 1 true here; 1 true here, with a caveat; 1 true in part; 1 false here; 3 not judged."
    assert counted in page
    assert counted in summary
    assert "| P2-10 | what P2-10 says | ◐ true in part |" in summary
    assert "Not judged (report.html says why): P2-09, P2-03, P2-25." in summary
    out = io.StringIO()
    terminal.table(Summary.of(read), Console(file=out, width=200))
    assert counted in out.getvalue()


def test_a_cell_that_was_lost_leaves_a_caveat() -> None:
    gone = observed("P2-08", "dind.foreground", "HOLDS", "HOLDS")
    [judged] = Summary.of(a_record(PARTS[:1], [claim("P2-08")], lost=[gone])).claims.values()
    assert (judged.standing, judged.why) == (Standing.CAVEAT, "never judged: P2-08 on dind.foreground")


def test_a_property_that_was_left_out_leaves_a_caveat() -> None:
    [judged] = Summary.of(a_record(PARTS[:1], [{**claim("P2-08"), "left_out": ["P2-08.more"]}])).claims.values()
    assert (judged.standing, judged.why) == (Standing.CAVEAT, "left out of this run: P2-08.more")


def test_a_header_that_is_older_than_claims_is_read_and_rendered(tmp_path: Path) -> None:
    lines = recorded_lines()
    lines[0].pop("claims", None)
    read = stream.read(write(tmp_path / "r.jsonl", lines))
    assert Summary.of(read).claims == {}
    assert Summary.of(read).claims_line == ""
    page, summary = html_page.report(Summary.of(read)), markdown.report(Summary.of(read))
    assert 'id="claims"' not in page
    assert "Not judged" not in summary
    assert '<table class="summary">' in page


def test_hostile_claims_are_escaped() -> None:
    hostile = "<script>alert(1)</script> | `x`"
    bad = {**claim("P2-08", hostile), "says": hostile, "source": hostile}
    read = a_record([observed("P2-09", "dind.foreground", "HOLDS", "HOLDS")], [bad, {**bad, "id": hostile, "unjudged": ""}])
    assert html_page.report(Summary.of(read)).count("<script") == 1  # the page's own
    assert "<script" not in markdown.report(Summary.of(read))
