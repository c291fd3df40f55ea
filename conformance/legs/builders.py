"""Who runs the RUN steps of a build, how a client asks for one, and what must be there first."""

from __future__ import annotations

from conformance.cluster.api import Object
from conformance.evidence.items import Evidence
from conformance.legs.docker import image, nonce, of_containers
from conformance.legs.rig import Rig
from conformance.legs.variations import BROUGHT, IN_A_CONTAINER
from conformance.probes.node_engine import NONCE_LABEL
from conformance.timeouts import TIMEOUTS

CLASSIC, BUILDKIT, CONTAINER, BUILDKITD = "classic", "buildkit", IN_A_CONTAINER, "buildkitd"
BUILDAH = "buildah"
OF_THE_POD = {BUILDKITD: "/client/buildctl", BUILDAH: "buildah"}
"""The builders that a pod has without an engine -> the program that asks for a build, by which it is known what there is."""
SWITCH = {CLASSIC: "DOCKER_BUILDKIT=0", BUILDKIT: "DOCKER_BUILDKIT=1"}
"""The builders that an engine has in it -> the variable with which `docker build` asks for each."""
PLACE = "/tmp"  # noqa: S108 -- in the client's container
"""Where a build's client has its script, and what it says."""
BASE = "/base"
"""Where Buildah's container has the files of the children's image."""
BUILDER = "builder"
"""What is made for a leg whose builder is a container: its nonce ends so."""
MADE = "builder made"
MAKE = f"""set -e
entrypoint=$(cat {BROUGHT}/entrypoint)
image=conformance-builder:$0
docker import --change "ENTRYPOINT [\\"$entrypoint\\"]" --change "LABEL {NONCE_LABEL}=$0" {BROUGHT}/image.tar "$image"
mkdir "{PLACE}/$0"
docker create --name "$0-base" --env "CHILD_NONCE=$0" "$1"
docker export "$0-base" >"{PLACE}/$0/base.tar"
docker rm "$0-base"
docker buildx create --name "builder-$0" --driver docker-container --bootstrap \\
    --driver-opt "image=$image,env.CHILD_NONCE=$0"
"""
"""Makes a builder of docker buildx that is a container of the engine, of an image that is brought, as no registry is needed then.

Such a builder has no images but what it pulls: the files of the children's image are brought to it with the build.
"""


def of(rig: Rig, builder: str) -> str:
    """Return which builder a leg's build is by: where its approach brings one of its own it is that."""
    return rig.leg.approach.builder or builder


def first_of(builder: str, processes: list[Object]) -> list[Object]:
    """Return the first process of a build's step, of what has its nonce: number 1 of its PID namespace, where it has its own.

    A step of Buildah's chroot isolation, or of a BuildKit without root, has that of the container that it is in: the first is the
    one that started first.
    """
    firsts = of_containers(processes)
    return sorted(processes, key=lambda each: int(each["start"]))[:1] if builder in OF_THE_POD and not firsts else firsts


def ready(rig: Rig, what: str, builder: str) -> bool:
    """Return whether the client can ask for a builder, made where it must be; how that is known is evidence of the build."""
    if builder in OF_THE_POD:
        return _went(rig.run(f"{what}: {builder}", OF_THE_POD[builder], "--version"))
    if builder == CLASSIC:
        return True
    if not _went(rig.run(f"{what}: buildx", "docker", "buildx", "version")):
        return False
    if builder == CONTAINER:
        mark = nonce(rig, BUILDER)
        making = rig.seen.get(MADE) or rig.run(MADE, "sh", "-c", MAKE, mark, image(rig), timeout=TIMEOUTS.serving)
        rig.ask(f"{what}: {BUILDER}", "processes", variable="CHILD_NONCE", value=mark)
        return _went(making)
    return True


def serves(rig: Rig) -> bool:
    """Return whether the builder in the leg's pod answers its client after the allocation, and keep what it said.

    Buildah has nobody who would have to.
    """
    return rig.leg.approach.builder == BUILDAH or _went(rig.run(SERVES_AFTER, OF_THE_POD[BUILDKITD], "debug", "workers"))


SERVES_AFTER = "builder after allocation"


def _went(ran: Evidence) -> bool:
    return bool(ran.output["exit"] == 0)


def base(rig: Rig, builder: str) -> str:
    """Return the first lines of a recipe, with which a step has the programs of the children's image."""
    if builder == CONTAINER:
        return "FROM scratch\nADD base.tar /"
    if builder == BUILDKITD:  # the client's container is of that image
        return "\n".join(("FROM scratch", *(f"COPY {folder} /{folder}" for folder in ("bin", "lib", "lib64", "usr"))))
    if builder == BUILDAH:
        return "FROM scratch\nCOPY . /"
    return f"FROM {image(rig)}"


def command(rig: Rig, builder: str, mark: str, options: tuple[str, ...]) -> str:
    """Return what builds the recipe that it reads, as a line of shell."""
    if builder == CONTAINER:
        own = nonce(rig, BUILDER)
        return " ".join(("docker", "buildx", "build", f"--builder=builder-{own}", *options, "--file=-", f"{PLACE}/{own}"))
    if builder == BUILDKITD:
        places = f"--local=context=/ --local=dockerfile={PLACE} --opt=filename={mark}.recipe"
        return f"cat >{PLACE}/{mark}.recipe && {OF_THE_POD[builder]} build --progress=plain --frontend=dockerfile.v0 {places}"
    if builder == BUILDAH:
        return " ".join(("buildah", "build", *options, "--file=-", BASE))
    return " ".join((SWITCH[builder], "docker", "build", *options, "-"))
