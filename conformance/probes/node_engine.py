"""A node's own Docker Engine: what legs made on it, found by its nonce, removed in the order in which one thing frees another."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from conformance.answers import decoded
from conformance.cluster.api import Object
from conformance.errors import RigError
from conformance.evidence.identity import NOBODY
from conformance.images import CHILD
from conformance.probes.node import CREATED, GONE, NODE_SOCKET, OK, NodeProbe
from conformance.timeouts import TIMEOUTS


def has_engine(probe: NodeProbe) -> bool:
    """Return whether a node has a Docker Engine. Raises `RigError` where it is there and does not tell: that is not nothing."""
    why = probe.engine()
    if why and not why.startswith(NOBODY):
        raise RigError(f"The engine on {probe.node} did not tell what it has: {why}")
    return not why


def of_engine(probe: NodeProbe, path: str, *, or_gone: bool = False) -> Any:  # noqa: ANN401 -- any JSON
    """Return what a node's own engine answers to GET; with `or_gone` None where it has no such thing.

    Raises `RigError` on any other answer.
    """
    answer: Object = probe.ask("daemon", socket=NODE_SOCKET, path=path).output
    if answer["status"] == OK:
        return decoded(answer["body"])
    if or_gone and answer["status"] == GONE:
        return None
    message = answer.get("lost") or answer["body"]
    raise RigError(f"The engine on {probe.node} did not tell what it has: {path}: {answer['status']} {message}")


def listed(probe: NodeProbe, path: str) -> list[Object]:
    """Return what a node's own engine lists; [] where it has null in the place of a list of nothing.

    Raises `RigError` where it does not tell.
    """
    answer = of_engine(probe, path)
    return list((answer.get("Volumes") if isinstance(answer, dict) else answer) or [])


NONCE_LABEL = "conformance.nonce"
"""Of a network, a volume and an image, which have no environment that could carry a nonce."""
PUTS_BACK = "conformance.puts-back"
"""Of an image that has another's tag for as long as a leg lasts (legs/retag.py): the other's id."""
LISTED = {
    "network": ("/networks", "/networks/{}", "Id"),
    "volume": ("/volumes", "/volumes/{}?force=1", "Name"),
    "image": ("/images/json", "/images/{}?force=1", "Id"),
}
"""Where the daemon lists a kind of thing that is labelled, the path of one, and the field that is its id there."""
OF_A_BUILDER = re.compile(r"buildx_buildkit_builder-(conformance-\S+)0_state")
"""How buildx names the volume of a builder of ours, on which it puts no label; somebody else's may be called builder-x."""
REMOVED = (OK, 204, GONE)


def carrying_nonce(probe: NodeProbe) -> list[Object]:
    """Return what carries a nonce on a node's own daemon (kind, id, nonce): containers, networks, volumes, images, in this order.

    [] without a daemon. Raises `RigError` where there is one that does not tell.
    """
    return [*_containers(probe), *_labelled(probe)] if has_engine(probe) else []


def _containers(probe: NodeProbe) -> list[Object]:
    items = []
    for container in listed(probe, "/containers/json?all=1"):
        inspected = of_engine(probe, f"/containers/{container['Id']}/json", or_gone=True) or {}
        for variable in inspected.get("Config", {}).get("Env") or []:
            name, _, value = variable.partition("=")
            if name == "CHILD_NONCE":
                items.append({"kind": "container", "id": container["Id"], "nonce": value})
    return items


def _labelled(probe: NodeProbe) -> list[Object]:
    items: list[Object] = []
    for kind, (collection, _, field) in LISTED.items():
        for entry in listed(probe, collection):
            labels = entry.get("Labels") or {}
            state = OF_A_BUILDER.fullmatch(entry.get("Name") or "")
            if nonce := labels.get(NONCE_LABEL) or (state[1] if state else ""):
                # An image that was built on it has its labels, but not the tag.
                back = labels.get(PUTS_BACK, "") if CHILD in (entry.get("RepoTags") or []) else ""
                items.append({"kind": kind, "id": entry[field], "nonce": nonce, "puts_back": back})
    return items


def remove(probe: NodeProbe, item: Object) -> None:
    """Remove a thing that carries a nonce, and put back whose tag it had first.

    Raises `RigError` with the daemon's words where that cannot be.
    """
    if other := item.get("puts_back"):
        _put_back(probe, other)
    if item["kind"] == "container":
        path = f"/containers/{item['id']}?force=1&v=1"
    else:
        path = LISTED[item["kind"]][1].format(quote(item["id"]))
    answer = probe.ask("daemon", TIMEOUTS.work, socket=NODE_SOCKET, method="DELETE", path=path).output
    # One that ends by itself (`--rm`) may be on its way already: who looks again sees whether it went.
    if answer["status"] not in REMOVED and "already in progress" not in answer["body"]:
        raise RigError(f"The {in_words(item)} on {probe.node} could not be removed: {answer['body']}")


def _put_back(probe: NodeProbe, image: str) -> None:
    """Tag the children's image again; where that image is gone there is nothing to be put back."""
    name, _, tag = CHILD.partition(":")
    path = f"/images/{quote(image)}/tag?repo={name}&tag={tag}"
    answer = probe.ask("daemon", socket=NODE_SOCKET, method="POST", path=path).output
    if answer["status"] not in (CREATED, GONE):
        message = answer.get("lost") or answer["body"]
        raise RigError(
            f"{CHILD} on {probe.node} could not be put back to {image}: {message}", f"docker tag {image} {CHILD} there"
        )


def remove_by_nonce(probe: NodeProbe, *prefixes: str) -> list[Object]:
    """Remove what is on the node's own daemon and has a nonce that begins so; return what was removed.

    By the nonce, never by name or image: nothing else is ours to remove.
    """
    items = [item for item in carrying_nonce(probe) if item["nonce"].startswith(prefixes)]
    for item in items:
        remove(probe, item)
    return items


def in_words(item: Object) -> str:
    """Return a thing's kind and id as a person reads them."""
    return f"{item['kind']} {item['id'].removeprefix('sha256:')[:12]}"


def forget_ports(probe: NodeProbe, spans: Iterable[range]) -> list[str]:
    """Remove a node's own daemon's rules for ports, but for spans of which a container of it publishes one; return them.

    [] without a daemon.
    What a daemon of 20.10 was seen to restore after its node had been rebooted under it, for a container that was gone.
    """
    if not has_engine(probe):
        return []
    containers = listed(probe, "/containers/json?all=1")
    published = {port.get("PublicPort") for container in containers for port in container.get("Ports") or []}
    free = [ports for ports in spans if published.isdisjoint(ports)]
    return [rule for ports in free for rule in probe.ask("forget_ports", ports=[ports.start, ports.stop]).output]
