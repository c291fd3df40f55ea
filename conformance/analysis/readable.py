"""Words for reading: ids as short as they can be told apart, names in a row. Where somebody copies, the whole stands."""

from __future__ import annotations

import re
from collections.abc import Sequence

POD_CGROUP = (
    r"(?:/kubelet(?:\.slice)?)?(?:/[\w-]*kubepods[\w-]*(?:\.slice)?)?(?:/[\w-]*(?:burstable|besteffort)(?:\.slice)?)?"
    r"/[\w-]*?pod(?P<pod>[0-9a-f]{8})[-_][0-9a-f_-]{27}(?:\.slice)?"
)
"""The way from a node's root down to a pod's own cgroup, which has the pod's uid in its name, with either driver of kubelet's."""
ID = re.compile(
    rf"{POD_CGROUP}|\b(?P<container>[0-9a-f]{{12}})[0-9a-f]{{52}}\b|\b(?P<uid>[0-9a-f]{{8}})(?:[-_][0-9a-f]{{4}}){{3}}[-_][0-9a-f]{{12}}\b"
    r"|\b(?P<engine>[A-Z2-7]{4}:[A-Z2-7]{4})(?::[A-Z2-7]{4}){10}\b"
)
"""What is long and tells things apart: a pod's cgroup; a container's, an image's or a layer's id, of which Docker and its kin
show twelve digits; a uid; the id of an engine of Docker before 24."""


def short_id(match: re.Match[str]) -> str:
    """Return what a match of `ID` is for reading: its first part."""
    kind = str(match.lastgroup)
    return f"/…/pod {match[kind]}…" if kind == "pod" else f"{match[kind]}…"


def shortened(text: str) -> str:
    """Return a text for reading: of long ids their beginning, of the way to a pod's cgroup the pod's own alone."""
    return ID.sub(short_id, text)


def listed(names: Sequence[str], most: int = 3) -> str:
    """Return names in a row: 'a', 'a and b', 'a, b and 2 more'."""
    shown = list(names) if len(names) <= most else [*names[: most - 1], f"{len(names) - most + 1} more"]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
