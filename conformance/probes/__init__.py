"""Reading the node, the network, the daemon, cgroups, storage and processes. A probe reads and never concludes."""
