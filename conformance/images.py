"""Names of the images that a run needs, as the public knows them."""

from __future__ import annotations

CHILD = "httpd:latest"
DOCKER_CLI = "docker:26.1-cli"
DOCKER_DIND = "docker:26.1-dind"
DIND_ROOTLESS = "docker:26.1-dind-rootless"
PODMAN = "quay.io/podman/stable:v5.4"
CLI_2017 = "docker:1.12.6"
DIND_2017 = "docker:1.12.6-dind"
"""What the article's manifests name."""
PROBE = "python:3-slim"
BUILDAH = "quay.io/buildah/stable:latest"
DATABASE = "mariadb:10.11"
REGISTRY = "registry:3"
BUILDKIT = "moby/buildkit:buildx-stable-1"
"""What buildx makes a builder of unless it is told another (its docker-container driver, bkimage.DefaultImage)."""
BUILDKIT_ROOTLESS = f"{BUILDKIT}-rootless"
NODE = "kindest/node"
RUNNER = "conformance/runner:1"
"""The suite itself, for a run in the cluster: no registry has it, so on a cluster of the user's own he names where it is."""
NAMES = (
    *(CHILD, DOCKER_CLI, DOCKER_DIND, PROBE, DATABASE, REGISTRY, BUILDKIT, BUILDAH, CLI_2017, DIND_2017),
    *(DIND_ROOTLESS, BUILDKIT_ROOTLESS, PODMAN),
)
"""What a run needs on a cluster, by public name. A kind cluster of ours is made of `NODE` besides."""
