"""The node probe: reads a node and answers over HTTP. Standard library only, Python 3.9 or newer, the same on every cluster.

Runs as a privileged pod with hostPID on each node, from one archive of these modules (`deploy.archive`), and imports nothing
else of this project. Every request is answered by a thread of its own, which enters the namespaces that the question names
and ends with the answer; what lasts is done by a process of its own: so no question can disturb another. It reads; it never
concludes. Times are the node's CLOCK_BOOTTIME, in seconds.
"""
