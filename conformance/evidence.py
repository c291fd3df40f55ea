"""What was read, verbatim: where, what was asked, the answer, and when."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from attrs import asdict, evolve, field, frozen

REDACTED = "[redacted]"
SECOND = "second "
"""How the names of what is read of a leg's second pod begin."""
SECRET_KEYS = re.compile(r"(?i)(token|password|passwd|secret|authorization|api[_-]?key|client-key-data)")


@frozen
class Evidence:
    """One reading. `name` is what judges know it by; `at` is the node's boot clock in seconds where a node answered."""

    id: str
    leg: str
    name: str
    where: str
    asked: Any
    output: Any
    began: float = 0.0
    seconds: float = 0.0
    at: float | None = None
    sha256: str = field(default="")

    def as_line(self) -> dict[str, Any]:
        """Give the record's line."""
        return {"kind": "evidence", **asdict(self)}

    @classmethod
    def from_line(cls, line: Mapping[str, Any]) -> Evidence:
        """Read what `as_line` wrote."""
        return cls(**{key: value for key, value in line.items() if key != "kind"})


def digest(output: object) -> str:
    """Give the sha256 of an output in canonical JSON; it covers the redacted text."""
    return hashlib.sha256(json.dumps(output, sort_keys=True, ensure_ascii=False).encode(errors="backslashreplace")).hexdigest()


def redact(value: Any, secrets: Sequence[str] = ()) -> Any:  # noqa: ANN401 -- any JSON
    """Give the JSON value without secrets: known ones, values under telling keys, and NAME=value lines of such names."""
    if isinstance(value, Mapping):
        return {
            k: REDACTED if SECRET_KEYS.search(str(k)) and isinstance(v, str) else redact(v, secrets) for k, v in value.items()
        }
    if isinstance(value, list | tuple):
        return [redact(v, secrets) for v in value]
    if isinstance(value, str):
        for secret in secrets:
            if secret:
                value = value.replace(secret, REDACTED)
        name, mark, _ = value.partition("=")
        if mark and len(name) < 64 and SECRET_KEYS.search(name) and " " not in name:  # noqa: PLR2004
            return f"{name}={REDACTED}"
    return value


class Seen:
    """All evidence of one leg, as a judge gets it: by name."""

    def __init__(self, evidence: Iterable[Evidence]) -> None:
        """Keep the order in which it was read."""
        self._all = list(evidence)

    def __iter__(self) -> Iterator[Evidence]:
        """Go through it in order."""
        return iter(self._all)

    def every(self, name: str) -> list[Evidence]:
        """Give all readings of that name."""
        return [one for one in self._all if one.name == name]

    def get(self, name: str) -> Evidence | None:
        """Give the last reading of that name, or None."""
        found = self.every(name)
        return found[-1] if found else None

    def __getitem__(self, name: str) -> Evidence:
        """Give the last reading of that name. Raises `MissingEvidence`."""
        found = self.get(name)
        if found is None:
            raise MissingEvidence(name)
        return found

    @property
    def second(self) -> Seen | None:
        """Give what was read of the leg's second pod, under the names that the first's has; None where there is one pod."""
        theirs = [evolve(one, name=one.name.removeprefix(SECOND)) for one in self._all if one.name.startswith(SECOND)]
        return Seen(theirs) if theirs else None


class MissingEvidence(LookupError):
    """A judge asked for evidence that was never read: INCONCLUSIVE, never a guess."""
