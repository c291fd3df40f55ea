"""A run holds a Lease while it lasts: others spare what a live Lease holds, and choose other ports."""

from __future__ import annotations

import datetime as dt
import socket
from typing import Any

from conformance.timeouts import TIMEOUTS

API = "/apis/coordination.k8s.io/v1"
RUN_LABEL = "conformance/run"
PORT_NOTE = "conformance/first-port"
"""Annotation of a Lease: the first of the ports that its run may publish on nodes."""
SECONDS = 40
"""How long a Lease outlives its last renewal: an API server that is away for 20 s must not make a run look dead."""
RENEWAL = 5.0
"""Seconds between two renewals."""

Object = dict[str, Any]


def name(run: str) -> str:
    """Return the name of a run's Lease."""
    return f"run-{run}"


def spec() -> Object:
    """Return the spec of a Lease that is renewed now; its holder is this machine."""
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"holderIdentity": socket.gethostname(), "leaseDurationSeconds": round(SECONDS * TIMEOUTS.patience), "renewTime": now}


def live(lease: Object | None) -> bool:
    """Return whether a Lease is still being renewed. None is no Lease."""
    if lease is None:
        return False
    renewed = dt.datetime.fromisoformat(lease["spec"]["renewTime"])
    return dt.datetime.now(dt.UTC) - renewed < dt.timedelta(seconds=lease["spec"]["leaseDurationSeconds"])


def run_of(found: Object) -> str:
    """Return the run that an object with our label belongs to."""
    return str(found["metadata"]["labels"][RUN_LABEL])
