"""How late events are seen, as read from a record."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from conformance.cluster.api import Object
from conformance.errors import RigError
from conformance.evidence.items import Evidence, digest
from conformance.record import stream
from hack.bench.lag import lags, percentile

UNCERTAIN = 0.004


def deletions(recorded: stream.Record, **events: list[Object]) -> stream.Record:
    """Return the recorded run with the events of every deletion replaced: those named by leg, none of any other."""

    def changed(reading: Evidence) -> Evidence:
        if reading.name != "deletion":
            return reading
        of_leg = events.get(reading.leg.replace(".", "_"), [])
        output = {**reading.output, "events": of_leg, "uncertainty": UNCERTAIN}
        return evolve(reading, output=output, sha256=digest(output))

    return evolve(recorded, evidence=tuple(changed(reading) for reading in recorded.evidence))


def event(what: str, at: float, seen: float, **more: Any) -> Object:
    return {"event": what, "role": "child", "pid": 7, "at": at, "seen": seen, **more}


def test_the_lag_of_an_end_is_from_the_nodes_wake_up_to_its_being_seen(recorded: stream.Record) -> None:
    ended = [e for e in recorded.seen("dind.foreground")["deletion"].output["events"] if e["event"] == "gone"]
    assert ended
    record = deletions(recorded, dind_foreground=[{**e, "seen": e["at"] + 0.03} for e in ended], dood_laden=[event("gone", 5, 6)])
    assert sorted(lags(record)) == pytest.approx([0.03 + UNCERTAIN] * len(ended) + [1 + UNCERTAIN])


def test_the_lag_of_a_note_is_from_what_the_child_wrote(recorded: stream.Record) -> None:
    record = deletions(recorded, dood_foreground=[event("noted", 100.09, 100.10, text="SIGTERM 100.02\n")])
    assert lags(record) == pytest.approx([0.08 + UNCERTAIN])


def test_a_note_that_grew_is_counted_by_what_is_new_in_it(recorded: stream.Record) -> None:
    notes = [
        event("noted", 9, 10.10, text="SIGTERM 10.00\n"),
        event("noted", 9, 10.50, text="SIGTERM 10.00\nSIGTERM 10.30\nSIGTERM 10.40\n"),
    ]
    assert lags(deletions(recorded, dood_foreground=notes)) == pytest.approx([v + UNCERTAIN for v in (0.1, 0.2, 0.1)])


def test_what_only_tells_of_the_watch_is_not_an_event(recorded: stream.Record) -> None:
    about = [event(what, 1, 1.5) for what in ("watching", "absent", "end")]
    assert lags(deletions(recorded, dood_foreground=[*about, event("gone", 2, 2.25)])) == pytest.approx([0.25 + UNCERTAIN])


def test_events_without_the_time_they_were_seen_are_not_counted(recorded: stream.Record) -> None:
    old = {key: value for key, value in event("gone", 1, 2).items() if key != "seen"}
    assert lags(deletions(recorded, dood_foreground=[old, event("gone", 2, 2.5)])) == pytest.approx([0.5 + UNCERTAIN])


def test_no_event_is_an_error_and_not_a_lag_of_nothing(recorded: stream.Record) -> None:
    with pytest.raises(RigError, match="no event"):
        lags(deletions(recorded))
    with pytest.raises(RigError, match="no event"):
        lags(deletions(recorded, dood_foreground=[{"event": "gone", "pid": 7, "role": "child", "at": 1.0}]))


@pytest.mark.parametrize(("share", "value"), [(0.5, 10.0), (0.95, 19.0), (1.0, 20.0), (0.01, 1.0)])
def test_a_percentile_is_one_of_the_values(share: float, value: float) -> None:
    assert percentile([float(n) for n in range(20, 0, -1)], share) == value
