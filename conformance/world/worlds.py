"""What a world is: a Docker Engine for the nodes of a cluster of ours, and the kernel under it. `choices.WORLDS` lists all."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from pkgutil import resolve_name
from typing import ClassVar

from attrs import frozen

from conformance.choices import HOST, WORLDS
from conformance.errors import RigError
from conformance.world.images.image_store import Image
from conformance.world.machine.progress import Progress


@frozen
class World(ABC):
    """A world by its name, whether it stands or not. What has a body here is so unless a world knows better."""

    name: str
    own_engine: ClassVar[bool] = True
    """Whether its Docker Engine is not the machine's: it ends with the world, and every cluster on it."""
    patience: ClassVar[float] = 1.0
    """What a limit in time is multiplied by in it."""

    def is_machine(self) -> bool:
        """Return whether the machine itself is this world, so that none has to be made."""
        return False

    def refusal(self) -> RigError | None:
        """Return why this machine cannot have it, or None."""
        return None

    @abstractmethod
    def steps(self) -> list[float]:
        """Return the usual seconds of the steps that lie ahead, at most, to have its Docker Engine."""

    @abstractmethod
    def stands(self, node: Image) -> bool:
        """Return whether it runs as `prepare` would make it."""

    @abstractmethod
    def prepare(self, node: Image, progress: Progress, *, install: bool) -> bool:
        """Let its Docker Engine answer and have the node's image; a world that is another, or dead, is made anew.

        Return whether it was started. Nothing of it runs if that fails.
        """

    @property
    @abstractmethod
    def environment(self) -> Mapping[str, str]:
        """Return what makes docker and kind speak with its Docker Engine."""

    def kernel(self) -> dict[str, object]:
        """Return what its own kernel is: how it runs, from which source, what was edited; nothing for the machine's."""
        return {}

    @abstractmethod
    def reach(self, kubeconfig: Path) -> None:
        """Let the API server that a kubeconfig names be reached from this machine."""

    @abstractmethod
    def is_there(self) -> bool:
        """Return whether there is something to stop: it runs, or left something behind."""

    @abstractmethod
    def state(self) -> str:
        """Return in words how it is, or why it cannot be made here."""

    @abstractmethod
    def stop(self) -> None:
        """End it, with everything in it."""


def named(name: str) -> World:
    """Return the world of a name in `choices.WORLDS`."""
    world: World = resolve_name(WORLDS[name])(name)
    return world


def every() -> list[World]:
    """Return all worlds."""
    return [named(name) for name in WORLDS]


def same(asked: str) -> World:
    """Return the world that a name means here: the host, where the machine itself is what is asked for."""
    world = named(asked)
    return named(HOST) if world.is_machine() else world


def choose(asked: str, progress: Progress) -> World:
    """Return the world to use, as `same` does, and say so. Raises `RigError` where this machine cannot have it."""
    world = same(asked)
    if world.name != asked:
        progress.note(f"this machine has {asked} itself: the world is the host")
    if why := world.refusal():
        raise why
    return world
