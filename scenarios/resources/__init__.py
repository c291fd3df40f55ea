"""Resources: the child is inside what its pod requested, inside its limits, and on its bill."""

from scenarios.resources import accounting, cpu, memory, placement

PARTS = (placement, memory, cpu, accounting)
"""The modules that declare the family's properties, in the order of the report."""
