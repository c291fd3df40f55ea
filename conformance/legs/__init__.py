"""Legs: an approach deployed once, from its pod to its clean-up."""
