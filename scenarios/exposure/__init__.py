"""Exposure: what of the node, and of others on it, lies open to a pod that gets containers, and to whoever reaches its engine."""

from scenarios.exposure import cgroups, network, node, others, port, users

PARTS = (node, cgroups, others, port, network, users)
"""The modules that declare the family's properties, in the order of the report."""
