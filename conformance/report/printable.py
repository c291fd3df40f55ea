"""Text that is safe to print."""

from __future__ import annotations

import re


def printable(text: str) -> str:
    """Make control characters visible, wherever in an output they stand."""
    if text.replace("\n", "").replace("\t", "").isprintable():  # by far the most, and the quicker question
        return text
    return text.translate({ord(c): f"\\x{ord(c):02x}" for c in set(text) if c not in "\n\t" and not c.isprintable()})


IDENTITY = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")
"""A container's, an image's or a layer's id; Docker and its kin show twelve digits of it."""
POD_CGROUP = re.compile(
    r"(?:/kubelet(?:\.slice)?)?(?:/[\w-]*kubepods[\w-]*(?:\.slice)?)?(?:/[\w-]*(?:burstable|besteffort)(?:\.slice)?)?"
    r"/[\w-]*?pod([0-9a-f]{8})[-_][0-9a-f_-]{27}(?:\.slice)?"
)
"""The way from a node's root down to a pod's own cgroup, which has the pod's uid in its name, with either driver of kubelet's."""


def shortened(text: str) -> str:
    """Return a text for reading: of long ids their first twelve digits, of the way to a pod's cgroup the pod's own alone.

    Where somebody copies or searches, the whole text stands.
    """
    return IDENTITY.sub(r"\1…", POD_CGROUP.sub(r"/…/pod \1…", text))
