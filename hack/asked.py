"""Note what a run asks of the API server, in tests/recorded/requests.txt: `python -m hack.asked core run --level core`.

The first word is what the run is as far as rights hang on it (`rights.WORKS`); a request that is there already stays.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from conformance import cli
from conformance.cluster.api import Cluster
from conformance.cluster.rights import WORKS, asked

FILE = Path(__file__).parents[1] / "tests" / "recorded" / "requests.txt"
HEAD = (
    "# What runs asked of the API server: by which work, of which group and resource, with which verb, and in which namespace",
    "# ('-' is the core group, and no namespace; 'others' are those of legs). Written by `python -m hack.asked`.",
)
AT_HOME = "conformance"
Request = tuple[str, str, str, str]
"""Group, resource, verb, and where."""


def noting(requests: set[Request], ask: Callable[..., Any]) -> Callable[..., Any]:
    """Return `Cluster.request` as it notes what is asked of a resource."""

    def request(self: Cluster, method: str, path: str, body: object = None, **more: Any) -> Any:  # noqa: ANN401 -- as it is
        group, resource, verb, namespace = asked(method, path, watch="watch" in (more.get("query") or {}))
        if resource:
            requests.add((group, resource, verb, namespace if namespace in ("", AT_HOME) else "others"))
        return ask(self, method, path, body, **more)

    return request


def read(text: str) -> dict[str, set[Request]]:
    """Return what each work asked, of the file's text."""
    works: dict[str, set[Request]] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            work, *words = line.split(" ")
            group, resource, verb, where = ("" if word == "-" else word for word in words)
            works.setdefault(work, set()).add((group, resource, verb, where))
    return works


def written(works: dict[str, set[Request]]) -> str:
    """Return the text of the file: sorted, a line each."""
    rows: Iterable[tuple[str, ...]] = ((work, *request) for work, requests in works.items() for request in requests)
    return "\n".join([*HEAD, *(" ".join(word or "-" for word in row) for row in sorted(rows)), ""])


def main() -> None:
    """Run the command, in one process, and note what it asks."""
    work, *words = sys.argv[1:]
    if work not in WORKS:
        sys.exit(f"{work!r} is none of {', '.join(WORKS)}")
    requests: set[Request] = set()
    Cluster.request = noting(requests, Cluster.request)  # type: ignore[method-assign]
    sys.argv = ["conformance", *words]
    try:
        cli.main()
    finally:
        works = read(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
        works.setdefault(work, set()).update(requests)
        FILE.write_text(written(works), encoding="utf-8")


if __name__ == "__main__":
    main()
