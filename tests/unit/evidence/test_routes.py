"""Where a network's routes lead, by the kernel's own lines."""

from __future__ import annotations

import pytest

from conformance.evidence.routes import routes, taken, way

HEADING = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT"
DEFAULT = "eth0\t00000000\t0101F40A\t0003\t0\t0\t0\t00000000\t0\t0\t0"
POD = "eth0\t0001F40A\t0101F40A\t0003\t0\t0\t0\t00FFFFFF\t0\t0\t0"
BRIDGE = "br-1\t000012AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0"
TABLE = routes([HEADING, DEFAULT, POD, BRIDGE])


def test_a_line_is_a_network_an_interface_and_a_gateway() -> None:
    assert [(str(route.network), route.interface, route.gateway) for route in TABLE] == [
        ("0.0.0.0/0", "eth0", "10.244.1.1"),
        ("10.244.1.0/24", "eth0", "10.244.1.1"),
        ("172.18.0.0/16", "br-1", ""),
    ]
    assert routes([HEADING]) == routes([]) == []


@pytest.mark.parametrize(("address", "interface"), [("172.18.0.2", "br-1"), ("172.19.0.2", "eth0"), ("10.244.1.7", "eth0")])
def test_the_smallest_network_that_has_an_address_says_where_it_leads(address: str, interface: str) -> None:
    for table in (TABLE, TABLE[::-1]):
        led = way(table, address)
        assert led
        assert led.interface == interface
    assert way(TABLE[1:2], "10.0.0.1") is None


def test_what_leads_elsewhere_than_by_default_is_taken() -> None:
    assert {
        address: str(route.network) for address, route in taken(TABLE, ["172.18.0.2", "10.96.0.1", "10.244.1.9"]).items()
    } == {"172.18.0.2": "172.18.0.0/16"}
    assert taken(TABLE[1:], ["172.18.0.2"]) == {}, "without a default route nobody knows what another one is"
