"""The images of a world: found, pulled or built."""
