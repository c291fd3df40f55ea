"""What was read, verbatim: where, what was asked, the answer, and when."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from attrs import asdict, evolve, field, frozen

REDACTED = "[redacted]"
SECOND = "second "
"""How the names of what is read of a leg's second pod begin."""
SECRET_KEYS = re.compile(r"(?i)(token|password|passwd|secret|authorization|api[_-]?key|client-key-data|(^|[_-])auth$)")
IN_TEXT = (
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), REDACTED),  # a JSON Web Token, as service accounts have
    (re.compile(r"(?i)\b((?:authorization\W{1,4}basic|bearer)\s+)[\w.~+/-]{8,}=*"), rf"\1{REDACTED}"),
    (re.compile(r"(\w://[^\s/:@]{1,64}:)[^\s/@]+(?=@)"), rf"\1{REDACTED}"),  # the password in a URL
)
"""What is a secret wherever it stands in a text, and what is written in its place."""
ASSIGNED = re.compile(
    r"""(?i)(?<!\w)(?P<name>\w{0,64}?(?:token|password|passwd|secret|authorization|api_?key)\w{0,64}|(?:\w{1,64}_)?auth)="""
    r"""(?P<value>"[^"]*"|'[^']*'|[^\s\0"'\\&]+)"""
)
MEMBER = re.compile(
    r"""(?P<quote>\\*")(?P<name>[^"\\]{1,64})(?P<mark>(?P=quote)\s*:\s*(?P=quote))(?P<value>(?:(?!(?P=quote)).)+)"""
)
"""NAME=value, as in an environment, and "name": "value", as in ~/.docker/config.json, in a text that is no JSON itself."""


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

    @property
    def redacted(self) -> bool:
        """Return whether a secret was in it."""
        return REDACTED in json.dumps([self.asked, self.output])

    def as_line(self) -> dict[str, Any]:
        """Return the record's line."""
        return {"kind": "evidence", **asdict(self)}

    @classmethod
    def from_line(cls, line: Mapping[str, Any]) -> Evidence:
        """Read what `as_line` wrote."""
        return cls(**{key: value for key, value in line.items() if key != "kind"})


def digest(output: object) -> str:
    """Return the sha256 of an output in canonical JSON; it covers the redacted text."""
    return hashlib.sha256(json.dumps(output, sort_keys=True, ensure_ascii=False).encode(errors="backslashreplace")).hexdigest()


def redact(value: Any, secrets: Sequence[str] = ()) -> Any:  # noqa: ANN401 -- any JSON
    """Return the JSON value without secrets: known ones, those with a shape of their own, what stands beside a telling name."""
    if isinstance(value, Mapping):
        telling = {k for k in value if SECRET_KEYS.search(str(k))}
        if SECRET_KEYS.search(str(value.get("name", ""))):  # a variable of a pod's environment
            telling |= {"value"}
        return {k: REDACTED if k in telling and isinstance(v, str) else redact(v, secrets) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [redact(v, secrets) for v in value]
    return _text(value, secrets) if isinstance(value, str) else value


def _text(text: str, secrets: Sequence[str]) -> str:
    """Return a text without secrets. One that is JSON stays so, and is not touched where it holds none."""
    if text[:1] in "{[":
        with contextlib.suppress(ValueError, RecursionError):
            read = json.loads(text)
            clean = redact(read, secrets)
            return text if clean == read else json.dumps(clean)
    for secret in filter(None, secrets):
        text = text.replace(secret, REDACTED)
    name, mark, _ = text.partition("=")
    if mark and len(name) < 64 and SECRET_KEYS.search(name) and " " not in name:  # noqa: PLR2004
        return f"{name}={REDACTED}"
    for shape, instead in IN_TEXT:
        text = shape.sub(instead, text)
    return MEMBER.sub(_without_value, ASSIGNED.sub(_without_value, text))


def _without_value(match: re.Match[str]) -> str:
    """Return a name and its value as they stand in a text, without the value where the name is telling."""
    if not SECRET_KEYS.search(match["name"]):
        return match[0]
    return match[0].removesuffix(match["value"]) + REDACTED


class Seen:
    """All evidence of one leg, as a judge gets it: by name."""

    def __init__(self, evidence: Iterable[Evidence]) -> None:
        """Keep the order in which it was read."""
        self._all = list(evidence)

    def __iter__(self) -> Iterator[Evidence]:
        """Go through it in order."""
        return iter(self._all)

    def every(self, name: str) -> list[Evidence]:
        """Return all readings of that name."""
        return [item for item in self._all if item.name == name]

    def get(self, name: str) -> Evidence | None:
        """Return the last reading of that name, or None."""
        readings = self.every(name)
        return readings[-1] if readings else None

    def __getitem__(self, name: str) -> Evidence:
        """Return the last reading of that name. Raises `MissingEvidence`."""
        reading = self.get(name)
        if reading is None:
            raise MissingEvidence(name)
        return reading

    def of(self, prefix: str, *shared: str) -> Seen:
        """Return what was read under names that begin so, without that, and the readings of these names."""
        kept = [item for item in self._all if item.name in shared]
        named = [evolve(item, name=item.name.removeprefix(prefix)) for item in self._all if item.name.startswith(prefix)]
        return Seen([*kept, *named])

    @property
    def second(self) -> Seen | None:
        """Return what was read of the leg's second pod, under the names that the first's has; None where there is one pod."""
        theirs = self.of(SECOND)
        return theirs if list(theirs) else None


class MissingEvidence(LookupError):
    """A judge asked for evidence that was never read: INCONCLUSIVE, never a guess."""
