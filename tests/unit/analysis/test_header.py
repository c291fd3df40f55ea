"""What a report says of a world and of its approaches, of a record's header."""

from __future__ import annotations

from attrs import evolve

from conformance.analysis.summary import Summary
from conformance.record import stream
from conformance.report import html_page
from tests.builders.records import checked_as


def test_each_approachs_engine_is_named_as_it_names_itself(recorded: stream.Record) -> None:
    assert Summary.of(recorded).world.engines["dood"].startswith("Docker 20.10.24")
    assert "containerized" in Summary.of(recorded).world.engines["dind"]
    for badly in ({"status": 503}, {"body": "[]"}, {"body": '{"cut'}):
        broken = [
            evolve(reading, output={**reading.output, **badly}) for reading in recorded.evidence if reading.name == "daemon"
        ]
        assert Summary.of(evolve(recorded, evidence=tuple(broken))).world.engines == {}


def test_what_decides_most_is_said_in_brief_and_of_a_check_which_engine_its_pod_had(recorded: stream.Record) -> None:
    assert Summary.of(recorded).world.brief.endswith(", runc 1.1.5, Docker 20.10.24 (dood), Docker 26.1.5 (dind)")
    checked = Summary.of(checked_as("dind", "dind.foreground"))
    assert checked.world.brief.endswith(", runc 1.1.5, Docker 26.1.5")
    assert f'<p class="small world">{checked.world.brief}</p>' in html_page.report(checked)
