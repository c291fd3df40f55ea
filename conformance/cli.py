"""A person's way in: `conformance --help` lists the commands. Each imports what it does when it is run, and no other does."""

from __future__ import annotations

import errno
import math
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conformance.choices import ENGINES, FORMATS, HOST, LEVELS, RATE, RUNTIMES, WORLDS
from conformance.errors import ConformanceError, NoCluster, RigError, UsageError

if TYPE_CHECKING:
    from conformance.cluster.api import Cluster
    from conformance.record import stream


def _finite(_context: click.Context, _parameter: click.Parameter, number: float) -> float:
    """Return the number. Raises `click.BadParameter` on what is none, which is neither below nor above a bound."""
    if not math.isfinite(number):
        raise click.BadParameter(f"{number} is not a finite number.")
    return number


REPORTS = click.option(
    "--reports",
    type=click.Path(path_type=Path),
    default=Path("reports"),
    show_default=True,
    help="The folder of all runs' records and reports.",
)
INSTALL = click.option(
    "--install/--no-install",
    default=True,
    show_default=True,
    help="Install missing Debian packages, or only print the command.",
)
CONTAINERD = click.option(
    "--containerd",
    type=click.Choice(RUNTIMES),
    default=RUNTIMES[0],
    show_default=True,
    help="Version of containerd in the nodes.",
)
DOCKER = click.option(
    "--docker",
    type=click.Choice(list(ENGINES)),
    default=next(iter(ENGINES)),
    show_default=True,
    help="Version of Docker Engine in the pods.",
)
WORLD = click.option(
    "--world",
    type=click.Choice(WORLDS),
    default=HOST,
    show_default=True,
    help="Run the nodes on this machine's kernel, or on a kernel of their own with that cgroup version (x86-64, root).",
)
CONTEXT = click.option("--context", metavar="NAME", default="", help="Use your own cluster: a context of your kubeconfig.")
IMAGE = click.option(
    "--image",
    "given_images",
    multiple=True,
    metavar="NAME=REFERENCE",
    help="Replace one of the suite's images, e.g. httpd:latest=registry.example/httpd@sha256:...",
)

