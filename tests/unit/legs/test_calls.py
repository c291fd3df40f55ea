"""What a seccomp filter does with calls that default filters refuse."""

from __future__ import annotations

import subprocess

import pytest

from conformance.legs.calls import CALLS, MAKE, let_through
from tests.builders.evidence import reading


@pytest.mark.parametrize(
    ("body", "through", "refused"),
    [
        ("\x01\x00\x00\x00\x00\x00\x00\x1buserfaultfd 1\nmove_pages 1\n", [], ["userfaultfd", "move_pages"]),
        ("userfaultfd 22\nmove_pages 0\n", ["userfaultfd", "move_pages"], []),
        ("userfaultfd 38\nmove_pages 38\n", [], []),
        ("userfaultfd 38\nmove_pages 0\n", ["move_pages"], []),
        ("exec: perl: not found", [], []),
    ],
)
def test_eperm_alone_is_a_filter_s_word(body: str, through: list[str], refused: list[str]) -> None:
    assert let_through(reading(CALLS, {"status": 200, "body": body})) == (through, refused)


def test_the_calls_are_made_and_do_nothing() -> None:
    run = subprocess.run(["/usr/bin/perl", "-we", f"use strict 'refs'; {MAKE}"], capture_output=True, text=True, check=True)
    assert not run.stderr
    assert [line.split()[0] for line in run.stdout.splitlines()] == ["userfaultfd", "move_pages"]
