"""Where images come from: pulled where a registry answers, built from Debian packages and Go modules where none does.

Decided for each image by `Store.obtain`, the one place that decides, and said. The names are the public ones, so that a
manifest reads the same everywhere; an image of ours under a public name is a *stand-in* and is named as one on every
cell that it touches.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import RLock

from attrs import define, field, frozen

from conformance.errors import CommandFailed, NoImage, TimedOut, UsageError
from conformance.world.machine import apt, commands, packages, paths
from conformance.world.machine.digest import digest
from conformance.world.machine.progress import Progress

FOLDER = paths.BUILD / "images"
BUILD_SECONDS = 1200.0
PULL_SECONDS = 600.0
STAGE = "conformance.stage"
"""Label of the images of a build's earlier stages: its value is the recipe's folder, as other builds may be at work."""


@frozen
class Image:
    """An image in the machine's engine. `reference` is unique to its content: our own tag, or the image's id."""

    reference: str
    stand_in: str = ""
    """What ours is made of, where it stands in for a public image that was not to be had."""

    @property
    def id(self) -> str:
        """Return the hash part of the reference."""
        return self.reference.rpartition(":")[2][:12]


@frozen
class Recipe:
    """How one of our images is built: a folder under build/images, its arguments, and what `fill` adds to the context.

    The folder has a Dockerfile, or an `assemble.sh`, which runs in a container of the base with the context in /context:
    what it is made of then is in no layer. Its configuration then is `options` of `docker run`, and `entrypoint`.
    `inputs` name everything that `fill` adds, because the image's tag is the hash of all that it is made of.
    `usual` is its cold build time in seconds on two cores; `base` a suite of Debian, an image, or the recipe of one.
    """

    folder: str
    usual: float
    base: str | Image | Recipe = ""
    args: Mapping[str, str] = field(factory=dict)
    inputs: tuple[str, ...] = ()
    fill: Callable[[Path], None] = lambda _: None
    stand_in: str = ""
    options: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()

    @property
    def on(self) -> str:
        """Return the reference of the image that it is built on, '' for none."""
        if isinstance(self.base, Recipe):
            return self.base.image.reference
        if isinstance(self.base, Image):
            return self.base.reference
        return debian(self.base).reference if self.base else ""

    @property
    def all_args(self) -> dict[str, str]:
        """Return the build's arguments, the base among them."""
        return {**({"BASE": self.on} if self.on else {}), **self.args}

    @property
    def image(self) -> Image:
        """Return the image that it makes, whether it is there or not."""
        args = [f"{key}={value}" for key, value in sorted(self.all_args.items())]
        return Image(
            f"conformance/{self.folder}:{digest(FOLDER / self.folder, args, self.inputs, self.options, self.entrypoint)}",
            self.stand_in,
        )


UNREAD = ("doc", "info", "locale", "man")
"""Of /usr/share: what nobody reads in a container, a third of a minimal Debian."""
DEBIAN_OPTIONS = (
    "--variant=minbase",
    '--aptopt=APT::Install-Recommends "false"',
    f'--aptopt={apt.ANY_DATE} "false"',
    *(f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in UNREAD),
)
"""mmdebstrap leaves the options of apt and dpkg in the image, for what is built on it."""


def debian(suite: str) -> Image:
    """Return the minimal Debian of a suite, whether it is there or not."""
    return Image(f"conformance/debian-{suite}:{digest(suite, DEBIAN_OPTIONS)}")


