"""Identity first: every judge's first line. Which child, which daemon, which process, and that it was there to be seen."""

from __future__ import annotations

import json
from typing import Any

from conformance.evidence import Evidence, Seen
from conformance.rig import container_of

OK = 200


def parsed(evidence: Evidence) -> dict[str, Any]:
    """Give the JSON body of a daemon's answer, or {} if it did not answer 200 with an object."""
    output = evidence.output
    if not isinstance(output, dict) or output.get("status") != OK:
        return {}
    try:
        read = json.loads(output["body"])
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def unproven(seen: Seen) -> str:
    """Give '' if the child is proven to be the leg's own and to have served, else what is missing.

    The nonce in the page, the nonce in the environment that the daemon reports for the container which the
    process's cgroup names, a daemon that has an id, and a process with a start time.
    """
    child = seen["child"]
    nonce = child.asked["nonce"]
    if child.output.get("seen") != "serving":
        return f"the child was never seen serving, so silence proves nothing (last seen: {child.output.get('seen')})"
    if child.output["page"].get("body", "").strip() != nonce:
        return "the page was not the child's own nonce"
    process = child.output["process"]
    if not process.get("start"):
        return "the child's process has no start time, so its pid proves nothing"
    inspected = parsed(seen["inspect"])
    if inspected.get("Id") != container_of(process):
        return "the daemon that the leg should talk to does not know the container of the child's process"
    if f"CHILD_NONCE={nonce}" not in inspected.get("Config", {}).get("Env", []):
        return "the daemon's container does not carry the child's nonce"
    if not parsed(seen["daemon"]).get("ID"):
        return "the daemon did not say which one it is"
    return ""
