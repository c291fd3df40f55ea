"""CONTRIBUTING.md followed, step by step, on a copy of the suite."""
