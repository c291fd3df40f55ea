"""Where the sources contradict one another: what each says, and which of them a run's observations bear out. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import field, frozen

from conformance.analysis.counting import are, counted
from conformance.analysis.parts import Part
from conformance.claims.belief import Means, each
from conformance.claims.observations import HOLDS, LACKS


@frozen
class Position:
    """What a source says, and what it means: the observation of a (property, approach) with which it would be right."""

    who: str
    says: str
    means: Means = field(factory=dict)


@frozen
class Contradiction:
    """A named contradiction, and what would settle what of it no property does."""

    name: str
    positions: tuple[Position, ...]
    needs: str = ""


PRINTED = "P2-06.printed"
LIMITS = ("P2-13", "P2-13.memory", "P2-13.cpu")
OF_BUILDS = ("BUILD", "BUILD.memory", "BUILD.cpu")
"""What GitLab says of limits it says of builds: a `docker run` settles nothing of it."""

CONTRADICTIONS = (
    Contradiction(
        "Do the pod's limits bind what the Docker in the pod runs, its builds, too?",
        (
            Position(
                "The article",
                "with Docker in the pod the container inherits the pod's CPU and memory constraints",
                each(HOLDS, "dind", *LIMITS, *OF_BUILDS),
            ),
            Position(
                "GitLab Runner's documentation",
                "limits set in the pod do not work when images are built, and the daemon reports the full capacity of the node",
                {**each(LACKS, "dind", *OF_BUILDS), **each(HOLDS, "dind", "G-02")},
            ),
        ),
    ),
    Contradiction(
        "Does an engine of today start on TCP without TLS?",
        (
            Position("docker/cli docs/deprecated.md", "from 27.0 on an engine with --tls=false on TCP fails to start"),
            Position("moby daemon/command/daemon.go", "such an engine warns, and starts"),
        ),
        needs="an engine of 27.0 or newer that is started with --host=tcp://0.0.0.0:2375 --tls=false",
    ),
    Contradiction(
        "Socket or Docker-in-Docker: which one is recommended?",
        (
            Position("J. Petazzoni (2015)", "bind-mount the host's socket, which is simplest"),
            Position("The article", "run Docker in the pod, because only that keeps what a pod promises"),
            Position("GitLab's documentation", "Docker-in-Docker is the recommended configuration"),
            Position(
                "The docker image's README",
                "running Docker inside Docker is generally not recommended, with some legitimate uses",
            ),
        ),
        needs="a choice of what matters: the report says what each approach keeps here, and what it had to be granted",
    ),
    Contradiction(
        "Does a container of the pod's own Docker show up on the host?",
        (
            Position(
                "The article",
                "the container is not visible to the host's Docker, and never shows up on the host",
                {**each(HOLDS, "dind", "P2-15"), **each(HOLDS, "dind", "P2-15.process")},
            ),
            Position(
                "The kernel",
                "no runtime of the host lists it, and its processes are processes of the host all the same",
                {**each(HOLDS, "dind", "P2-15"), **each(LACKS, "dind", "P2-15.process")},
            ),
        ),
    ),
    Contradiction(
        "Does the article's own command open a port?",
        (
            Position("The article", "docker run -v 8080:80 httpd opens a port on the host", each(HOLDS, "dood", PRINTED)),
            Position("docker run's reference", "-v mounts a volume; -p publishes a port", each(LACKS, "dood", PRINTED)),
        ),
    ),
    Contradiction(
        "Can Docker run in a pod that is not privileged?",
        (
            Position("The docker image's README on rootless", "the rootless image runs the engine without root"),
            Position(
                "The docker image's README on privileged",
                "privileged is required, also for the rootless image, and gives full access to the host",
                each(HOLDS, "dind", "H-01"),
            ),
        ),
        needs="legs of docker:26.1-dind-rootless, privileged and not",
    ),
)


@frozen
class Heard:
    """A position, with the observations that are as it says and those that are not."""

    position: Position
    borne: tuple[Part, ...]
    against: tuple[Part, ...]

    @property
    def words(self) -> str:
        """Return how much of what it says was seen."""
        decided = len(self.borne) + len(self.against)
        if not decided:
            return "nothing of it was decided"
        return f"{len(self.borne)} of {counted(decided, 'observation')} {are(len(self.borne))} as it says"


@frozen
class Settled:
    """A contradiction, and what a run's observations say of it."""

    contradiction: Contradiction
    heard: tuple[Heard, ...]
    missing: tuple[str, ...]
    """Properties that would bear on it and decided nothing in this run."""

    @property
    def outcome(self) -> str:
        """Say in one sentence who is right here, or why this run does not settle it."""
        needs = self.contradiction.needs
        if not any(heard.borne or heard.against for heard in self.heard):
            return f"Not settled by this run: needs {needs or ' and '.join(self.missing) + ' to be decided'}."
        right = [heard.position.who for heard in self.heard if heard.borne and not heard.against]
        clauses = [f"{' and '.join(right)}: right here" if right else "None is right here as a whole"]
        clauses += [f"{', '.join(self.missing)} decided nothing in this run"] if self.missing else []
        clauses += [f"the rest needs {needs}"] if needs else []
        return f"{'; '.join(clauses)}."


def settle(contradiction: Contradiction, parts: Iterable[Part]) -> Settled:
    """Hold each position against the observations of its properties, on whatever leg; what is undecided counts for none."""
    decided = [((part.line["property"], part.line["approach"]), part) for part in parts if part.state.decided]
    named = dict.fromkeys(asked for position in contradiction.positions for asked in position.means)
    seen = {asked for asked, _ in decided}
    return Settled(
        contradiction,
        tuple(_heard(position, decided) for position in contradiction.positions),
        tuple(f"{name} on {approach}" for name, approach in named if (name, approach) not in seen),
    )


def _heard(position: Position, decided: Iterable[tuple[tuple[str, str], Part]]) -> Heard:
    about = [(part, part.state is position.means[asked].state) for asked, part in decided if asked in position.means]
    return Heard(position, tuple(part for part, borne in about if borne), tuple(part for part, borne in about if not borne))
