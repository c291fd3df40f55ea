"""What a command line asks of a run, or of a check, as `Asked`."""

from __future__ import annotations

from pathlib import Path

from conformance import images, suite
from conformance.approaches.catalogue import give
from conformance.check import source
from conformance.check.roles import Roles
from conformance.check.subject import Subject
from conformance.choices import QUANTITIES, REPEATS
from conformance.errors import UsageError
from conformance.run.header import Asked
from conformance.run.sources import wanted_processes
from conformance.world.images import image_store
from conformance.world.reach import reach

KNOWN = (*images.NAMES, images.RUNNER)
"""The images that a run can be given others for."""


def of_run(
    *,
    level: str,
    processes: str,
    selection: str,
    repeats: int | None,
    strict_article: bool,
    enforce: bool,
    rate: float,
    world: str | None,
    context: str,
    in_cluster: bool,
    given_images: tuple[str, ...],
    **_how: object,
) -> Asked:
    """Return what a run is asked to do. Raises `UsageError` on words that mean nothing, or contradict each other."""
    count = wanted_processes(processes)
    if level == QUANTITIES and count != "0":
        raise UsageError(f"Quantities are measured one leg at a time, which -n {count} is not.", "leave out -n")
    return Asked(
        level=level, processes=count, selection=selection, repeats=repeats or REPEATS.get(level, 1),
        strict_article=strict_article, enforce=enforce, rate=rate, images=image_store.overrides(given_images, KNOWN),
        world=world or "", context=context, in_cluster=in_cluster,
    )  # fmt: skip


def of_check(
    *,
    which: str,
    namespace: str,
    client: str,
    engine: str,
    socket: str,
    keep_command: bool,
    mend: bool,
    fail_on: tuple[tuple[str, str], ...],
    quick: bool,
    rate: float,
    world: str | None,
    context: str,
    in_cluster: bool,
    given_images: tuple[str, ...],
    **_how: object,
) -> Asked:
    """Return what a check is asked to do. Raises `UsageError` where there is no such pod."""
    described = source.of_cluster(reach(context, world), which, namespace) if namespace else source.of_file(Path(which))
    subject = Subject.of(described, Roles(client, engine, socket), keep_command=keep_command, mended=mend)
    for pod in subject.approaches:
        give(pod)
    kind = "quick" if quick else "whole"
    suite.check_fails(fail_on, kind)
    return Asked(
        check=kind, subject=subject, fail_on=fail_on, rate=rate, context=context, world=world or "", in_cluster=in_cluster,
        images=image_store.overrides(given_images, (*KNOWN, *subject.images)),
    )  # fmt: skip
