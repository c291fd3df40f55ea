"""A run holds a Lease while it lasts: others spare what a live Lease holds, and choose other ports."""

from __future__ import annotations

import contextlib
import datetime as dt
import socket
import threading
from collections.abc import Iterator

from attrs import frozen

from conformance.cluster.api import Cluster, Object
from conformance.errors import ConformanceError
from conformance.timeouts import TIMEOUTS

API = "/apis/coordination.k8s.io/v1"
RUN_LABEL = "conformance/run"
PORT_NOTE = "conformance/first-port"
"""Annotation of a Lease: the first of the ports that its run may publish on nodes."""
SECONDS = 40
"""How long a Lease outlives its last renewal: an API server that is away for 20 s must not make a run look dead."""
RENEWAL = 5.0
"""Seconds between two renewals."""


@frozen
class HeldLease:
    """The Lease of a run that is at work."""

    cluster: Cluster
    namespace: str
    run: str

    def take(self) -> None:
        """Create it."""
        metadata = {"name": name(self.run), "labels": {RUN_LABEL: self.run}}
        self.cluster.create(path(self.namespace), {"metadata": metadata, "spec": spec()})

    @contextlib.contextmanager
    def renewed(self) -> Iterator[None]:
        """Renew it while the block lasts: `clean` spares what a live Lease holds, and `down` its cluster."""
        ended = threading.Event()

        def renew() -> None:
            while not ended.wait(RENEWAL):
                with contextlib.suppress(ConformanceError):
                    self._patch({"spec": spec()})

        renewing = threading.Thread(target=renew, daemon=True)
        renewing.start()
        try:
            yield
        finally:
            ended.set()
            renewing.join(TIMEOUTS.api)

    def note_port(self, first: int) -> None:
        """Note the first of the run's ports, which no other run takes then."""
        self._patch({"metadata": {"annotations": {PORT_NOTE: str(first)}}})

    def _patch(self, change: Object) -> None:
        headers = {"Content-Type": "application/merge-patch+json"}
        self.cluster.request("PATCH", f"{path(self.namespace)}/{name(self.run)}", change, headers=headers)


def name(run: str) -> str:
    """Return the name of a run's Lease."""
    return f"run-{run}"


def path(namespace: str) -> str:
    """Return the path of a namespace's Leases."""
    return f"{API}/namespaces/{namespace}/leases"


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


def noted_port(lease: Object) -> str:
    """Return the first of the ports of a Lease's run, '' where it has chosen none yet."""
    return str(lease["metadata"].get("annotations", {}).get(PORT_NOTE, ""))


def run_of(item: Object) -> str:
    """Return the run that an object with our label belongs to."""
    return str(item["metadata"]["labels"][RUN_LABEL])
