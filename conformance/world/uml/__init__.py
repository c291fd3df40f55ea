"""Worlds with a kernel of their own: User-Mode Linux, a Linux kernel that runs as an ordinary process."""
