"""One module a property family. What a reader needs to know of a property stands in one place, from top to bottom."""

ORDER = (
    "networking", "dns", "names", "lifecycle", "storage", "resources", "reuse", "knowledge",
    "privileges", "use", "built", "baseline", "printed", "beyond", "graph", "elsewhere",
)  # fmt: skip
"""The article's own order."""
