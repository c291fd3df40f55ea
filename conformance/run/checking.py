"""A check as a person starts it: of a pod on one node, or on several, one after the other, and then side by side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from attrs import evolve, frozen

from conformance.analysis.worlds import SideBySide
from conformance.cluster.api import NODES, Cluster
from conformance.cluster.nodes import taking
from conformance.errors import ConformanceError, NoCluster
from conformance.record import stream
from conformance.report import files
from conformance.run import asking, session, survey
from conformance.run.header import Asked
from conformance.world.reach import reach

ALL, DISTINCT = "all", "distinct"
"""Of which nodes a pod is checked, where no label says it: each that takes it, or one of each kind."""


def go(
    *,
    nodes: str,
    reports: Path,
    quiet: bool,
    as_json: bool,
    allow_privileged: bool,
    **given: Any,  # noqa: ANN401 -- as read
) -> int:
    """Check the pod of a file, or of an object of a cluster; return the exit code, of several nodes the worst.

    Raises `UsageError` where there is no such pod, `NoCluster` where no node takes it.
    """
    asked = asking.of_check(**given)
    how = How(reports, quiet=quiet, as_json=as_json, allow_privileged=allow_privileged)
    if not nodes:
        return how.run(asked)[0]
    return _on_nodes(asked, how, reach(asked.context, asked.world or None), nodes)


@frozen
class How:
    """How a check is shown, and where its reports are."""

    reports: Path
    quiet: bool
    as_json: bool
    allow_privileged: bool

    def run(self, asked: Asked) -> tuple[int, Path]:
        """Run what is asked; return its exit code and its folder."""
        return session.launched(
            asked, self.reports, quiet=self.quiet, as_json=self.as_json, allow_privileged=self.allow_privileged
        )


def _on_nodes(asked: Asked, how: How, cluster: Cluster, which: str) -> int:
    """Check a pod on one node after the other, and say where they disagree."""
    code, records = 0, list[stream.Record]()
    silent = how.quiet or how.as_json
    for name in nodes_of(asked, cluster, which):
        if not silent:
            click.echo(f"On node {name}:")
        try:
            ended, folder = how.run(evolve(asked, node=name))
            code = max(code, ended)
            records.append(stream.read(folder / "record.jsonl", stream.nothing))
        except ConformanceError as refused:
            if not records:  # what refuses the first, such as a cluster that was not consented to, refuses all
                raise
            click.echo(f"Node {name}: {refused}", err=True)
            code = max(code, refused.exit_code)
    if len(records) > 1:
        worlds = SideBySide(records)
        files.several(worlds, how.reports)
        for line in [] if silent else disagreements(worlds):
            click.echo(line)
        if not how.quiet:
            click.echo(f"nodes: {how.reports / 'worlds.html'}", err=how.as_json)
    return code


def nodes_of(asked: Asked, cluster: Cluster, which: str) -> Iterator[str]:
    """Yield the name of one node after the other. Of which kind each is, is asked when the first one's check was consented to."""
    there = cluster.items(NODES) if which in (ALL, DISTINCT) else cluster.items(NODES, labelSelector=which)
    names, why_not = taking([pod.manifest for pod in asked.subject.approaches] if asked.subject else [], there)
    if not names:
        sentence = f"None of the nodes {which} takes the pod: {why_not or 'there is none'}."
        raise NoCluster(sentence, "kubectl get nodes --show-labels says which there are")
    yield names[0]
    if which != DISTINCT:
        yield from names[1:]
    elif names[1:]:
        kinds = survey.kinds(cluster, asked.images, names)
        seen = {kinds.get(names[0])}
        for name in names[1:]:
            if name not in kinds or kinds[name] not in seen:  # its check says why it could not be asked
                seen.add(kinds.get(name))
                yield name


def disagreements(worlds: SideBySide) -> list[str]:
    """Return in lines whether nodes disagree, and each property on which they do with what it is on each."""
    names = [record.header["world"]["leg_node"] for record in worlds.records]
    lines = [worlds.headline.replace("worlds", "nodes")]
    for row in worlds.apart:
        states = (f"{name} {state.value if state else 'not asked'}" for name, state in zip(names, row.states, strict=True))
        lines.append(f"  {row.name}: {', '.join(states)}")
    return lines
