"""What legs make on a node's own daemon: found by its nonce, and removed in the order in which one thing frees another."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from conformance.cluster import Object
from conformance.errors import RigError
from conformance.probes.node import GONE, NODE_SOCKET, OK, NodeProbe, has_engine, of_engine
from conformance.timeouts import TIMEOUTS

NONCE_LABEL = "conformance.nonce"
"""Of a network, a volume and an image, which have no environment that could carry a nonce."""
LISTED = {
    "network": ("/networks", "/networks/{}", "Id"),
    "volume": ("/volumes", "/volumes/{}?force=1", "Name"),
    "image": ("/images/json", "/images/{}?force=1", "Id"),
}
"""Where the daemon lists a kind of thing that is labelled, the path of one, and the field that is its id there."""
REMOVED = (OK, 204, GONE)


def made(probe: NodeProbe) -> list[Object]:
    """Give what carries a nonce on a node's own daemon (kind, id, nonce): containers, networks, volumes, images, in this order.

    [] without a daemon. Raises `RigError` where there is one that does not tell.
    """
    return [*_containers(probe), *_labelled(probe)] if has_engine(probe) else []


def _containers(probe: NodeProbe) -> list[Object]:
    found = []
    for one in of_engine(probe, "/containers/json?all=1"):
        inspected = of_engine(probe, f"/containers/{one['Id']}/json", or_gone=True) or {}
        for variable in inspected.get("Config", {}).get("Env") or []:
            name, _, value = variable.partition("=")
            if name == "CHILD_NONCE":
                found.append({"kind": "container", "id": one["Id"], "nonce": value})
    return found


def _labelled(probe: NodeProbe) -> list[Object]:
    found: list[Object] = []
    for kind, (collection, _, field) in LISTED.items():
        listed = of_engine(probe, collection)
        if isinstance(listed, dict):
            listed = listed["Volumes"] or []
        nonces = ((one[field], (one.get("Labels") or {}).get(NONCE_LABEL)) for one in listed)
        found += [{"kind": kind, "id": identity, "nonce": nonce} for identity, nonce in nonces if nonce]
    return found


def remove(probe: NodeProbe, found: Object) -> None:
    """Remove one thing that `made` gave. Raises `RigError` with the daemon's words where it cannot be removed."""
    if found["kind"] == "container":
        path = f"/containers/{found['id']}?force=1&v=1"
    else:
        path = LISTED[found["kind"]][1].format(quote(found["id"]))
    answer = probe.ask("daemon", TIMEOUTS.work, socket=NODE_SOCKET, method="DELETE", path=path).output
    # One that ends by itself (`--rm`) may be on its way already: who looks again sees whether it went.
    if answer["status"] not in REMOVED and "already in progress" not in answer["body"]:
        raise RigError(f"The {in_words(found)} on {probe.node} could not be removed: {answer['body']}")


def sweep(probe: NodeProbe, *marks: str) -> list[Object]:
    """Remove what is on the node's own daemon and has a nonce that begins with one of `marks`; give what was removed.

    By the nonce, never by name or image: nothing else is ours to remove.
    """
    removed = [one for one in made(probe) if one["nonce"].startswith(marks)]
    for one in removed:
        remove(probe, one)
    return removed


def in_words(found: Object) -> str:
    """Give a thing's kind and id as a person reads them."""
    return f"{found['kind']} {found['id'].removeprefix('sha256:')[:12]}"


def forget_ports(probe: NodeProbe, spans: Iterable[range]) -> list[str]:
    """Remove a node's own daemon's rules for ports, but for spans of which a container of it publishes one; give them.

    [] without a daemon.
    What a daemon of 20.10 was seen to restore after its node had been rebooted under it, for a container that was gone.
    """
    if not has_engine(probe):
        return []
    listed = of_engine(probe, "/containers/json?all=1")
    published = {port.get("PublicPort") for one in listed for port in one.get("Ports") or []}
    free = [ports for ports in spans if published.isdisjoint(ports)]
    return [rule for ports in free for rule in probe.ask("forget_ports", ports=[ports.start, ports.stop]).output]
