"""What can be chosen on the command line. It imports nothing, so that cli.py offers it without what acts on it."""

from __future__ import annotations

LEVELS = ("core", "article", "extended")
"""How much is asked of the article's approaches and their mends: each level asks what the one before asks, and more."""
MATRIX = "matrix"
"""The other way to choose: every approach there is, in what decides between them (`suite.DECIDING`)."""
QUANTITIES = "quantities"
"""And the third: every approach there is again, of which numbers are measured, one leg at a time."""
CHOICES = (*LEVELS, MATRIX, QUANTITIES)
"""Of what a run asks, and from where on an approach is deployed."""
REPEATS = {QUANTITIES: 10}
"""How often a run deploys each leg unless told, where that is not once: a median's interval takes 6 (`analysis.statistics`)."""
CONTROLS = ("", "fast", "all")
"""Which controls a run judges instead of approaches: none, those that are run with every change, or each."""
CHECKS = ("", "quick", "whole")
"""Whether a run judges a pod of the user's own instead of approaches, and whether it waits out that pod's grace."""
STATES = ("HOLDS", "LACKS")
"""With which a check can be told to fail."""
RUNTIMES = ("2", "1.6")
"""containerd in a node of ours: the Go module's that goes with its Kubernetes (2.4 with 1.37, 2.3 with 1.36) and runc of its
module, or Debian bookworm's two."""
KUBERNETES = ("1.37", "1.36")
"""Kubernetes of the nodes: the one that the pinned kind's own node has, or the one before it (`go_programs.NODES`)."""
ENGINES = {"26.1": "trixie", "20.10": "bookworm", "28.5": "forky", "29.9": "trixie"}
"""Docker Engine in a pod -> the Debian that has it, or whose client and containerd it gets: see `OF_A_MODULE`."""
OF_A_MODULE = "29.9"
"""The engine that no Debian has, built from its Go module, with runc: it wants time namespaces, which trixie's lacks."""
SANDBOXES = ("none", "gvisor")
"""What a node of ours runs sandboxed pods with, beside runc, each under a RuntimeClass of its name."""
HOST = "host"
WORLDS = {
    HOST: "conformance.world.host:Host",
    "cgroup-v1": "conformance.world.uml.world:Uml",
    "cgroup-v2": "conformance.world.uml.world:Uml",
}
"""Name of a world -> the `World` that it is, module:class, imported where the world is used (`world/worlds.py`)."""
RATE = 0.031611
"""USD for an hour of one CPU where the user gives no rate of his own: what OpenCost takes where it knows no prices
(opencost configs/default.json, Google's us-central1, on demand)."""
FORMATS = ("text", "markdown", "html")
"""Of what `diff` says."""
LISTED = ("text", "json", "markdown")
"""As what `list` lists."""
RENDERED = ("html", "pdf")
"""As what `report` lays out a page."""
