"""The article claim by claim: in the record's header, in every report, and in `conformance list`."""

from __future__ import annotations

import copy
import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from conformance import suite
from conformance.analysis.summary import Summary
from conformance.approaches.catalogue import catalogue
from conformance.choices import LEVELS
from conformance.claims.article import CLAIMS, Claim
from conformance.claims.observations import Standing, Verdict, standing
from conformance.claims.properties import Property
from conformance.cli import cli
from conformance.explain import listing
from conformance.record import stream
from conformance.report import html_page, markdown, terminal
from conformance.run.footing import Footing
from conformance.run.header import Asked, header
from conformance.run.preflight import Preflight
from conformance.suite import families
from tests.conftest import recorded_lines, write
from tests.lines import a_record, claim, observed

C, R, S, U = Verdict.CONFIRMED, Verdict.REFUTED, Verdict.SILENT, Verdict.UNDECIDED


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        ([C, C], Standing.TRUE),
        ([C, S], Standing.TRUE),
        ([C, U], Standing.CAVEAT),
        ([C, R], Standing.IN_PART),
        ([C, R, U], Standing.IN_PART),
        ([R, R], Standing.FALSE),
        ([R, U], Standing.FALSE),
        ([U], Standing.OPEN),
        ([S], Standing.OPEN),
        ([], Standing.OPEN),
    ],
)
def test_what_verdicts_say_of_a_sentence(verdicts: list[Verdict], said: Standing) -> None:
    assert standing(verdicts) is standing(reversed(verdicts)) is said


def why(level: str, cells: list[suite.Cell]) -> dict[str, str]:
    return {line["id"]: line["unjudged"] for line in suite.claim_lines(level, cells)}


def test_the_header_has_every_claim_and_why_it_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    judged, deaf = (one for one in suite.properties() if one.id in ("P2-08", "P2-10.deaf"))
    monkeypatch.setattr("conformance.suite.properties", lambda: [judged, deaf])
    monkeypatch.setitem(CLAIMS, "P2-25", Claim("P2-25", "it is reliable", "Part 2, Summary", "many runs"))
    monkeypatch.setitem(CLAIMS, "P2-24", Claim("P2-24", "it is cheap", "Part 2, Summary"))
    cells = [cell for cell in suite.cells("core", ["dind"]) if cell.prop.id == "P2-08"]
    said = why("core", cells)
    assert list(said) == list(CLAIMS)
    assert said["P2-08"] == ""
    assert said["P2-10"] == "its level is article; this run judged core"
    assert said["P2-24"] == "no property judges it"
    assert said["P2-25"] == "no property judges it; it needs many runs"
    assert why("core", [])["P2-08"] == why("article", cells)["P2-10"] == "-k left it out"


def test_the_header_names_what_was_left_out_of_a_claim() -> None:
    cells = [cell for cell in suite.cells("core", ["dind"]) if cell.prop.id == "P2-13.cpu"]
    told = {line["id"]: line for line in suite.claim_lines("core", cells)}["P2-13"]
    assert told["unjudged"] == ""
    assert "P2-13.cpu" not in told["left_out"]
    assert {"P2-13", "P2-13.memory"} <= set(told["left_out"])


def test_the_header_of_a_run_has_them() -> None:
    nowhere: Any = SimpleNamespace(context="")
    line = header(Asked(level="core"), Preflight(Footing(nowhere, "x1", {})), suite.cells("core", list(catalogue())))
    stream.check(line)
    assert [one["id"] for one in line["claims"]] == list(CLAIMS)


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
    assert {one.id: (one.standing, one.why) for one in Summary.of(read).claims.values()} == EXPECTED
    page, summary = html_page.report(Summary.of(read)), markdown.report(Summary.of(read))
    for one in Summary.of(read).claims.values():
        assert f'<tr id="claim-{one.id.lower()}">' in page
        for part in one.parts:
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
    [told] = Summary.of(a_record(PARTS[:1], [claim("P2-08")], lost=[gone])).claims.values()
    assert (told.standing, told.why) == (Standing.CAVEAT, "never judged: P2-08 on dind.foreground")


def test_a_property_that_was_left_out_leaves_a_caveat() -> None:
    [told] = Summary.of(a_record(PARTS[:1], [{**claim("P2-08"), "left_out": ["P2-08.more"]}])).claims.values()
    assert (told.standing, told.why) == (Standing.CAVEAT, "left out of this run: P2-08.more")


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


