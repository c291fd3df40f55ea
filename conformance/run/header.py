"""A record's header: what the run is asked to do, where, and of which cells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from importlib import metadata

from conformance.approaches.catalogue import catalogue
from conformance.record import stream
from conformance.run.asked import Asked
from conformance.run.preflight import Preflight
from conformance.suite import Cell, claim_lines


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
        "claims": claim_lines(asked.level, cells),
        "approaches": {a.name: {"title": a.title, "granted": list(a.granted), "spawns": a.spawns} for a in catalogue().values()},
        "cells": [_line(cell) for cell in cells],
    }


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
