"""What can go wrong that is not a finding.

- `ConformanceError`: a sentence that names the thing, and the remedy.
    - `UsageError` (exit code 3): what was asked for cannot be meant.
    - `RigError` (exit code 2): the measuring apparatus failed; says nothing about the subject.
        - `CommandFailed`: a program we started ended badly.
        - `NoEngine`, `NoCluster`, `NoImage`: a part of the world is missing.
        - `ProbeLost`: a node probe does not answer.
        - `TimedOut`: a bounded wait ended; carries what was last seen.

LACKS is a value, never an exception.
"""

from __future__ import annotations


class ConformanceError(Exception):
    """One clear sentence and its remedy. `exit_code` is what the CLI ends with."""

    exit_code = 2

    def __init__(self, sentence: str, remedy: str = "") -> None:
        """Keep the sentence and the remedy apart, so that each output can lay them out."""
        super().__init__(sentence)
        self.sentence = sentence
        self.remedy = remedy

    def __str__(self) -> str:
        """Return sentence and remedy on one line."""
        return f"{self.sentence} Remedy: {self.remedy}" if self.remedy else self.sentence


class UsageError(ConformanceError):
    """The command line or a file the user wrote is wrong."""

    exit_code = 3


class RigError(ConformanceError):
    """The measuring apparatus failed."""


class CommandFailed(RigError):
    """A program we started ended with another exit status than 0."""


class NoEngine(RigError):
    """No Docker Engine answers and none could be started."""


class NoCluster(RigError):
    """No usable cluster."""


class NoImage(RigError):
    """An image could not be built."""


class ProbeLost(RigError):
    """A node probe does not answer any more."""


class TimedOut(RigError):
    """A bounded wait ended without what it waited for."""

    def __init__(self, what: str, seconds: float, last_seen: str, remedy: str = "") -> None:
        """Say what was awaited, for how long, and what was seen last."""
        super().__init__(f"{what} did not happen within {seconds:g} s; last seen: {last_seen}.", remedy)
        self.last_seen = last_seen
