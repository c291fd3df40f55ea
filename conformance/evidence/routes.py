"""Where a network's own routes lead, by /proc/PID/net/route: IPv4, the main table. Pure functions of its lines."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from attrs import frozen


@frozen
class Route:
    """A line of /proc/PID/net/route: what goes to `network` leaves by `interface`, to a `gateway` unless it is on the link."""

    interface: str
    network: ipaddress.IPv4Network
    gateway: str


def routes(lines: Iterable[str]) -> list[Route]:
    """Return the routes that the lines below the heading name."""
    read = []
    for line in list(lines)[1:]:
        interface, destination, gateway, *_, mask = line.split()[:8]
        network = ipaddress.IPv4Network((_address(destination), str(_address(mask))))
        read.append(Route(interface, network, str(_address(gateway)) if gateway.strip("0") else ""))
    return read


def _address(word: str) -> ipaddress.IPv4Address:
    """Return the address that the kernel prints as a number of a little-endian machine (linux net/ipv4/fib_trie.c)."""
    return ipaddress.IPv4Address(int.from_bytes(bytes.fromhex(word), "little"))


def way(table: Iterable[Route], address: str) -> Route | None:
    """Return the route by which an address is reached, the one of the smallest network; None where there is none."""
    to = ipaddress.IPv4Address(address)
    return max((route for route in table if to in route.network), key=lambda route: route.network.prefixlen, default=None)


def taken(table: list[Route], addresses: Iterable[str]) -> dict[str, Route]:
    """Return, of addresses that are beyond a pod, those that its routes lead elsewhere than to the interface it has by default.

    A pod's network has a way to all of them by default; a route of a smaller network takes precedence over it. {} where
    nothing is reached by default.
    """
    default = next((route.interface for route in table if not route.network.prefixlen), None)
    led = {address: way(table, address) for address in addresses} if default else {}
    return {address: route for address, route in led.items() if route and route.interface != default}
