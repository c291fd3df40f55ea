"""Whose a thing is, taking it away, and what stays."""
