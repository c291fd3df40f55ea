"""One module a property family. What a reader needs to know of a property stands in one place, from top to bottom."""

ORDER = ("networking", "names", "lifecycle", "storage", "resources", "privileges", "use")
"""The article's own order."""
