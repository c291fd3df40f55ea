"""Nonces and ports: what tells a run's and a leg's things from every other's."""

from __future__ import annotations

BASELINE = "pod"
"""The approach that is none: the article's Pod A."""
PORTS_A_LEG = 4
"""A leg's child, its twin's, and two that its readings may publish."""


def nonce_prefix(run: str) -> str:
    """Return what every nonce of a run begins with."""
    return f"conformance-{run}-"


def run_of(nonce: str) -> str:
    """Return the run that made a nonce."""
    return nonce.removeprefix("conformance-").partition("-")[0]
