"""What a report says of a world and of its approaches, of a record's header."""

from __future__ import annotations

from attrs import evolve

from conformance.analysis.summary import Summary
from conformance.record import stream


def test_each_approachs_engine_is_named_as_it_names_itself(recorded: stream.Record) -> None:
    assert Summary.of(recorded).world.engines["dood"].startswith("Docker 20.10.24")
    assert "containerized" in Summary.of(recorded).world.engines["dind"]
    for badly in ({"status": 503}, {"body": "[]"}, {"body": '{"cut'}):
        broken = [
            evolve(reading, output={**reading.output, **badly}) for reading in recorded.evidence if reading.name == "daemon"
        ]
        assert Summary.of(evolve(recorded, evidence=tuple(broken))).world.engines == {}
