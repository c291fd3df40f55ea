"""One module a property family. What a reader needs to know of a property stands in one place, from top to bottom."""

from scenarios import (
    baseline,
    beyond,
    built,
    dns,
    elsewhere,
    graph,
    knowledge,
    lifecycle,
    names,
    networking,
    printed,
    privileges,
    resources,
    reuse,
    storage,
    use,
)  # fmt: skip

FAMILIES = (
    networking, dns, names, lifecycle, storage, resources, reuse, knowledge,
    privileges, use, built, baseline, printed, beyond, graph, elsewhere,
)  # fmt: skip
"""The article's own order."""
