"""A cluster that the user already has: reached by a context of the user's own kubeconfig, and used as it is."""

from __future__ import annotations

import yaml
from kubernetes.config.config_exception import ConfigException
from kubernetes.config.kube_config import KUBE_CONFIG_DEFAULT_LOCATION, KubeConfigMerger

from conformance.cluster.api import Cluster
from conformance.errors import UsageError


def reach(name: str) -> Cluster:
    """Return the cluster of a context; nothing is asked of it yet. Raises `UsageError` naming the contexts there are."""
    try:
        # Not list_kube_config_contexts(): that asks for a current context, which --context makes needless.
        merged = KubeConfigMerger(KUBE_CONFIG_DEFAULT_LOCATION).config
        known = [str(one["name"]) for one in (merged.value.get("contexts") if merged else None) or []]
    except (ConfigException, OSError, yaml.YAMLError) as broken:
        raise UsageError(f"Your kubeconfig cannot be read: {broken}", "set KUBECONFIG, or leave --context out") from broken
    if name not in known:
        remedy = f"one of: {', '.join(known)}" if known else f"there is none in {KUBE_CONFIG_DEFAULT_LOCATION}; set KUBECONFIG"
        raise UsageError(f"Your kubeconfig has no context {name!r}.", remedy)
    return Cluster(None, context=name)
