"""Where kubelet and containerd keep on a node what they have of a pod."""

PODS = "/var/lib/kubelet/pods"
POD_LOGS = "/var/log/pods"
TASKS = "/run/containerd/io.containerd.runtime.v2.task/k8s.io"
"""Where containerd keeps a folder for every container that runs for the CRI, sandboxes among them, by id."""
CRI = "/var/lib/containerd/io.containerd.grpc.v1.cri"
"""Where its CRI keeps one for every container and sandbox that it knows, until kubelet has it removed."""
