"""A module, or a package, a property family. All that is to be known of a property stands in one place, from top to bottom."""

from scenarios import (
    article_manifests,
    baseline,
    build_steps,
    building,
    builds,
    caching,
    contention,
    dns,
    draining,
    execs,
    exposure,
    graph,
    hosts,
    kept_builds,
    lifecycle,
    networking,
    networks,
    quantities,
    resources,
    restarts,
    rules,
    security,
    settings,
    storage,
    visibility,
)  # fmt: skip

FAMILIES = (
    networking, networks, rules, dns, settings, hosts, contention, lifecycle, draining, execs, restarts, storage, graph,
    resources, caching, visibility, security, exposure, building, builds, build_steps, kept_builds,
    article_manifests, baseline, quantities,
)  # fmt: skip
"""The article's own order."""
