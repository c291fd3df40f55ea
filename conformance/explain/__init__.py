"""What there is, and one verdict explained, as text."""
