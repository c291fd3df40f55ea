"""Tests that need the cluster `conformance up` makes."""
