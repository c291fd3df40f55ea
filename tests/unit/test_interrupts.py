"""Ctrl-C and SIGTERM: each interrupts once."""

from __future__ import annotations

import os
import signal

import pytest

from conformance.interrupts import interruptible


def test_a_signal_that_comes_twice_interrupts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """`timeout` sends its SIGTERM to the run and then to the run's group; the second would break the first's clean-up off."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        interruptible()
        for number, again in ((signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM)):
            monkeypatch.setattr("conformance.interrupts.AGAIN_SECONDS", 0)
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), number)
            monkeypatch.setattr("conformance.interrupts.AGAIN_SECONDS", 60)
            os.kill(os.getpid(), again)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        interruptible()
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN, "a shell's background"
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
