"""What one run is asked to do."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from conformance.choices import RATE


@frozen
class Asked:
    """What one run is asked to do, as on its command line."""

    level: str = "core"
    processes: str = "0"
    selection: str = ""
    repeats: int = 1
    strict_article: bool = False
    enforce: bool = False
    rate: float = RATE
    """What an hour of one CPU costs, in USD."""
    images: Mapping[str, str] = field(factory=dict)
    """Public name of an image -> the reference to use in its place, where the user gave one."""
    world: str = ""
    """Where the cluster is, where the user named it so."""
    context: str = ""
    """Of the user's kubeconfig, where the cluster is the user's own."""

    @property
    def command(self) -> str:
        """Return the command line that asks for the same."""
        command = f"conformance run --level {self.level} -n {self.processes}"
        command += f" --world {self.world}" if self.world else ""
        command += f" --context {self.context} --allow-privileged" if self.context else ""
        command += "".join(f" --image {name}={reference}" for name, reference in self.images.items())
        command += f" -k {self.selection!r}" if self.selection else ""
        command += f" --repeat {self.repeats}" if self.repeats > 1 else ""
        command += f" --rate {self.rate:g}" if self.rate != RATE else ""
        command += " --strict-article" if self.strict_article else ""
        return command + (" --enforce" if self.enforce else "")
