"""What a run is asked to do, and the record's header, which says so: what, where, and of which cells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from importlib import metadata

from attrs import evolve, field, frozen

from conformance.approaches.catalogue import Approach, catalogue
from conformance.check.subject import Subject
from conformance.choices import RATE, REPEATS
from conformance.controls.catalogue import Control, controls, deployed
from conformance.record import stream
from conformance.run.preflight import Preflight
from conformance.suite import Cell, claim_lines

IN_CLUSTER = "in-cluster"
"""The context of a run that is in the cluster itself, as its Job's account (`conformance.in_pod`)."""


@frozen
class Asked:
    """What one run is asked to do, as on its command line."""

    level: str = "core"
    processes: str = "0"
    selection: str = ""
    repeats: int = 1
    strict_article: bool = False
    enforce: bool = False
    rate: float = RATE
    """What an hour of one CPU costs, in USD."""
    images: Mapping[str, str] = field(factory=dict)
    """Public name of an image -> the reference to use in its place, where the user gave one."""
    world: str = ""
    """Where the cluster is, where the user named it so."""
    controls: str = ""
    """Which controls are judged, instead of approaches (choices.CONTROLS)."""
    context: str = ""
    """Of the user's kubeconfig, where the cluster is the user's own."""
    check: str = ""
    """Whether a pod of the user's own is judged instead of approaches (choices.CHECKS)."""
    subject: Subject | None = None
    """That pod."""
    node: str = ""
    """On which node it is judged, where the user named one; '' is any that takes it."""
    fail_on: tuple[tuple[str, str], ...] = ()
    """States of properties with which a check fails: (state, property)."""
    in_cluster: bool = False
    """Whether a Job of the cluster is to run it."""

    def by_job(self, images: Mapping[str, str]) -> Asked:
        """Return what the Job of an `in_cluster` run is asked to do, with these images: it is where the cluster is."""
        subject = evolve(self.subject, command=self.subject.of_copy) if self.subject else None
        return evolve(self, world="", context="", images=images, in_cluster=False, subject=subject)

    @property
    def command(self) -> str:
        """Return the command line that asks for the same."""
        command = f"conformance run --level {self.level} -n {self.processes}"
        if self.controls:
            command = "conformance selfcheck" + (" --fast" if self.controls == "fast" else "")
        if self.subject:
            command = f"conformance check {self.subject.command}" + (" --quick" if self.check == "quick" else "")
        command += f" --world {self.world}" if self.world else ""
        command += f" --context {self.context} --allow-privileged" if self.context not in ("", IN_CLUSTER) else ""
        command += " --in-cluster" if self.in_cluster or self.context == IN_CLUSTER else ""
        command += "".join(f" --image {name}={reference}" for name, reference in self.images.items())
        command += f" --nodes kubernetes.io/hostname={self.node}" if self.node else ""
        command += f" --fail-on {','.join(f'{state}:{prop}' for state, prop in self.fail_on)}" if self.fail_on else ""
        command += f" -k {self.selection!r}" if self.selection else ""
        usual = 1 if self.controls else REPEATS.get(self.level, 1)
        command += f" --repeat {self.repeats}" if self.repeats != usual else ""
        command += f" --rate {self.rate:g}" if self.rate != RATE else ""
        command += " --strict-article" if self.strict_article else ""
        return command + ((" --strict" if self.controls else " --enforce") if self.enforce else "")


def header(asked: Asked, preflight: Preflight, cells: Iterable[Cell]) -> stream.Line:
    """Return the record's first line."""
    return {
        "kind": "header",
        "schema": stream.SCHEMA,
        "run": preflight.footing.run,
        "version": metadata.version("conformance"),
        "started": now(),
        "command": asked.command,
        "world": preflight.world,
        "stand_ins": preflight.footing.stand_ins,
        "preflight": preflight.notes,
        "claims": [] if asked.controls or asked.subject else claim_lines(asked.level, cells),
        "approaches": {a.name: _approach(a) for a in deployed_by(asked)},
        **({"controls": controls_of()} if asked.controls else {}),
        **({"checked": asked.subject.as_line()} if asked.subject else {}),
        "cells": [_line(cell) for cell in cells],
    }


def deployed_by(asked: Asked) -> Iterable[Approach]:
    """Return what a run may deploy."""
    if asked.subject:
        return asked.subject.approaches
    return deployed() if asked.controls else catalogue().values()


def _approach(approach: Approach) -> stream.Line:
    """Return an approach as a record has it; `engine` is the container of its engine, '' where it brings none."""
    granted, spawns = list(approach.granted), approach.spawns or bool(approach.builder)  # the steps of a build, if no child
    return {"title": approach.title, "granted": granted, "spawns": spawns, "engine": approach.daemon, "builder": approach.builder}


def controls_of() -> stream.Line:
    """Return every control as a record has it, by name."""
    return {control.name: _control(control) for control in controls().values()}


def _control(control: Control) -> stream.Line:
    """Return which mistake a control catches, and its parts by name, with property and variation."""
    asked = {name: {"property": part.prop, "variation": part.variation, "kept": part.kept.value}
             for name, (part, _) in control.parts().items()}  # fmt: skip
    return {"title": control.title, "mistake": control.mistake, "not_run": control.not_run, "parts": asked}


def _line(cell: Cell) -> stream.Line:
    """Return a cell, with what the property's source predicts of its approach, None where it is silent."""
    predicted = cell.prop.predicts.get(cell.approach)
    return {
        "property": cell.prop.id,
        "leg": cell.leg,
        "family": cell.family.name,
        "sentence": cell.family.sentence,
        "predicted": predicted.value if predicted else None,
    }


def now() -> str:
    """Return the time, as a record has it."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
