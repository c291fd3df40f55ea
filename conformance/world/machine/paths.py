"""Where the suite keeps things on the machine: one cache folder, which can be dropped at any time."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from conformance.errors import RigError

BUILD = Path(__file__).parents[1] / "build"
"""Build files of binaries and images: Go modules under go/, Dockerfiles under images/, a kernel and its guest under uml/."""


def cache() -> Path:
    """Return the suite's cache folder, made if missing.

    `$CONFORMANCE_CACHE`, else `conformance` under `$XDG_CACHE_HOME`, else under ~/.cache.
    """
    own = os.environ.get("CONFORMANCE_CACHE")
    base = Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "conformance"
    base.mkdir(parents=True, exist_ok=True)
    return base


def logs() -> Path:
    """Return the folder that keeps the output of every program we started."""
    folder = cache() / "logs"
    folder.mkdir(exist_ok=True)
    return folder


def worlds() -> Path:
    """Return the folder of what worlds with a kernel of their own are made of."""
    folder = cache() / "worlds"
    folder.mkdir(exist_ok=True)
    return folder


def machine() -> Path:
    """Return the folder of what all checkouts and caches of this user on this machine share: the lock on its clusters."""
    folder = Path(tempfile.gettempdir()) / f"conformance-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise RigError(f"{folder} is not yours.", f"remove {folder}, or set TMPDIR")
    return folder


def requirements() -> Path:
    """Return the lock file of the packages that the suite needs: the checkout's own, else the one in the wheel."""
    checkout = Path(__file__).parents[3] / "requirements.lock"
    return checkout if checkout.is_file() else BUILD / "requirements.lock"


def kind_config() -> Path:
    """Return the kind configuration in use: the checkout's own, else the one in the wheel."""
    checkout = Path(__file__).parents[3] / "kind-config.yaml"
    return checkout if checkout.is_file() else BUILD / "kind-config.yaml"
