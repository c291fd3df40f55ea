"""Reading what Kubernetes and container engines answer."""

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
