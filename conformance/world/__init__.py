"""Where clusters come from. Knows nothing of legs, properties or reports."""
