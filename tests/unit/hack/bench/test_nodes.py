"""What the bench of nodes says of what it measured."""

from __future__ import annotations

import pytest

from hack.bench.nodes import Took, missed, row


def took(cpu: float = 1.0, peak: float = 70.0, asked: int = 50) -> Took:
    return Took(5.0, cpu, peak, {"list nodes": 1, "get pods/proxy": asked - 1})


@pytest.mark.parametrize(
    ("of_ten", "of_a_hundred", "words"),
    [
        (took(), took(cpu=10.0, peak=700.0, asked=500), []),
        (took(), took(cpu=10.1), ["run of 100 nodes: 10 CPU seconds, of 10 nodes 1: more than linear"]),
        (took(), took(asked=501), ["run of 100 nodes: 501 requests, of 10 nodes 50: more than linear"]),
        (took(), took(peak=701.0), ["run of 100 nodes: 701 MiB, of 10 nodes 70: more than linear"]),
        (took(peak=200.0), took(peak=1025.0), ["run of 100 nodes: 1025 MiB, more than 1024"]),
    ],
)
def test_more_than_linear_and_more_than_a_gib_is_missed(of_ten: Took, of_a_hundred: Took, words: list[str]) -> None:
    assert missed({10: {"run": of_ten}, 100: {"run": of_a_hundred}}) == words


def test_a_row_names_what_most_of_the_requests_are() -> None:
    assert row("run", 10, took()) == "| run | 10 | 5.0 | 1.0 | 70 | 50 | 49 get pods/proxy, 1 list nodes |"
