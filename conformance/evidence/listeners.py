"""Whose those are who listen on a child's port, in the node's network or in its pod's."""

from __future__ import annotations

from conformance.evidence.identity import container_of
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import ANCESTORS, POD_PROCESSES


def of_none_of_the_pod(seen: Seen, listening: Evidence) -> bool:
    """Return whether the child's engine is in the pod, and nobody who listens is one of its processes or above the child."""
    line, pod = seen.get(ANCESTORS), seen.get(POD_PROCESSES)
    if line is None or pod is None:  # older records have not both
        return False
    own, above = ({process["pid"] for process in read.output} for read in (pod, line))
    # A child may be in its pod's cgroup, and its engine the node's.
    engines = {process["pid"] for process in line.output if container_of(process) != container_of(line.output[0])}
    return bool(own & engines) and not (own | above) & {each["pid"] for each in listening.output}


def stranger(seen: Seen, listening: Evidence) -> str:
    """Return why who listens is neither the child nor of its engine's container, '' where it is one of them.

    Of the listeners that are processes of the pod, one must be in a container of which a process is above the child.
    """
    line, pod = seen.get(ANCESTORS), seen.get(POD_PROCESSES)
    if line is None or pod is None:  # older records have not both
        return ""
    listeners = {each["pid"] for each in listening.output}
    if listeners & {process["pid"] for process in line.output}:
        return ""
    known = [process for process in pod.output if process["pid"] in listeners]
    above = {container_of(process) for process in line.output[1:]} - {""}
    if known and not any(container_of(process) in above for process in known):
        return "of a container in which no engine of the child's is"
    return ""
