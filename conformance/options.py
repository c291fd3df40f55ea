"""Options and arguments of commands, most of them of several. Like cli.py it imports nothing that acts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from conformance.choices import ENGINES, HOST, KUBERNETES, QUANTITIES, RATE, REPEATS, RUNTIMES, SANDBOXES, STATES, WORLDS


def _finite(_context: click.Context, _parameter: click.Parameter, number: float) -> float:
    """Return the number. Raises `click.BadParameter` on what is none, which is neither below nor above a bound."""
    if not math.isfinite(number):
        raise click.BadParameter(f"{number} is not a finite number.")
    return number


def states(_context: click.Context, _parameter: click.Parameter, text: str) -> tuple[tuple[str, str], ...]:
    """Return each STATE:ID of a list. Raises `click.BadParameter` on a word that is none."""
    read = []
    for word in filter(None, text.split(",")):
        state, _, prop = (part.strip() for part in word.partition(":"))
        if state not in STATES or not prop:
            raise click.BadParameter(f"{word!r} is no STATE:ID, as in LACKS:P2-13; the states are {', '.join(STATES)}.")
        read.append((state, prop))
    return tuple(read)


def nodes(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    """Return which nodes are meant. Raises `click.BadParameter` on what is neither a word for several nor a label."""
    if text not in ("", "all", "distinct") and not text.partition("=")[0].strip() * text.count("="):
        raise click.BadParameter(f"{text!r} is neither all nor distinct, nor a LABEL=VALUE.")
    return text


def _reports(default: str) -> Callable[[Any], Any]:
    """Return the option of a folder of runs."""
    return click.option(
        "--reports",
        type=click.Path(path_type=Path),
        default=Path(default),
        show_default=True,
        help="The folder of all runs' records and reports.",
    )


REPORTS, SELFCHECKS, CHECKS = _reports("reports"), _reports("reports/selfcheck"), _reports("reports/check")
INSTALL = click.option(
    "--install/--no-install",
    default=True,
    show_default=True,
    help="Install missing Debian packages, or only print the command.",
)


def _version(name: str, choices: Iterable[str], what: str) -> Callable[[Any], Any]:
    """Return the option of a version, the first of these unless told."""
    there = list(choices)
    return click.option(f"--{name}", type=click.Choice(there), default=there[0], show_default=True, help=f"Version of {what}.")


KUBERNETES_VERSION = _version("kubernetes", KUBERNETES, "Kubernetes in the nodes")
CONTAINERD = _version("containerd", RUNTIMES, "containerd in the nodes")
DOCKER = _version("docker", ENGINES, "Docker Engine in the pods")
SANDBOX = click.option(
    "--sandbox",
    type=click.Choice(SANDBOXES),
    default=SANDBOXES[0],
    show_default=True,
    help="A runtime for sandboxed pods in the nodes, beside runc, with the RuntimeClass of its name.",
)
WORLD = click.option(
    "--world",
    type=click.Choice(list(WORLDS)),
    default=HOST,
    show_default=True,
    help="Run the nodes on this machine's kernel, or on a kernel of their own with that cgroup version (x86-64, root).",
)
OF_WORLD = click.option(
    "--world",
    type=click.Choice(list(WORLDS)),
    default=None,
    help="Use the cluster that `up --world` made in this world.  [default: the newest cluster]",
)
CONTEXT = click.option("--context", metavar="NAME", default="", help="Use your own cluster: a context of your kubeconfig.")
IMAGE = click.option(
    "--image",
    "given_images",
    multiple=True,
    metavar="NAME=REFERENCE",
    help="Replace one of the suite's images, e.g. httpd:latest=registry.example/httpd@sha256:...",
)
USD = click.option(
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
REPEAT = click.option(
    "--repeat",
    "repeats",
    type=click.IntRange(1, 1000),
    default=None,
    metavar="N",
    help=f"Deploy every leg N times in a row, and record each.  [default: 1; {REPEATS[QUANTITIES]} of {QUANTITIES}]",
)
QUIET = click.option("-q", "quiet", is_flag=True, help="Print only the last line.")
JSON = click.option(
    "--json", "as_json", is_flag=True, help="Print nothing but JSON: one line for each observation, and one at the end."
)
PRIVILEGED = click.option(
    "--allow-privileged", is_flag=True, help="With --context: allow privileged pods, and what else the run says that it needs."
)
OF_CHECK = (
    click.argument("which", metavar="FILE|KIND/NAME"),
    click.option("-n", "namespace", metavar="NAMESPACE", default="", help="Check KIND/NAME of this namespace; it is only read."),
    click.option(
        "--client", metavar="CONTAINER", default="", help="The container that starts containers, where that is not clear."
    ),
    click.option("--engine", metavar="CONTAINER", default="", help="The container of the pod's engine, where that is not clear."),
    click.option("--socket", metavar="PATH", default="", help="The engine's socket, as its container names it."),
    click.option("--keep-command", is_flag=True, help="Let the client do its own work meanwhile; it waits instead unless told."),
    click.option(
        "--mend", is_flag=True, help="Judge the pod with its mend, too; write FILE.mended.yaml where that mends something."
    ),
    click.option(
        "--fail-on",
        metavar="STATE:ID,...",
        callback=states,
        default="",
        help="End with 1 where a property is in such a state, e.g. LACKS:P2-13,LACKS:P2-10.",
    ),
    click.option(
        "--nodes",
        metavar="all|distinct|LABEL=VALUE",
        callback=nodes,
        default="",
        help="Check it on each of these nodes, one after the other: distinct is one of each kernel, cgroup version and runtime.",
    ),
    click.option("--quick", is_flag=True, help="Delete with grace 0 alone: nothing waits out the pod's own grace."),
)
"""Which pod is checked, what settles who is who in it, and how."""
OF_RUN = (QUIET, JSON, OF_WORLD, CONTEXT, PRIVILEGED, IMAGE)
"""What everything that runs on a cluster can be given."""
IN_CLUSTER = click.option(
    "--in-cluster",
    is_flag=True,
    help="Let a Job of the cluster run it, as `conformance manifests` prints it.",
)


def of_run(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return a command with the options of everything that runs on a cluster."""
    return _with(OF_RUN, command)


def of_check(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return a command with what a check is given."""
    return _with(OF_CHECK, command)


def _with(options: Sequence[Callable[..., Any]], command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command


RECORD = click.argument("source", metavar="[RECORD]", required=False, type=click.Path(path_type=Path))
"""A record.jsonl or a run's folder."""
