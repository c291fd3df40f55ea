"""What people read: pure functions of a record. Imports nothing of legs, probes or worlds."""
