"""The warm run against a plain kubectl script."""
