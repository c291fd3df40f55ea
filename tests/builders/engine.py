"""A node's engine, and what two runs have on it."""

from __future__ import annotations

import json
from typing import Any

HERE, THERE = "0f0f0f0f", "a1a1a1a1"


class Engine:
    """A node's probe, and its engine, which refuses to remove what something else still holds."""

    node = "a-node"

    def __init__(self) -> None:
        self.removed: list[str] = []

    def engine(self) -> str:
        return ""

    def ask(self, question: str, _: float = 0, *, path: str, method: str = "GET", **about: object) -> Any:
        assert (question, about) == ("daemon", {"socket": "/var/run/docker.sock"})
        answer = self._delete(path) if method == "DELETE" else (200, self._listed(path))
        return type("Answer", (), {"output": {"status": answer[0], "body": json.dumps(answer[1])}})

    def _listed(self, path: str) -> object:
        kinds = {"containers": "Id", "networks": "Id", "volumes": "Name", "images": "Id"}
        kind = path.split("/")[1]
        if path.endswith("/json") and path.count("/") == 3:
            name = path.split("/")[2]
            return {"Config": {"Env": ["PATH=/", f"CHILD_NONCE={self._nonce(name)}"] if "nobody" not in name else None}}
        names = [f"{kind}-{owner}" for owner in (HERE, THERE, "nobody") if f"{kind}-{owner}" not in self.removed]
        entries = [{kinds[kind]: name, "Labels": self._labels(name)} for name in names]
        return {"Volumes": entries or None} if kind == "volumes" else entries

    def _labels(self, name: str) -> dict[str, str] | None:
        if "nobody" in name:
            return None
        return {} if "containers" in name else {"conformance.nonce": self._nonce(name)}

    def _nonce(self, name: str) -> str:
        return f"conformance-{name.rpartition('-')[2]}-dood-twins-1-name"

    def _delete(self, path: str) -> tuple[int, object]:
        name = path.partition("?")[0].rpartition("/")[2]
        order = [f"{kind}-{name.rpartition('-')[2]}" for kind in ("containers", "networks", "volumes", "images")]
        if any(before not in self.removed for before in order[: order.index(name)]):
            return 409, {"message": f"{name} is in use"}
        self.removed.append(name)
        return 200 if "images" in name else 204, None


OURS = [f"{kind}-{HERE}" for kind in ("containers", "networks", "volumes", "images")]


def mute() -> list[Engine]:
    """Return two engines that are there: one that is late with every answer, one that cannot tell which images it has."""
    late, broken = (Engine() for _ in range(2))
    late.engine = lambda: "TimeoutError('timed out')"  # type: ignore[method-assign]
    ask = broken.ask

    def no_images(question: str, _: float = 0, *, path: str, method: str = "GET", **about: object) -> Any:
        answer = ask(question, path=path, method=method, socket=about["socket"])
        if path.startswith("/images/json"):
            answer.output = {"status": 500, "body": "layer not known"}
        return answer

    broken.ask = no_images  # type: ignore[method-assign]
    return [late, broken]
