"""Reading what Kubernetes, container engines and the kernel answer."""

from __future__ import annotations

import json
from typing import Any


def without_nulls(value: Any) -> Any:  # noqa: ANN401 -- any JSON
    """Return a JSON value without the members of its objects that are null.

    Kubernetes and Docker write null for a list or a map that has nothing in it, or leave it out: the same is meant.
    """
    if isinstance(value, dict):
        return {name: without_nulls(inside) for name, inside in value.items() if inside is not None}
    return [without_nulls(inside) for inside in value] if isinstance(value, list) else value


def decoded(text: str) -> Any:  # noqa: ANN401 -- any JSON
    """Return the JSON value of an answer, `without_nulls`. Raises `ValueError` where it is none."""
    return without_nulls(json.loads(text))


def kernel_lines(text: str) -> list[str]:
    """Return the lines of what a file of the kernel's holds, below /proc or in a cgroup.

    It ends them with a newline, and escapes in a name no other sign that Python takes for an end of a line (fs/seq_file.c,
    `seq_path`): a cgroup's may have a form feed in it.
    """
    return [line for line in text.split("\n") if line]
