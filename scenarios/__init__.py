"""One module a property family. What a reader needs to know of a property stands in one place, from top to bottom."""

ORDER = ("baseline", "networking", "lifecycle", "storage", "resources", "knowledge")
"""The article's own order."""
