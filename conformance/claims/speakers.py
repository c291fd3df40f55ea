"""Who says what people repeat about containers inside a pod, and where."""

from __future__ import annotations

from conformance.claims.belief import Source


def thread(repository: str, number: int) -> Source:
    """Return an issue or a pull request on GitHub, which leads from one to the other."""
    return Source(f"{repository}#{number}", f"https://github.com/{repository}/issues/{number}")


def _kubernetes(who: str, path: str) -> Source:
    return Source(f"Kubernetes' documentation, {who}", f"https://kubernetes.io/docs/{path}")


RUNNERS = "actions/actions-runner-controller"
GITLAB = Source("GitLab's documentation", "https://docs.gitlab.com/ci/docker/using_docker_build/")
GITLAB_RUNNER = Source("GitLab Runner's documentation", "https://docs.gitlab.com/runner/executors/kubernetes/")
RUNNER_39141 = Source("gitlab-org/gitlab-runner#39141", "https://gitlab.com/gitlab-org/gitlab-runner/-/issues/39141")
README = Source("the README of the docker image", "https://hub.docker.com/_/docker")
PETAZZONI = Source("J. Petazzoni", "https://jpetazzo.github.io/2015/09/03/do-not-use-docker-in-docker-for-ci/")
MADEL = Source("K. Madel", "https://technologists.dev/posts/build-continaer-images/")
ARGO = Source(
    "Argo Workflows' documentation",
    "https://argo-workflows.readthedocs.io/en/latest/walk-through/docker-in-docker-using-sidecars/",
)
CODE_SERVER = Source(
    "a merge request of code-server-buildtools", "https://gitlab.com/mterhar/code-server-buildtools/-/merge_requests/1"
)
JENKINS = Source(
    "the example of Jenkins' Kubernetes plugin", "https://github.com/jenkinsci/kubernetes-plugin/blob/master/examples/dind.groovy"
)
CHART = Source(
    "the chart of actions-runner-controller",
    "https://github.com/actions/actions-runner-controller/blob/master/charts/gha-runner-scale-set/values.yaml",
)
DOCKER_ATTACKS = Source(
    "Docker's documentation, security", "https://docs.docker.com/engine/security/#docker-daemon-attack-surface"
)
DOCKER_SOCKET = Source(
    "Docker's documentation, protecting the daemon's socket", "https://docs.docker.com/engine/security/protect-access/"
)
DOCKER_SECCOMP = Source("Docker's documentation, seccomp", "https://docs.docker.com/engine/security/seccomp/")
DOCKER_RESTARTS = Source(
    "Docker's documentation, restart policies", "https://docs.docker.com/engine/containers/start-containers-automatically/"
)
DOCKER_HOST = Source(
    "Docker's documentation, docker run --add-host", "https://docs.docker.com/reference/cli/docker/container/run/#add-host"
)
BANDWIDTH = Source("the kernel's documentation, CFS bandwidth control", "https://docs.kernel.org/scheduler/sched-bwc.html")
KIND = Source(
    "kind's documentation, known issues", "https://kind.sigs.k8s.io/docs/user/known-issues/#pod-errors-due-to-too-many-open-files"
)
KUBERNETES_POLICIES = _kubernetes("network policies", "concepts/services-networking/network-policies/")
KUBERNETES_VOLUMES = _kubernetes("emptyDir", "concepts/storage/volumes/#emptydir")
KUBERNETES_STORAGE = _kubernetes("local ephemeral storage", "concepts/storage/ephemeral-storage/")
KUBERNETES_SIDECARS = _kubernetes("sidecar containers", "concepts/workloads/pods/sidecar-containers/")
KUBERNETES_STANDARDS = _kubernetes("pod security standards", "concepts/security/pod-security-standards/")
KUBERNETES_DOCKERSHIM = _kubernetes(
    "dockershim removal", "tasks/administer-cluster/migrating-from-dockershim/check-if-dockershim-removal-affects-you/"
)
