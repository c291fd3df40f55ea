"""The machine itself as a world: its kernel, and the Docker Engine that answers on it. `machine/engine.py` starts that one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from conformance.world.images.image_store import Image
from conformance.world.machine.progress import Progress
from conformance.world.worlds import World


class Host(World):
    """The machine itself: nothing of it is made, and nothing is ended with it."""

    own_engine = False

    def is_machine(self) -> bool:
        """Return that it is."""
        return True

    def steps(self) -> list[float]:
        """Return none."""
        return []

    def stands(self, node: Image) -> bool:  # noqa: ARG002 -- as every world is asked
        """Return that it does, whatever the node."""
        return True

    def prepare(self, node: Image, progress: Progress, *, install: bool) -> bool:  # noqa: ARG002
        """Return that nothing was started: the engine has answered before, and made the node's image."""
        return False

    @property
    def environment(self) -> Mapping[str, str]:
        """Return nothing: docker and kind speak with its engine by themselves."""
        return {}

    def reach(self, kubeconfig: Path) -> None:
        """Do nothing: what listens on its loopback is reached."""

    def is_there(self) -> bool:
        """Return that nothing of it is to be stopped."""
        return False

    def state(self) -> str:
        """Return that it needs no making."""
        return "this machine"

    def stop(self) -> None:
        """Do nothing."""
