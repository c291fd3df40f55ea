"""Limits of time, and the factor that scales them."""

from __future__ import annotations

import pytest
from attrs import asdict

from conformance import timeouts
from conformance.timeouts import Timeouts


def test_every_timeout_is_positive_and_bounded() -> None:
    assert all(0 < value <= 600 for value in asdict(Timeouts()).values())


def test_one_factor_scales_every_limit_and_is_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(timeouts.VARIABLE, "1")
    before = asdict(Timeouts())
    try:
        timeouts.be_patient(6)
        timeouts.be_patient(4)
        assert asdict(timeouts.TIMEOUTS) == {name: 4 * seconds for name, seconds in before.items()}
        assert timeouts.declared() == 4
    finally:
        timeouts.be_patient(1)
    assert asdict(timeouts.TIMEOUTS) == before


@pytest.mark.parametrize(("word", "factor"), [("", 1), ("much", 1), ("0.1", 1), ("2.5", 2.5)])
def test_patience_is_declared_in_the_environment(word: str, factor: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(timeouts.VARIABLE, word)
    assert timeouts.declared() == factor
