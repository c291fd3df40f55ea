"""A run's header."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from conformance import suite
from conformance.approaches.catalogue import catalogue
from conformance.claims.article import CLAIMS
from conformance.record import stream
from conformance.run.footing import Footing
from conformance.run.header import Asked, header
from conformance.run.preflight import Preflight


def test_the_header_of_a_run_has_them() -> None:
    nowhere: Any = SimpleNamespace(context="")
    line = header(Asked(level="core"), Preflight(Footing(nowhere, "x1", {})), suite.cells("core", list(catalogue())))
    stream.check(line)
    assert [claim["id"] for claim in line["claims"]] == list(CLAIMS)
