"""Controls: legs with one thing broken, or made to look right, and what the suite must say of each."""
