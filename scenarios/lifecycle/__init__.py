"""Lifecycle: the child ends when its pod is deleted, or its engine or its client is killed."""

from scenarios.lifecycle import ends, kills

PARTS = (ends, kills)
"""The modules that declare the family's properties, in the order of the report."""
