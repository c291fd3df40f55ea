"""A person's way in: `conformance --help` lists the commands. Each imports what it does when it is run, and no other does."""

from __future__ import annotations

import errno
import sys
from pathlib import Path
from typing import Any

import click

from conformance import options, reading
from conformance.choices import CHOICES, WORLDS
from conformance.errors import ConformanceError, RigError, UsageError
from conformance.interrupts import interruptible


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="conformance")
def cli() -> None:
    """Measure what a container spawned from a Kubernetes pod keeps of what a pod promises."""


@cli.command()
@options.INSTALL
@options.WORLD
@options.KUBERNETES_VERSION
@options.CONTAINERD
@options.DOCKER
@options.SANDBOX
@options.IMAGE
def up(install: bool, world: str, given_images: tuple[str, ...], **versions: str) -> None:
    """Create the kind cluster, and everything that it needs.

    Each image is pulled where a registry answers, and built where none does.
    """
    from conformance.world import up
    from conformance.world.images import image_store, kind_node
    from conformance.world.machine.progress import Progress

    overrides = image_store.overrides(given_images, kind_node.KNOWN)
    cluster = up.up(Progress(), install=install, overrides=overrides, world=world, **versions)
    click.echo(f"cluster {cluster.name} is up\nexport KUBECONFIG={cluster.kubeconfig}")


@cli.command()
@click.option("--world", type=click.Choice(list(WORLDS)), default=None, help="Delete only this world.  [default: all of them]")
def down(world: str | None) -> None:
    """Delete our clusters and worlds; stop the Docker Engine if `up` started it and nothing else runs on it."""
    from conformance.world import down, worlds
    from conformance.world.machine.progress import Progress

    for gone in down.down(Progress(), worlds.same(world) if world else None) or ["nothing: no cluster of ours is there"]:
        click.echo(f"removed {gone}")


@cli.command()
@options.REPORTS
@click.option(
    "--level",
    type=click.Choice(CHOICES),
    default="core",
    show_default=True,
    help="Judge the article's four properties, all that it claims, or also what other sources claim; or, of every approach "
    "there is, what decides between them, or what it costs: its quantities.",
)
@click.option("-n", "processes", default="auto", show_default=True, help="Number of pytest processes beside this one; auto is 0.")
@click.option("-k", "selection", default="", help="Judge only the properties and legs that match, as pytest -k does.")
@options.REPEAT
@click.option("--strict-article", is_flag=True, help="Expect the article's predictions and nothing else.")
@click.option("--enforce", is_flag=True, help="Count a NOT-APPLICABLE cell as a failure.")
@options.USD
@options.IN_CLUSTER
@options.of_run
def run(**given: Any) -> None:  # noqa: ANN401 -- what the options above have read, checked where it goes
    """Deploy every leg, judge every property, write the record and the reports, clean up."""
    from conformance.run import asking, session

    shown = {name: given[name] for name in ("quiet", "as_json", "allow_privileged")}
    sys.exit(session.go(asking.of_run(**given), given["reports"], **shown))


@cli.command()
@options.SELFCHECKS
@click.option("-k", "selection", default="", help="Run only the controls, properties and legs that match, as pytest -k does.")
@click.option("--fast", is_flag=True, help="Run only the few controls that are run with every change.")
@options.REPEAT
@click.option("--strict", is_flag=True, help="Count a control that cannot be run here, and is not known for it, as a failure.")
@options.of_run
def selfcheck(
    reports: Path,
    selection: str,
    fast: bool,
    repeats: int | None,
    strict: bool,
    quiet: bool,
    as_json: bool,
    world: str | None,
    context: str,
    allow_privileged: bool,
    given_images: tuple[str, ...],
) -> None:
    """Show that this suite can fail: deploy legs with one thing broken, and hold what it says of each against what is so.

    Each control has a vector of observations that are known beforehand; exits with 1 where one is another.
    """
    from conformance import images
    from conformance.run import session
    from conformance.run.header import Asked
    from conformance.world.images import image_store

    asked = Asked(
        controls="fast" if fast else "all", selection=selection, repeats=repeats or 1, enforce=strict,
        images=image_store.overrides(given_images, images.NAMES), world=world or "", context=context,
    )  # fmt: skip
    sys.exit(session.go(asked, reports, quiet=quiet, as_json=as_json, allow_privileged=allow_privileged))


