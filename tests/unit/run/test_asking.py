"""What a command line asks of a run."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.choices import QUANTITIES, RATE, REPEATS
from conformance.errors import UsageError
from conformance.run import asking
from conformance.run.header import Asked


def asked(level: str, repeats: int | None = None, processes: str = "auto") -> Asked:
    given: dict[str, Any] = {
        "selection": "", "strict_article": False, "enforce": False, "rate": RATE, "world": None, "context": "",
        "in_cluster": False, "given_images": (),
    }  # fmt: skip
    return asking.of_run(level=level, repeats=repeats, processes=processes, **given)


def test_quantities_take_several_cold_starts_unless_told() -> None:
    assert (asked("core").repeats, asked("quantities").repeats, asked("quantities", 1).repeats) == (1, REPEATS[QUANTITIES], 1)
    assert asked("quantities").command == "conformance run --level quantities -n 0", "which asks for the same again"
    assert asked("quantities", 1).command == "conformance run --level quantities -n 0 --repeat 1"


def test_what_is_measured_one_leg_at_a_time_is_no_matter_of_several_processes() -> None:
    assert asked("core", processes="2").processes == "2"
    with pytest.raises(UsageError, match="one leg at a time"):
        asked("quantities", processes="2")
