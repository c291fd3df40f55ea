"""A build's step in a leg's evidence: in the place of its child, and what is left of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.evidence.items import Seen
from conformance.legs import steps
from conformance.legs.builders import CLASSIC
from tests.builders.builds import with_step
from tests.builders.evidence import reading
from tests.conftest import changed

Look = Callable[[str], Seen]


def test_a_step_that_still_allocates_has_not_ended(seen: Look) -> None:
    leg = with_step(seen("dind.laden"), CLASSIC)

    def goes_on(done: dict[str, Any]) -> None:
        done["exit"] = None

    assert steps.of_step(changed(leg, "allocation", goes_on))["allocation: end"].output["body"] == (
        '{"ExitCode": null, "Running": true}'
    )


def test_the_first_client_is_not_its_plugin() -> None:
    docker, plugin = {"pid": 7, "ppid": 1, "start": 1}, {"pid": 9, "ppid": 7, "start": 2}
    assert steps.first_client(reading("", [plugin, docker])) == docker
    assert steps.first_client(reading("", [])) is None