LATEST = Path("reports/latest")
"""The last run's folder, where nothing else is said."""
RECORD = click.argument("source", metavar="[RECORD]", required=False, type=click.Path(path_type=Path))
"""A record.jsonl or a run's folder."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="conformance")
def cli() -> None:
    """Measure what a container spawned from a Kubernetes pod keeps of what a pod promises."""


@cli.command()
@INSTALL
@WORLD
@CONTAINERD
@DOCKER
@IMAGE
def up(install: bool, world: str, containerd: str, docker: str, given_images: tuple[str, ...]) -> None:
    """Create the kind cluster, and everything that it needs.

    Each image is pulled where a registry answers, and built where none does.
    """
    from conformance.world import kind
    from conformance.world.images import image_store, kind_node
    from conformance.world.machine.progress import Progress

    overrides = image_store.overrides(given_images, kind_node.KNOWN)
    made = kind.up(Progress(), install=install, containerd=containerd, docker=docker, overrides=overrides, world=world)
    click.echo(f"cluster {made.name} is up\nexport KUBECONFIG={made.kubeconfig}")


@cli.command()
@click.option("--world", type=click.Choice(WORLDS), default=None, help="Delete only this world.  [default: all of them]")
def down(world: str | None) -> None:
    """Delete our clusters and worlds; stop the Docker Engine if `up` started it and nothing else runs on it."""
    from conformance.world import kind, places
    from conformance.world.machine.progress import Progress

    for gone in kind.down(Progress(), places.same(world) if world else "") or ["nothing: no cluster of ours is there"]:
        click.echo(f"removed {gone}")


OF_WORLD = click.option(
    "--world",
    type=click.Choice(WORLDS),
    default=None,
    help="Use the cluster that `up --world` made in this world.  [default: the newest cluster]",
)


def reach(context: str, world: str | None = None) -> Cluster:
    """Return the cluster of a context, or the one that `up` made (in a world, if given). Raises `UsageError`, `NoCluster`."""
    from conformance.cluster.api import Cluster
    from conformance.timeouts import be_patient, declared
    from conformance.world import context as contexts
    from conformance.world import kind, places

    if context and world:
        raise UsageError("--context and --world both name a cluster.", "leave one of them out")
    if context:
        return contexts.reach(context)
    found = kind.existing(places.same(world) if world else "")
    if found is None:
        where = f" in the world {world}" if world else ""
        raise NoCluster(f"No cluster of ours answers{where}.", f"conformance up{f' --world {world}' if world else ''}")
    be_patient(max(found.patience, declared()))
    return Cluster(found.kubeconfig)


@cli.command()
@REPORTS
@click.option(
    "--level",
    type=click.Choice(LEVELS),
    default="core",
    show_default=True,
    help="Judge the article's four properties, all that it claims, or also what other sources claim.",
)
@click.option("-n", "processes", default="auto", show_default=True, help="Number of pytest processes beside this one; auto is 0.")
@click.option("-k", "selection", default="", help="Judge only the properties and legs that match, as pytest -k does.")
@click.option(
    "--repeat",
    "repeats",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    metavar="N",
    help="Deploy every leg N times in a row, and record each.",
)
@click.option("--strict-article", is_flag=True, help="Expect the article's predictions and nothing else.")
@click.option("--enforce", is_flag=True, help="Count a NOT-APPLICABLE cell as a failure.")
@click.option(
    "--rate",
    metavar="USD",
    type=click.FloatRange(min=0),
    callback=_finite,
    envvar="CONFORMANCE_RATE",
    show_envvar=True,
    default=RATE,
    show_default=True,
    help="Price of one CPU for an hour, for the properties about bills.",
)
@click.option("-q", "quiet", is_flag=True, help="Print only the last line.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print nothing but JSON: one line for each observation, and one at the end."
)
@OF_WORLD
@CONTEXT
@click.option(
    "--allow-privileged", is_flag=True, help="With --context: allow privileged pods, and what else the run says that it needs."
)
@IMAGE
def run(
    reports: Path,
    level: str,
    processes: str,
    selection: str,
    repeats: int,
    strict_article: bool,
    enforce: bool,
    rate: float,
    quiet: bool,
    as_json: bool,
    world: str | None,
    context: str,
    allow_privileged: bool,
    given_images: tuple[str, ...],
) -> None:
    """Deploy every leg, judge every property, write the record and the reports, clean up."""
    from rich.console import Console

    from conformance import images
    from conformance.approaches.catalogue import catalogue
    from conformance.record import stream
    from conformance.report import live, markdown, terminal, verdict_file
    from conformance.run import controller, folders
    from conformance.run.consent import terms
    from conformance.run.header import Asked
    from conformance.run.sources import wanted_processes
    from conformance.world.images import image_store

    console = Console(highlight=False, emoji=False, soft_wrap=True, stderr=as_json)
    count = wanted_processes(processes)
    overrides = image_store.overrides(given_images, images.NAMES)
    approaches = catalogue()  # a broken approach is found before anything is created
    cluster = reach(context, world)
    if context:
        for line in terms(context, len(cluster.items("/api/v1/nodes")), approaches.values()):
            console.print(line, markup=False)
        if not allow_privileged:
            raise UsageError("This run needs privileged pods on your cluster.", "allow them with --allow-privileged")
    run_id = folders.new_id()
    folder = folders.new(reports, run_id)
    way = live.way(console)
    with live.nothing() if quiet else live.lines_of_json() if as_json else way(console) as told:
        asked = Asked(
            level=level, processes=count, selection=selection, repeats=repeats, strict_article=strict_article,
            enforce=enforce, rate=rate, images=overrides, world=world or "", context=context,
        )  # fmt: skip
        made = controller.Run(cluster=cluster, folder=folder, id=run_id, asked=asked, tell=told)
        code = made.go()
    end: dict[str, Any] = {}
    try:
        read = folders.finish(folder)
        if not quiet and not as_json:
            terminal.table(read, console)
            console.print(f"report: {folder / 'report.html'}", markup=False)
        _show_in_step(markdown.markdown(read))
        end = {key: value for key, value in verdict_file.verdicts(read).items() if key != "cells"}
    except (OSError, stream.BadRecord) as failed:
        code = max(code, RigError.exit_code)
        console.print(f"The reports cannot be written: {failed}", markup=False)
    if as_json:
        live.as_json({"kind": "end", **end, "exit_code": code, "why": made.why, "folder": str(folder)})
    else:
        console.print(f"exit code {code}: {made.why}", markup=False)
    sys.exit(code)


def _show_in_step(text: str) -> None:
    """Add a summary to the step of the GitHub Actions job that this is, if it is one."""
    from conformance.report import files

    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    failure = files.step_summary(text, Path(summary)) if summary else ""
    if failure:
        click.echo(f"conformance: {failure}", err=True)


@cli.command()
@click.argument("sources", metavar="[RECORD]...", nargs=-1, type=click.Path(path_type=Path))
@REPORTS
def report(sources: tuple[Path, ...], reports: Path) -> None:
    """Render a run's reports again; with several records, compare worlds in one report.

    RECORD is a record.jsonl or a run's folder; reports/latest unless given. Of more than one, worlds.html and worlds.md
    are written into --reports: a column for each record, led by where they disagree.
    """
    from rich.console import Console

    from conformance.record import stream
    from conformance.report import files, markdown, terminal

    if len(sources) > 1:
        worlds = [stream.read(_file(one), stream.nothing) for one in sources]
        files.several(worlds, reports)
        _show_in_step(markdown.side_by_side_markdown(worlds))
        click.echo(f"report: {reports / 'worlds.html'}")
        return
    file = _file(*sources)
    folder, read = file.parent, stream.read(file, files.shown)
    terminal.table(read, Console(highlight=False, emoji=False))
    files.everything(read, folder)
    click.echo(f"report: {folder / 'report.html'}")
    sys.exit(_ended(read)["exit_code"])


@cli.command()
@click.argument("before", metavar="BEFORE", type=click.Path(path_type=Path))
@click.argument("after", metavar="AFTER", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
def diff(before: Path, after: Path, form: str) -> None:
    """Compare two records: worlds, observations, and cold-start times that differ significantly.

    BEFORE and AFTER are each a record.jsonl or a run's folder. Exits with 1 if an observation changed or vanished.
    """
    from conformance.analysis.differences import compare
    from conformance.record import stream
    from conformance.report import differences

    records = [stream.read(_file(source), stream.nothing) for source in (before, after)]
    found = compare(*records)
    click.echo(differences.WRITERS[form](found), nl=False)
    for read in records:
        _ended(read)
    sys.exit(1 if found.changed or found.vanished else 0)


def _ended(read: stream.Record) -> stream.Line:
    """Return a record's footer. Raises `RigError` where there is none: what a command made of the record is not the whole run."""
    if read.footer is None:
        raise RigError("This record has no footer: its run was interrupted, or the file was cut short.", "run it again")
    return read.footer


