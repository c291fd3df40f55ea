"""What a run prints at its end."""

from __future__ import annotations

import io

from rich.console import Console

from conformance.analysis.summary import Summary
from conformance.report import terminal
from tests.builders.records import a_selfcheck, observed


def printed(summary: Summary) -> str:
    console = Console(file=io.StringIO(), width=200, highlight=False, emoji=False)
    terminal.table(summary, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_selfcheck_says_of_each_control_whether_it_is_what_it_was_built_to_be() -> None:
    wrong = observed("P2-10", "nc-15.foreground", "HOLDS", expected="LACKS", as_expected=False)
    lost = observed("P2-05", "nc-15.foreground-forced", "LACKS")
    text = printed(Summary.of(a_selfcheck(observed("P2-05", "nc-01.foreground-forced", "LACKS"), wrong, lost=[lost])))
    lines = [line.rstrip() for line in text.splitlines()]
    assert "✓ nc-01        an engine in the pod, a client that goes to the node's" in lines
    assert "✗ nc-15        a child that publishes nothing" in lines
    assert "      L.graceful: HOLDS, not LACKS: seen on nc-15.foreground" in lines
    assert "      N.published: never judged" in lines
    assert any(line.startswith("- nc-11") for line in lines)
    assert any(line.startswith("1 of 2 controls is what it was built to be; not so nc-15") for line in lines)
