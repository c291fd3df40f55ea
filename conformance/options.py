"""Options and arguments of commands, most of them of several. Like cli.py it imports nothing that acts."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from conformance.choices import ENGINES, HOST, RATE, RUNTIMES, WORLDS


def _finite(_context: click.Context, _parameter: click.Parameter, number: float) -> float:
    """Return the number. Raises `click.BadParameter` on what is none, which is neither below nor above a bound."""
    if not math.isfinite(number):
        raise click.BadParameter(f"{number} is not a finite number.")
    return number


def _reports(default: str) -> Callable[[Any], Any]:
    """Return the option of a folder of runs."""
    return click.option(
        "--reports",
        type=click.Path(path_type=Path),
        default=Path(default),
        show_default=True,
        help="The folder of all runs' records and reports.",
    )


REPORTS, SELFCHECKS = _reports("reports"), _reports("reports/selfcheck")
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
    default=1,
    show_default=True,
    metavar="N",
    help="Deploy every leg N times in a row, and record each.",
)
QUIET = click.option("-q", "quiet", is_flag=True, help="Print only the last line.")
JSON = click.option(
    "--json", "as_json", is_flag=True, help="Print nothing but JSON: one line for each observation, and one at the end."
)
PRIVILEGED = click.option(
    "--allow-privileged", is_flag=True, help="With --context: allow privileged pods, and what else the run says that it needs."
)
RECORD = click.argument("source", metavar="[RECORD]", required=False, type=click.Path(path_type=Path))
"""A record.jsonl or a run's folder."""
