"""What was read: items of evidence, which child and which daemon they speak of, cgroups."""
