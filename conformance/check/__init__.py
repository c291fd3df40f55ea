"""A pod of the user's own, to be checked: read from a file, its client and its engine found, and what it needs stood in for."""
