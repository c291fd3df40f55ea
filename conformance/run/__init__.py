"""A run, from the first object to the last look."""