@define
class Store:
    """The machine's engine, as the place where images are pulled to, built and kept.

    `overrides` (public name -> reference) are the user's word: such an image is pulled from there or there is none.
    """

    progress: Progress
    install: bool = True
    overrides: Mapping[str, str] = field(factory=dict)
    _silent: dict[str, str] = field(factory=dict)
    _making: defaultdict[str, RLock] = field(factory=lambda: defaultdict(RLock))
    """Who makes an image or asks a registry; who wants the same waits."""

    def obtain(self, name: str, recipe: Recipe, asked: str = "") -> Image:
        """Return the image of a public name: pulled if it can be, else the stand-in that `recipe` builds.

        What is there already, pulled or built, is used without asking a registry. `asked` is what a registry is
        asked for where that is more exact than the name. Raises `NoImage`.
        """
        if override := self.overrides.get(name):
            return self._overridden(name, override)
        asked = asked or name
        image = pulled(asked)
        if image is None and not present(recipe.image.reference):
            image = self._pull(name, asked)
        return image or self.build(recipe)

    def _overridden(self, name: str, reference: str) -> Image:
        with self.progress.step(f"image {name} from {reference}"):
            try:
                commands.run(["docker", "pull", "-q", reference], timeout=PULL_SECONDS, log="images")
            except (CommandFailed, TimedOut) as failed:
                if not present(reference):
                    why = f"The image {reference}, to be used as {name}, cannot be had: {failed.sentence}"
                    raise NoImage(why, f"--image {name}=REFERENCE with one that this Docker Engine can pull") from failed
        return Image(present(reference))

    def _pull(self, name: str, asked: str) -> Image | None:
        """Pull from the public registry; None where that fails. A registry that did not answer is not asked again."""
        registry = _registry(asked)
        with self._making[registry]:
            if registry in self._silent:
                self.progress.note(f"image {name}: {registry} did not answer before, so a stand-in is built")
                return None
            try:
                with self.progress.step(f"image {name}: pulling"):
                    commands.run(["docker", "pull", "-q", asked], timeout=PULL_SECONDS, log="images")
            except (CommandFailed, TimedOut) as failed:
                why = failed.sentence.strip().splitlines()[-1]
                if not REFUSED.search(why):
                    self._silent[registry] = why
                self.progress.note(f"image {name}: not to be pulled ({why}), so a stand-in is built")
                return None
            return pulled(asked)

    def build(self, recipe: Recipe) -> Image:
        """Return the image of a recipe, built unless it is there. Raises `NoImage` with the builder's last words."""
        wanted = recipe.image
        with self._making[wanted.reference]:
            if present(wanted.reference):
                return wanted
            if isinstance(recipe.base, Recipe):
                self.build(recipe.base)
            elif isinstance(recipe.base, str) and recipe.base:
                with self._making[recipe.base]:
                    self._debian(recipe.base)
            with tempfile.TemporaryDirectory(dir=paths.cache()) as context:
                shutil.copytree(FOLDER / recipe.folder, context, dirs_exist_ok=True)
                recipe.fill(Path(context))
                with self.progress.step(f"image {recipe.folder}: building", usual=recipe.usual):
                    try:
                        make = _built if (Path(context) / "Dockerfile").is_file() else _assembled
                        make(recipe, Path(context))
                    except CommandFailed as failed:
                        words = f"The image {recipe.folder} could not be built: {failed.sentence}"
                        raise NoImage(words, failed.remedy) from failed
        return wanted

    def _debian(self, suite: str) -> None:
        """Make a minimal Debian of that suite, from the machine's own package sources."""
        image = debian(suite)
        if present(image.reference):
            return
        packages.ensure(self.progress, packages.FOR_IMAGES, install=self.install)
        with self.progress.step(f"Debian {suite} base image", usual=25.0), tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "base.tar"
            listed = Path(folder) / "debian.sources"
            if apt.SOURCES.is_file():
                text = re.sub(r"\bbookworm\b", suite, apt.SOURCES.read_text(encoding="utf-8"))
                listed.write_text(re.sub(r"^#.*\n", "", text, flags=re.MULTILINE), encoding="utf-8")
            args: list[str | Path] = ["mmdebstrap", "--quiet", *DEBIAN_OPTIONS, suite, archive]
            args += [listed] if apt.SOURCES.is_file() else []
            commands.run(args, timeout=BUILD_SECONDS, log="images", remedy=apt.REMEDY)
            commands.run(["docker", "import", archive, image.reference], timeout=300, log="images")


