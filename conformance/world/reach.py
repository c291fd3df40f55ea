"""The cluster that a command is to use: one that the user has, by a context of his own kubeconfig, or one that `up` made."""

from __future__ import annotations

import yaml
from kubernetes.config.config_exception import ConfigException
from kubernetes.config.kube_config import KUBE_CONFIG_DEFAULT_LOCATION, KubeConfigMerger

from conformance.cluster.api import Cluster
from conformance.errors import NoCluster, UsageError
from conformance.timeouts import be_patient, declared
from conformance.world import kind, worlds


def reach(context: str, world: str | None = None) -> Cluster:
    """Return the cluster of a context, or the one that `up` made (in a world, if given). Raises `UsageError`, `NoCluster`."""
    if context and world:
        raise UsageError("--context and --world both name a cluster.", "leave one of them out")
    if context:
        return of_context(context)
    cluster = of_ours(world)
    be_patient(max(cluster.world.patience, declared()))
    return Cluster(cluster.kubeconfig)


def of_ours(world: str | None = None) -> kind.KindCluster:
    """Return the cluster that `up` made (in a world, if given). Raises `NoCluster`."""
    cluster = kind.existing(worlds.same(world) if world else None)
    if cluster is None:
        where = f" in the world {world}" if world else ""
        raise NoCluster(f"No cluster of ours answers{where}.", f"conformance up{f' --world {world}' if world else ''}")
    return cluster


def of_context(name: str) -> Cluster:
    """Return the cluster of a context; nothing is asked of it yet. Raises `UsageError` naming the contexts there are."""
    try:
        # Not list_kube_config_contexts(): that asks for a current context, which --context makes needless.
        merged = KubeConfigMerger(KUBE_CONFIG_DEFAULT_LOCATION).config
        known = [str(context["name"]) for context in (merged.value.get("contexts") if merged else None) or []]
    except (ConfigException, OSError, yaml.YAMLError) as broken:
        raise UsageError(f"Your kubeconfig cannot be read: {broken}", "set KUBECONFIG, or leave --context out") from broken
    if name not in known:
        remedy = f"one of: {', '.join(known)}" if known else f"there is none in {KUBE_CONFIG_DEFAULT_LOCATION}; set KUBECONFIG"
        raise UsageError(f"Your kubeconfig has no context {name!r}.", remedy)
    return Cluster(None, context=name)
