"""Resources: the child is inside what its pod requested, inside its limits, and on its bill."""

from scenarios.resources import accounting, commands, cpu, limits, memory, metrics, placement

PARTS = (placement, memory, cpu, limits, accounting, metrics, commands)
"""The modules that declare the family's properties, in the order of the report."""