def _built(recipe: Recipe, context: Path) -> None:
    """Build a recipe's Dockerfile."""
    command = ["docker", "build", "-q", "-t", recipe.image.reference]
    for key, value in recipe.all_args.items():
        command += ["--build-arg", f"{key}={value}"]
    # The builder that every engine has; nothing here needs BuildKit.
    commands.run([*command, context], timeout=BUILD_SECONDS, env={"DOCKER_BUILDKIT": "0"}, log="images")
    # What a build of several stages leaves without a name; the builder's cache is in the named stages' layers.
    prune = ["docker", "image", "prune", "--force", "--filter", f"label={STAGE}={recipe.folder}"]
    with _PRUNING:
        commands.run(prune, timeout=120, check=False, log="images")


_PRUNING = RLock()
"""An engine prunes for one at a time, and refuses a second."""


def _assembled(recipe: Recipe, context: Path) -> None:
    """Run a recipe's `assemble.sh` in a container of its base, and keep what came of it as one layer."""
    name = recipe.image.reference.replace("/", "-").replace(":", "-")
    remove = ["docker", "rm", "--force", "--volumes", name]
    commands.run(remove, timeout=60, check=False, log="images")
    # As a mount, not as a volume of the image's own, which whoever runs the image would get, too.
    start = ["docker", "run", "--detach", "--name", name, "--mount", "type=volume,dst=/context", "--entrypoint", "sleep"]
    try:
        commands.run([*start, *recipe.options, recipe.on, "infinity"], timeout=120, log="images")
        commands.run(["docker", "cp", f"{context}/.", f"{name}:/context"], timeout=BUILD_SECONDS, log="images")
        args = [word for key, value in recipe.all_args.items() for word in ("--env", f"{key}={value}")]
        commands.run(["docker", "exec", *args, name, "bash", "/context/assemble.sh"], timeout=BUILD_SECONDS, log="images")
        commit = ["docker", "commit", "--change", f"ENTRYPOINT {json.dumps(recipe.entrypoint)}", "--change", "CMD []"]
        commands.run([*commit, name, recipe.image.reference], timeout=BUILD_SECONDS, log="images")
    finally:
        commands.run(remove, timeout=60, check=False, log="images")


REFUSED = re.compile(r"not found|manifest unknown|denied|unauthorized|no matching manifest")
"""A registry that says one of these has answered; anything else is silence on the way to it."""


def _registry(reference: str) -> str:
    """Return the registry that a reference names, as Docker reads it."""
    first, slash, _ = reference.partition("/")
    return first if slash and (set(".:") & set(first) or first == "localhost") else "docker.io"


def present(reference: str) -> str:
    """Return the id of an image in the machine's engine, or ''."""
    args = ["docker", "image", "inspect", "--format", "{{.Id}}", reference]
    return commands.run(args, timeout=60, check=False, log="images").stdout.strip()


def pulled(reference: str) -> Image | None:
    """Return the image in the machine's engine that came from a registry under this reference, or None.

    An image that was only tagged with a public name has no digest of a registry, and is not what the name says.
    """
    args = ["docker", "image", "inspect", "--format", "{{.Id}} {{json .RepoDigests}}", reference]
    identity, _, digests = commands.run(args, timeout=60, check=False, log="images").stdout.strip().partition(" ")
    return Image(identity) if identity and json.loads(digests) else None


def save(named: Mapping[str, Image], target: Path) -> None:
    """Write images under public names into one archive. Where the user's engine has a name for an image of its own, it stays."""
    with _NAMING:
        before = {name: present(name) for name in named}
        for name, image in named.items():
            commands.run(["docker", "tag", image.reference, name], timeout=60, log="images")
        commands.run(["docker", "save", "-o", target, *named], timeout=300, log="images")
        for name, previous in before.items():
            restore = ["docker", "tag", previous, name] if previous else ["docker", "rmi", "--no-prune", name]
            commands.run(restore, timeout=60, log="images")


_NAMING = RLock()
"""Who gives images public names for a while: two at once would restore one another's."""


def overrides(given: tuple[str, ...], known: tuple[str, ...]) -> dict[str, str]:
    """Read NAME=REFERENCE words. Raises `UsageError` naming the word, and the names there are."""
    read = {}
    for word in given:
        name, _, reference = word.partition("=")
        if name not in known or not reference:
            raise UsageError(f"--image takes NAME=REFERENCE, not {word!r}.", f"the names are {', '.join(known)}")
        read[name] = reference
    return read
