"""One module a property family. What a reader needs to know of a property stands in one place, from top to bottom."""

ORDER = ("networking", "lifecycle", "storage", "resources")
"""The article's own order."""
