"""What can be asked: every function that `@question` registers, by its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar, overload

Object = dict[str, Any]
"""What a question is about, and most answers: a JSON object."""
Function = TypeVar("Function", bound=Callable[..., Any])


class Asker(Protocol):
    """Who asked for a stream."""

    def say(self, event: Object) -> None:
        """Send one line of it."""

    def gone(self, seconds: float) -> bool:
        """Return whether the one who asked goes away within so many seconds."""


class Question(NamedTuple):
    """A function that answers, and how it does."""

    answer: Callable[..., Any]
    lasts: bool
    """It takes long or becomes another program: a process of its own does it, which keeps no other question's thread waiting."""
    streams: bool
    """It is called with its `Asker` besides, and what it says to it is the answer."""


QUESTIONS: dict[str, Question] = {}


@overload
def question(function: Function, /) -> Function: ...
@overload
def question(*, lasts: bool, streams: bool = False) -> Callable[[Function], Function]: ...
def question(function: Any = None, /, *, lasts: bool = False, streams: bool = False) -> Any:
    """Register a function as the question of its name, and return it."""

    def register(function: Function) -> Function:
        QUESTIONS[function.__name__] = Question(function, lasts, streams)
        return function

    return register(function) if function else register
