"""A cluster that the user already has: reached by a context of the user's own kubeconfig, and used as it is."""

from __future__ import annotations

from kubernetes import config
from kubernetes.config.config_exception import ConfigException

from conformance.cluster import Cluster
from conformance.errors import UsageError


def reach(name: str) -> Cluster:
    """Give the cluster of a context; nothing is asked of it yet. Raises `UsageError` naming the contexts there are."""
    try:
        contexts, _ = config.list_kube_config_contexts()
    except (ConfigException, OSError) as broken:
        raise UsageError(f"Your kubeconfig cannot be read: {broken}", "set KUBECONFIG, or leave --context out") from broken
    known = [str(one["name"]) for one in contexts]
    if name not in known:
        raise UsageError(f"Your kubeconfig has no context {name!r}.", f"one of: {', '.join(known) or 'there is none'}")
    return Cluster(None, context=name)