@cli.command()
@options.of_check
@options.CHECKS
@options.USD
@options.IN_CLUSTER
@options.of_run
def check(**given: Any) -> None:  # noqa: ANN401 -- what the options above have read, checked where it goes
    """Judge a pod of your own: what containers that are started through its engine keep of what a pod promises.

    FILE has one Pod, or one object with a pod template; KIND/NAME is one of a cluster. It is deployed in a namespace
    of the run's own; its client waits, what it names (ConfigMaps, Secrets, claims) is stood in for, and a container is
    started over the engine's own API.
    """
    from conformance.run import checking

    sys.exit(checking.go(**given))


@cli.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@options.IMAGE
@click.argument("words", metavar="[run|check] [WORDS]...", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def manifests(ctx: click.Context, given_images: tuple[str, ...], words: tuple[str, ...]) -> None:
    """Print what `conformance run --in-cluster` makes, for `kubectl apply`: its account, with each right, and its Job.

    WORDS are those of the run, or of the check: `conformance manifests run --level article`.
    """
    from conformance.run import asking, manifests

    which, *rest = words or ("run",)
    if which not in ("run", "check"):
        raise UsageError(f"A Job of the cluster does run or check, not {which!r}.", "conformance manifests run --level article")
    of_images = [word for each in given_images for word in ("--image", each)]
    command = run if which == "run" else check
    given = command.make_context(which, [*rest, *of_images], parent=ctx.parent).params
    asked = asking.of_run(**given) if which == "run" else asking.of_check(**given)
    if asked.selection:
        from conformance.run import launch

        launch.check(asked)
    click.echo(manifests.printed(asked), nl=False)


@cli.command()
def doctor() -> None:
    """Check what a run needs, and name the remedy for what is missing."""
    from conformance.world import doctor as checks

    worst = 0
    for check in checks.checks():
        click.echo(f"{'ok     ' if check.ok else 'MISSING'} {check.what}: {check.state}")
        if not check.ok:
            click.echo(f"        remedy: {check.remedy}")
            worst = 2
    sys.exit(worst)


@cli.command()
@options.REPORTS
@options.OF_WORLD
@options.CONTEXT
@options.IMAGE
def clean(reports: Path, world: str | None, context: str, given_images: tuple[str, ...]) -> None:
    """Remove all objects of runs that are over, and look again; runs at work are left alone."""
    from conformance import images
    from conformance.run import clean as cleaning
    from conformance.world.images import image_store
    from conformance.world.reach import reach

    overrides = image_store.overrides(given_images, (images.PROBE,))
    removed, left = cleaning.clean(reach(context, world), reports, overrides)
    for name in removed:
        click.echo(f"removed {name}")
    for name in left:
        click.echo(f"still there: {name}")
    click.echo("nothing of any run is left" if not left else f"{len(left)} left")
    sys.exit(2 if left else 0)


for of_records in reading.COMMANDS:
    cli.add_command(of_records)

REFUSALS = {
    errno.ENOSPC: "The disk is full",
    errno.EROFS: "The disk is read-only",
    errno.EACCES: "Permission is denied",
}
"""Why a machine does not take what is written: no mistake of ours, so no traceback."""


def main() -> None:
    """Run the CLI; every failure of ours is one sentence, its remedy and its exit code. SIGTERM is as Ctrl-C."""
    interruptible()
    try:
        cli(standalone_mode=False)
    except ConformanceError as broken:
        click.echo(f"conformance: {broken.sentence}", err=True)
        if broken.remedy:
            click.echo(f"remedy: {broken.remedy}", err=True)
        sys.exit(broken.exit_code)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(UsageError.exit_code)
    except OSError as failed:
        if failed.errno not in REFUSALS:
            raise
        click.echo(f"conformance: {REFUSALS[failed.errno]}: {failed.filename or 'a file'} cannot be written.", err=True)
        click.echo(
            "remedy: make room there, or write elsewhere: CONFORMANCE_CACHE and --reports say where things are kept", err=True
        )
        sys.exit(RigError.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(2)