def _file(source: Path | None = None) -> Path:
    """Return a record's file, of a run's folder or as it is; the last run's unless given. Raises `UsageError`."""
    chosen = source or LATEST
    file = chosen / "record.jsonl" if chosen.is_dir() else chosen
    if not file.exists():
        remedy = "give a record.jsonl or a run's folder" + ("" if source else "; `conformance run` makes one")
        raise UsageError(f"There is no record at {str(chosen)!r}.", remedy)
    return file


@cli.command("list")
@click.option(
    "--level", type=click.Choice(LEVELS), default=LEVELS[-1], show_default=True, help="List properties up to this level."
)
def list_(level: str) -> None:
    """List the article's claims and all properties: id, level, approaches, legs, prediction, needs, source."""
    from conformance.approaches.catalogue import catalogue
    from conformance.explain.listing import listing

    for line in listing(level, catalogue()):
        click.echo(line)


@cli.command("explain")
@click.argument("name", metavar="ID")
@RECORD
def explain_(name: str, source: Path | None) -> None:
    """Explain a property: what it claims, how it is judged, what a record shows of it, and how to see it by hand.

    RECORD is a record.jsonl or a run's folder; reports/latest unless given, where there is one.
    """
    from conformance.approaches.catalogue import catalogue
    from conformance.explain.property import explain
    from conformance.record import stream

    read = stream.read(_file(source)) if source or LATEST.exists() else None
    for line in explain(name, read, catalogue()):
        click.echo(line)
    if read:
        _ended(read)


@cli.command()
@RECORD
@click.option(
    "-v",
    "verbose",
    is_flag=True,
    help="Also show changed reasons, and evidence that the record lacks.",
)
def judge(source: Path | None, verbose: bool) -> None:
    """Judge a record again with today's rules, without a cluster, and show what changed.

    RECORD is a record.jsonl or a run's folder; reports/latest unless given. Exits with 1 if an observation is
    another one than then.
    """
    from conformance import suite
    from conformance.approaches.catalogue import catalogue
    from conformance.record import stream
    from conformance.run import rejudge

    read = stream.read(_file(source))
    judged = rejudge.judge(read, suite.cells(LEVELS[-1], list(catalogue()), read.repeats))
    for line in rejudge.lines(judged, verbose=verbose):
        click.echo(line)
    _ended(read)
    sys.exit(1 if judged.changed else 0)


@cli.command()
def doctor() -> None:
    """Check what a run needs, and name the remedy for what is missing."""
    from conformance.world import doctor as checks

    worst = 0
    for check in checks.checks():
        click.echo(f"{'ok     ' if check.ok else 'MISSING'} {check.what}: {check.found}")
        if not check.ok:
            click.echo(f"        remedy: {check.remedy}")
            worst = 2
    sys.exit(worst)


@cli.command()
@REPORTS
@OF_WORLD
@CONTEXT
@IMAGE
def clean(reports: Path, world: str | None, context: str, given_images: tuple[str, ...]) -> None:
    """Remove all objects of runs that are over, and look again; runs at work are left alone."""
    from conformance import images
    from conformance.run import clean as cleaning
    from conformance.world.images import image_store

    overrides = image_store.overrides(given_images, (images.PROBE,))
    removed, left = cleaning.clean(reach(context, world), reports, overrides)
    for one in removed:
        click.echo(f"removed {one}")
    for one in left:
        click.echo(f"still there: {one}")
    click.echo("nothing of any run is left" if not left else f"{len(left)} left")
    sys.exit(2 if left else 0)


REFUSALS = {
    errno.ENOSPC: "The disk is full",
    errno.EROFS: "The disk is read-only",
    errno.EACCES: "Permission is denied",
}
"""Why a machine does not take what is written: no mistake of ours, so no traceback."""


def main() -> None:
    """Run the CLI; every failure of ours is one sentence, its remedy and its exit code. SIGTERM is as Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
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
