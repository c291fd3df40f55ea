"""The cold bench: reading what a start took, and holding one against another."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from hack.bench import cold
from hack.bench.cold import Cold

OUTPUT = """\
         0 s  [1/21] Debian packages docker.io iptables (about 30 s) ...
        13 s  [1/21] Debian packages docker.io iptables: 13 s
  9 min 40 s  [15/21] building kubernetes from its Go module: still at it after 5 min 20 s
 13 min 11 s  [15/21] building kubernetes from its Go module: 8 min 52 s
 14 min 00 s  2 at work (about 2 min 05 s left)
"""
ROUTE = "Iface\tDestination\tGateway\neth0\t00000000\t010200C0\neth0\t000200C0\t00000000\ndocker0\t000011AC\t00000000\n"
DEVICES = """\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets
    lo: 5000 1 0 0 0 0 0 0 5000 1
  eth0: 7000 1 0 0 0 0 0 0 9 1
docker0: 900 1 0 0 0 0 0 0 9 1
"""
BEFORE = Cold("base", 0, 1000.0, 1800.0, 1 << 30, 3 << 30, [])


def test_each_step_is_read_where_it_ends() -> None:
    assert cold.steps(OUTPUT) == [("Debian packages docker.io iptables", 13), ("building kubernetes from its Go module", 532)]


def test_what_comes_over_other_interfaces_is_not_fetched() -> None:
    assert cold.received(ROUTE, DEVICES) == 7000


def test_a_machines_work_is_without_its_idle_time_and_its_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sysconf", lambda _: 100)
    assert cold.cpu_seconds("cpu  100 200 300 99999 88888 10 20 77777 0 0\ncpu0 1 1 1 1\n") == pytest.approx(6.3)


@pytest.mark.parametrize(
    ("after", "code"),
    [
        (evolve(BEFORE, wall=500.0, cpu=900.0), 0),
        (evolve(BEFORE, wall=510.0, cpu=900.0), 1),
        (evolve(BEFORE, wall=500.0, cpu=920.0), 1),
        (evolve(BEFORE, wall=5.0, cpu=9.0, code=2), 2),
    ],
    ids=["within both goals", "wall missed", "CPU missed", "it came to no report"],
)
def test_the_last_revision_is_held_against_the_first(after: Cold, code: int) -> None:
    lines, ended = cold.concluded([BEFORE, evolve(after, revision="HEAD")])
    assert ended == code
    assert code == 2 or ("MISSED" in "\n".join(lines)) == bool(code)


def test_a_step_has_a_row() -> None:
    assert any("8 min 52 s  building kubernetes" in line for line in cold.table([evolve(BEFORE, steps=cold.steps(OUTPUT))]))


def test_a_cold_start_is_told_nothing_of_the_make_and_the_caches_that_it_is_measured_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`make bench-cold ARGS=HEAD` has ARGS=HEAD in MAKEFLAGS, which would be the arguments of its `make conformance`."""
    for name in ("MAKEFLAGS", "MAKELEVEL", "GOCACHE", "CONFORMANCE_CACHE"):
        monkeypatch.setenv(name, "ARGS=HEAD")
    assert "ARGS=HEAD" not in cold.environment(Path("/own")).values()
    assert cold.environment(Path("/own"))["HOME"] == "/own/home"
