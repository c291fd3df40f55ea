"""What a client noted of its commands."""

from __future__ import annotations

from conformance.evidence.commands import Command, commands, restarts_of_client
from conformance.evidence.items import Seen
from conformance.evidence.names import NOTES
from tests.builders.evidence import given
from tests.builders.quantities import measured_record


def test_commands_come_as_they_were_noted() -> None:
    noted = given(Seen([]), NOTES, {"stdout": "1.50 version 1 2.00\n2.20 version 0 2.70\n2.71 run\n"})
    assert commands(noted) == [Command(1.5, "version", 1), Command(2.2, "version", 0), Command(2.71, "run", None)]


def test_the_client_is_the_container_whose_process_was_asked() -> None:
    seen = measured_record(1).seen("dind.measured")
    assert restarts_of_client(seen) == 0
    for status in seen["pod"].output["status"]["containerStatuses"]:
        status["restartCount"] = 3 if status["name"] == "docker-cmds" else 0
    assert restarts_of_client(seen) == 3
