"""`conformance down`: what `up` made goes again."""

from __future__ import annotations

from conformance.world import kind, worlds
from conformance.world.kind import KindCluster
from conformance.world.machine import engine
from conformance.world.machine.progress import Progress
from conformance.world.worlds import World


def down(progress: Progress, world: World | None = None) -> list[str]:
    """Delete every cluster and world that `up` made and the engine that `up` started; return what was removed, in words.

    Where a world is given, only what is in it goes. Raises `NoCluster` while a run is at work on one of them.
    """
    ending = worlds.every() if world is None else [world]
    with kind.locked(progress):
        removed = _end_worlds(progress, [world for world in ending if world.own_engine])
        if all(world.own_engine for world in ending) or engine.info() is None:
            return removed
        program = kind.program(progress)
        ours = [KindCluster(name) for name in kind.names(program) if name.startswith(kind.PREFIX)]
        for cluster in ours:
            kind.refuse_if_in_use(cluster)
        for cluster in ours:
            with progress.step(f"deleting cluster {cluster.name}", usual=5):
                kind.delete(program, cluster)
            removed.append(f"cluster {cluster.name}")
        if engine.stop_ours():
            removed.append("the Docker Engine that `up` started")
    return removed


def _end_worlds(progress: Progress, ending: list[World]) -> list[str]:
    """End worlds, with the clusters on their engines; return what was removed, in words."""
    inside = [cluster for cluster in kind.noted() if cluster.world in ending]
    for cluster in inside:
        kind.refuse_if_in_use(cluster)
    standing = [world for world in ending if world.is_there()]
    for world in standing:
        with progress.step(f"ending the world {world.name}", usual=3):
            world.stop()
    for cluster in inside:
        cluster.forget()
    return [f"the world {world.name}, with its cluster" for world in standing]