def baseline() -> stream.Record:
    """Return a record of five families on two approaches, of which Pod A has one, and one family that only Pod A has."""
    both = [
        observed("P2-08", f"{approach}.foreground", "HOLDS", "HOLDS", family=family)
        for family in ("networking", "storage", "names", "ports", "logs")
        for approach in ("dood", "dind")
    ]
    alone = [observed("P2-01", "pod.plain", "HOLDS", "HOLDS", family=family) for family in ("networking", "baseline")]
    return a_record([*both, *alone])


def test_what_another_source_says_is_not_the_articles() -> None:
    parts = [observed("P2-08", "dind.foreground", "HOLDS", "HOLDS"), observed("G-02", "dind.foreground", "LACKS", "HOLDS")]
    alone = [observed("K-05", "dood.foreground", "HOLDS", "HOLDS", family="others")]
    read = a_record([*parts, *alone])
    assert Summary.of(read).table.headline == "Of the 1 cells that the article predicts 1 are confirmed here."
    told = {(cell.family, cell.approach): cell.words for cell in Summary.of(read).table.cells}
    assert told == {
        ("storage", "dind"): "the source predicts HOLDS: REFUTED in part, 1 of 2 are so",
        ("others", "dood"): "the source predicts HOLDS: CONFIRMED",
    }
    page = html_page.report(Summary.of(read))
    assert page.count("The article predicts HOLDS: CONFIRMED.") == 1
    assert page.count("Its source predicts HOLDS:") == 2


def test_an_approach_of_few_families_has_a_line_and_no_column() -> None:
    read = baseline()
    assert Summary.of(read).table.columns == ["dood", "dind"]
    assert [row.family for row in Summary.of(read).table.rows] == ["networking", "storage", "names", "ports", "logs"]
    assert all(all(row.cells) for row in Summary.of(read).table.rows)
    assert [(cell.family, cell.approach) for cell in Summary.of(read).table.beside] == [
        ("networking", "pod"),
        ("baseline", "pod"),
    ]
    assert Summary.of(read).table.headline == "Of the 12 cells that the article predicts 12 are confirmed here."
    page, summary = html_page.report(Summary.of(read)), markdown.report(Summary.of(read))
    assert page.count("Baseline: <strong>") == 1
    assert '<section id="baseline">' in page
    assert summary.count("Baseline, a pod without Docker. ") == 2
    assert summary.splitlines()[6].count("|") == 4


def test_a_way_to_get_containers_is_no_baseline() -> None:
    both = [observed("P2-08", "dind.foreground", "HOLDS", family=family) for family in ("networking", "storage", "names")]
    summary = markdown.report(Summary.of(a_record([*both, observed("P2-08", "podman.foreground", "HOLDS")])))
    assert "Beside, podman. storage: a sentence. ✓" in summary
    assert "Baseline" not in summary


def test_an_approach_that_is_alone_has_the_column() -> None:
    assert Summary.of(a_record([observed("P2-01", "pod.plain", "HOLDS", "HOLDS")])).table.columns == ["pod"]


def test_nothing_is_shown_where_nothing_is_asked() -> None:
    read = a_record(
        [
            observed("P2-08", "dood.foreground", "LACKS", "LACKS", family="storage"),
            observed("P2-08", "dind.foreground", "HOLDS", "HOLDS", family="storage"),
            observed("P2-15", "dind.foreground", "HOLDS", "HOLDS", family="knowledge"),
        ]
    )
    assert Summary.of(read).table.rows[1].cells[0] is None
    assert "| knowledge: a sentence. |  | ✓ **HOLDS**" in markdown.report(Summary.of(read))
    assert "was not measured" not in html_page.report(Summary.of(read)).split("<tbody>")[1].split("</tbody>")[0]


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
    assert shown == {one.id for one in suite.properties() if LEVELS.index(one.level) <= LEVELS.index(level)}
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
        one = Property("Z", "so", "x", {}, "core", legs, approaches, judge, with_cpus_alone=readings)
        return listing.needs(one, catalogue())

    assert need("dood") == ["a Docker Engine on the node (dood)"]
    assert need("dind") == ["privileged pods (dind)"]
    assert need("pod") == []
    assert need("pod", legs=("twins",), alone=True) == [
        "two pods of the approach at once on one node",
        "the node's CPUs for itself while it is read",
    ]


def test_evidence_that_several_cite_is_shown_once() -> None:
    lines = recorded_lines()
    cited = next(line for line in lines if line["kind"] == "observation" and line["cites"])
    lines.insert(-1, {**copy.deepcopy(cited), "property": f"{cited['property']}.again"})
    page = html_page.report(Summary.of(stream.of(lines)))
    anchor = "evidence-" + cited["cites"][0].replace("#", "-")
    assert page.count(f'id="{anchor}"') == 1
    assert page.count(f'href="#{anchor}"') == 1
