"""The text under test: the thirty-five claims of "A case for Docker-in-Docker on Kubernetes" (Applatix, March 2017).

Each is a paraphrase, with the place where it stands. A property whose id begins with a claim's judges it, or a part of it.
"""

from __future__ import annotations

from attrs import frozen


@frozen
class Claim:
    """One claim: its id, what it says in our words, its part and heading, and what judges it where no property does."""

    id: str
    says: str
    source: str
    needs: str = ""


CASE_1, CASE_2 = "Part 2, Case 1: Pods and DooD", "Part 2, Case 2: Pods and DinD"
PODS, SUMMARY, PART_1 = "Part 2, Kubernetes Pods", "Part 2, Summary", "Part 1"

_CLAIMS = (
    Claim("P2-01", "a pod has an IP that every node reaches, and its containers share one network and localhost", PODS),
    Claim("P2-02", "Kubernetes takes away what a pod that has ended leaves on its node", PODS),
    Claim("P2-03", "Kubernetes knows nothing of a container that was started through the host's Docker", CASE_1),
    Claim("P2-04", "a named container cannot be created where the name is taken already", CASE_1),
    Claim("P2-05", "ports of a container started through the host's Docker do not answer on the pod's IP", CASE_1),
    Claim("P2-06", "the port option of docker run, printed there as -v 8080:80, opens a port on the host", CASE_1),
    Claim("P2-07", "ports on the host are few and contended", CASE_1),
    Claim("P2-08", "Kubernetes does not delete the layers of such a container when it has ended", CASE_1),
    Claim("P2-09", "nor does it clean up its logs", CASE_1),
    Claim("P2-10", "such a container goes on when its pod ends, above all if it was started with -d", CASE_1),
    Claim("P2-11", "what it wrote to the graph storage is not cleaned up after the pod", CASE_1),
    Claim("P2-12", "the CPU and memory that the pod requested are for the pod alone and not for such a container", CASE_1),
    Claim("P2-13", "the pod's limits are not inherited through the host's Docker, and are with Docker in the pod", CASE_1),
    Claim("P2-14", "a Docker daemon in a pod must not share the graph storage of the host's daemon", CASE_2),
    Claim("P2-15", "containers of the pod's own daemon are not visible to the host's, and never show up on the host", CASE_2),
    Claim("P2-16", "the pod's daemon keeps its graph in /var/lib/docker, on an emptyDir", CASE_2),
    Claim("P2-17", "the pod's daemon serves its API on port 2375, and DOCKER_HOST leads the client to it", CASE_2),
    Claim("P2-18", "another pod gets the child's page from the pod's IP", CASE_2),
    Claim("P2-19", "the container runs as a child process of the pod's daemon", CASE_2),
    Claim("P2-20", "when the pod is deleted, the container is killed", CASE_2),
    Claim("P2-21", "the emptyDir of the graph is reclaimed when the pod is deleted", CASE_2),
    Claim("P2-22", "names conflict only within the pod, so the same step can run in parallel", CASE_2),
    Claim("P2-23", "a graph storage that is kept between workflows makes them faster", SUMMARY),
    Claim("P2-24", "with Docker in the pod the container does not escape the pod, so its cost can be told", SUMMARY),
    Claim(
        "P2-25",
        "with Docker in the pod jobs run consistently and reliably",
        SUMMARY,
        "many cold starts of the same legs: `conformance run --repeat N`",
    ),
    Claim("P1-01", "Docker commands in a container that mounts the socket go to the host's daemon", PART_1),
    Claim("P1-02", "a container that is started so is the sibling, not the child, of the one that asked for it", PART_1),
    Claim("P1-03", "the host's docker ps lists it", PART_1),
    Claim("P1-04", "it cannot have the name of the container that asked for it", PART_1),
    Claim("P1-05", "two instances of a step that names its container collide", PART_1),
    Claim("P1-06", "whoever has the socket can start privileged containers", PART_1),
    Claim("P1-07", "whoever has the socket can mount the host's directories", PART_1),
    Claim("P1-08", "such siblings take named resources from the host: names, ports, networks, volumes, image tags", PART_1),
    Claim("P1-09", "docker-compose can be used in a step", PART_1),
    Claim("P1-10", "users can pull, build and run images", PART_1),
)
CLAIMS = {claim.id: claim for claim in _CLAIMS}


def speaks_of(name: str) -> bool:
    """Return whether a property judges a claim of the article or a part of it: what is predicted of others is their source's."""
    return name.partition(".")[0] in CLAIMS
