"""What a person pastes into a shell: each leg of a record deployed by hand, looked at as its evidence was read, taken away."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path

from conformance.approaches.catalogue import Approach
from conformance.cluster.api import Object
from conformance.evidence.items import Evidence
from conformance.explain import by_hand
from conformance.explain.by_hand import NONCE, PORT, SECONDS, Hand, name_of
from conformance.legs.leg import Leg
from conformance.legs.variations import VARIATIONS, Variation
from conformance.record.names import repeat_of
from conformance.record.stream import Line, Record, grouped
from conformance.report.printable import printable
from conformance.world import kind

COMMENTS = '[ -z "$ZSH_VERSION" ] || setopt interactivecomments'
"""Comes before the first comment: zsh at its prompt takes each for a command, and an apostrophe in it for a quote's beginning."""


def reach(node: str) -> list[str]:
    """Return what lets kubectl and docker speak with the cluster that has a node; a comment where it is none of ours here."""
    cluster = next((cluster for cluster in kind.noted() if node.startswith(f"{cluster.name}-")), None)
    if cluster is None:
        return [f"# export KUBECONFIG=...  # of the cluster that has the node {_in_a_line(node)}"]
    variables = {"KUBECONFIG": str(cluster.kubeconfig), **cluster.world.environment}
    return [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]


def of_approach(approach: Approach, record: Record, cited: Iterable[Evidence]) -> Iterator[str]:
    """Yield the commands for what is cited of an approach: two functions, and for each leg whose commands are its own a block."""
    yield f"# {approach.title}"
    yield from _function("deploy", by_hand.setting(approach))
    yield from _function("take_away", _taking_away(approach))
    printed: set[tuple[str, str]] = set()
    for name, readings in grouped(cited, lambda reading: reading.leg).items():
        leg = record.leg(name) or {}
        variation = VARIATIONS.get(repeat_of(name)[0].partition(".")[2])
        head = f"# leg {_in_a_line(name)}: {_in_a_line(str(leg.get('variation', '')))}"
        if variation is None or variation.twins or variation.in_a_row or variation.beside:
            yield f"{head}: more than one manifest makes it; the run below does"
            continue
        manifest, shown = _deployed(approach, variation), list(_shown(approach, record, leg, readings))
        fresh = {(manifest, command) for _, command in shown} - printed
        if fresh:
            printed |= fresh
            yield from (head, f"deploy {manifest}")
            yield from _with_heads(shown)
            yield "take_away"


def _function(name: str, commands: Iterable[str]) -> Iterator[str]:
    yield f"{name}() {{"
    yield from (f"  {command}" for command in commands)
    yield "}"


def _shown(approach: Approach, record: Record, leg: Line, readings: Iterable[Evidence]) -> Iterator[tuple[str, str]]:
    """Yield the name of each reading of a leg beside each of its commands, those that were there already left out."""
    about = {"namespace": leg.get("namespace", ""), "port": leg.get("port", 0), "cgroup": record.header["world"]["cgroup"]}
    there: set[str] = set()
    for reading in readings:
        hand = Hand(approach, record.seen(reading.leg), **about)
        for command in map(printable, hand.commands(reading)):
            if command not in there:
                there.add(command)
                yield _in_a_line(reading.name), command


def _in_a_line(text: str) -> str:
    """Return what stands behind a # and must not leave its line."""
    return printable(" ".join(text.split()))


def _with_heads(shown: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, commands in grouped(shown, lambda pair: pair[0]).items():
        yield f"# {name}"
        yield from (command for _, command in commands)


def _taking_away(approach: Approach) -> Iterator[str]:
    """Yield what takes away a pod that was deployed by hand, and its children: of the node's engine they do not go with it."""
    yield f"kubectl delete pod {name_of(approach)} --ignore-not-found --grace-period=1"
    if approach.spawns and not approach.daemon:
        mine = (
            rf"""docker ps -aq | xargs -r docker inspect --format "{{{{.Id}}}} {{{{.Config.Env}}}}" | grep CHILD_NONCE={NONCE}"""
        )
        yield by_hand.on_node(f"sh -c '({mine} | cut -d\" \" -f1; echo '$CHILD') | xargs -rn 1 docker rm -fv 2>/dev/null; :'")
    yield f"for _ in $(seq {SECONDS}); do {by_hand.on_node('ls -d /proc/$PID')} >/dev/null 2>&1 || break; sleep 1; done"


def _deployed(approach: Approach, variation: Variation) -> str:
    """Return an approach's manifest as `deploy` takes it: a file, or what kubectl makes of it where the variation changes it."""
    file = shlex.quote(_manifest(approach))
    changes = list(_changes(approach, variation))
    if not changes:
        return file
    patch = shlex.quote(json.dumps(changes))
    return f"<(kubectl patch --local -f {file} --type=json -p {patch} -o yaml)"


def _changes(approach: Approach, variation: Variation) -> Iterator[Object]:
    """Yield what a variation changes in the containers and volumes of a manifest, as JSON Patch (RFC 6902)."""
    was, is_ = approach.manifest["spec"], Leg("", approach, variation, NONCE, PORT).pod()["spec"]
    before, after = was["containers"], is_["containers"]
    for place, (theirs, ours) in enumerate(zip(before, after, strict=False)):
        for key in (key for key in ours if ours[key] != theirs.get(key)):
            yield {"op": "add", "path": f"/spec/containers/{place}/{key}", "value": ours[key]}
    if is_.get("initContainers") != was.get("initContainers"):
        yield {"op": "add", "path": "/spec/initContainers", "value": is_["initContainers"]}
    if is_["volumes"] != was.get("volumes", []):
        yield {"op": "add", "path": "/spec/volumes", "value": is_["volumes"]}
    yield from ({"op": "add", "path": "/spec/containers/-", "value": added} for added in after[len(before) :])


def _manifest(approach: Approach) -> str:
    """Return the path of an approach's manifest, as short as it can be said from here."""
    path = Path(str(resources.files("conformance") / "approaches" / f"{approach.name}.yaml"))
    here = os.path.relpath(path)
    return str(path) if here.startswith("..") else here
