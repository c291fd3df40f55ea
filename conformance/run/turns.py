"""When a leg of a run begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum

from conformance.controls.catalogue import approach_of
from conformance.legs.variations import VARIATIONS
from conformance.suite import Cell


class Turn(IntEnum):
    """When a leg of a run begins: what it waits for at its end runs while those of a later turn are at work."""

    GRACE = 0
    """It waits out its pod's grace."""
    ALONE = 1
    """It has the node for itself, for which nobody need be waited for now. Then it may wait for what kubelet has to tell."""
    REST = 2


def _turn(of_leg: Sequence[Cell]) -> Turn:
    """Return a leg's turn, by its cells."""
    variation, approach = VARIATIONS[of_leg[0].variation], approach_of(of_leg[0].approach)
    if (variation.detached or variation.deaf) and not variation.forced:
        return Turn.GRACE
    waits = any(cell.prop.with_cpus_alone and cell.prop.unhurried for cell in of_leg)
    return Turn.ALONE if waits or approach.marks_image else Turn.REST


def in_order(legs: Mapping[str, list[Cell]]) -> list[tuple[Turn, str, list[Cell]]]:
    """Return legs in the order in which they begin; of equal turn first those that burn, then those of which most is read.

    Those that are measured, of which a repeat has nothing else, begin in the order of the report, and in every second repeat from
    its end: ABBA, so that what drifts in a machine is no approach's (Box, Hunter and Hunter, Statistics for Experimenters).
    """
    if all(VARIATIONS[cell.variation].measured for of_leg in legs.values() for cell in of_leg):
        there = [(Turn.REST, name, of_leg) for name, of_leg in legs.items()]
        return there[::-1] if any(cell.repeat % 2 == 0 for _, _, of_leg in there for cell in of_leg) else there

    def place(leg: tuple[Turn, str, list[Cell]]) -> tuple[Turn, bool, int, str]:
        turn, name, of_leg = leg
        return turn, not any(cell.prop.with_cpus_alone for cell in of_leg), -len(of_leg), name

    return sorted(((_turn(of_leg), name, of_leg) for name, of_leg in legs.items()), key=place)
