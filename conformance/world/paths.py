"""Where the suite keeps things on the machine: one cache folder, which can be dropped at any time."""

from __future__ import annotations

import os
from pathlib import Path

BUILD = Path(__file__).parent / "build"
"""Build files of binaries and images: Go modules under go/, Dockerfiles under images/."""


def cache() -> Path:
    """Give the suite's cache folder, made if missing.

    `$CONFORMANCE_CACHE`, else `conformance` under `$XDG_CACHE_HOME`, else under ~/.cache.
    """
    own = os.environ.get("CONFORMANCE_CACHE")
    base = Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "conformance"
    base.mkdir(parents=True, exist_ok=True)
    return base


def logs() -> Path:
    """Give the folder that keeps the output of every program we started."""
    folder = cache() / "logs"
    folder.mkdir(exist_ok=True)
    return folder


def kind_config() -> Path:
    """Give the kind configuration in use: the checkout's own, else the one in the wheel."""
    checkout = Path(__file__).parents[2] / "kind-config.yaml"
    return checkout if checkout.is_file() else BUILD / "kind-config.yaml"
