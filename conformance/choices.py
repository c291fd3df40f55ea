"""What can be chosen on the command line. It imports nothing, so that cli.py offers it without what acts on it."""

from __future__ import annotations

LEVELS = ("core", "article", "extended")
RUNTIMES = ("2.3", "1.6")
"""containerd in a node of ours: the Go module (as kindest/node has), or Debian bookworm's."""
ENGINES = {"26.1": "trixie", "20.10": "bookworm", "28.5": "forky"}
"""Docker Engine in a pod -> the Debian that has it."""
HOST = "host"
CGROUPS = {
    "cgroup-v1": ("systemd.unified_cgroup_hierarchy=0",),
    "cgroup-v2": ("systemd.unified_cgroup_hierarchy=1",),
}
"""A world with a kernel of its own -> what makes its systemd mount that version."""
WORLDS = (HOST, *CGROUPS)
RATE = 0.031611
"""USD for an hour of one CPU where the user gives no rate of his own: what OpenCost takes where it knows no prices
(opencost configs/default.json, Google's us-central1, on demand)."""
FORMATS = ("text", "markdown", "html")
"""Of what `diff` says."""
