"""What to do about what is lost: the approach that keeps it, what else that keeps and loses, and the patch that leads to it."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import yaml
from attrs import frozen

from conformance.analysis.checked import MENDS
from conformance.analysis.counting import counted, were
from conformance.analysis.parts import Part
from conformance.analysis.readable import listed
from conformance.analysis.statistics import times
from conformance.approaches.catalogue import Approach, catalogue
from conformance.check.mend import MENDS_BY, Plain
from conformance.choices import CHOICES
from conformance.claims.fears import Fear, fear_of, kept, weightiest
from conformance.claims.observations import State
from conformance.record.names import CHECKED, MENDED
from conformance.record.stream import Record

MOST = 2
"""So much advice is read."""
FEW = 2
"""So many properties are named where they are counted."""
SOONER = 1.0
"""From how many seconds on a start is sooner for a reader who chooses."""
SHORT = {"dood": "DooD", "dind": "DinD", CHECKED: "the pod", MENDED: "the mended pod"}
"""What a sentence calls an approach where that is not its name."""


@frozen
class Advice:
    """What to do: in words, and the patch that leads from one approach's manifest to another's, '' where there is none."""

    words: str
    of: str = ""
    """The approach that loses something."""
    by: str = ""
    """The approach that keeps it."""
    patch: str = ""


@frozen
class Seen:
    """What a run has seen of each approach: promises that all observations keep, those that any loses, all that it was asked."""

    kept: Mapping[str, set[str]]
    lost: Mapping[str, set[str]]
    asked: Mapping[str, set[str]]

    @classmethod
    def of(cls, parts: Iterable[Part]) -> Seen:
        """Return it; what cannot be asked of an approach was not asked of it."""
        held: dict[str, set[str]] = {}
        gone: dict[str, set[str]] = {}
        undecided: dict[str, set[str]] = {}
        asked: dict[str, set[str]] = {}
        for part in parts:
            prop, name = str(part.line["property"]), str(part.line["approach"])
            if fear_of(prop, str(part.line["family"])) is Fear.FACTS:
                continue
            kind = undecided if not part.state.decided else held if part.state is kept(prop) else gone
            kind.setdefault(name, set()).add(prop)
            if part.state is not State.NOT_APPLICABLE:
                asked.setdefault(name, set()).add(prop)
        for name in held.keys() | gone.keys():
            held[name] = held.get(name, set()) - gone.setdefault(name, set()) - undecided.get(name, set())
        return cls(held, gone, asked)


def compared(record: Record) -> dict[str, str]:
    """Return the approaches of which something can be lost, with what a sentence calls them.

    The baseline is no way to get containers, and a manifest as printed is asked for what it says, not for what a pod promises.
    """
    known = record.header.get("approaches", {})
    spawning = [name for name in record.approaches if known.get(name, {}).get("spawns", True)]
    return {name: SHORT.get(name, name) for name in spawning if name not in catalogue() or not catalogue()[name].as_printed}


def originals() -> dict[str, str]:
    """Return each approach that was made of another, with that; a builder, which runs no containers, is in nobody's place."""
    made_of = {name: each.like for name, each in catalogue().items() if each.like and not each.builder}
    return {MENDED: CHECKED, **made_of}


def alternatives(
    record: Record,
    parts: Sequence[Part],
    asked: Iterable[tuple[str, Sequence[str]]],
    names: Mapping[str, str],
    starts: Mapping[str, Sequence[float]],
) -> Iterator[Advice]:
    """Yield what keeps what is lost: `asked` are properties, that of most weight first, and who loses each.

    `starts` are the cold starts of the run's legs, in seconds (`repeats.cold_starts`).
    For each loser it is an approach that keeps the first that any keeps: one that is made of the loser before others, then the
    one that keeps most of what the loser loses. Where none was deployed, it is a mend that a run on record has shown.
    A builder without an engine is none: it keeps what is asked of builds, and runs no containers.
    """
    seen = Seen.of(parts)
    like = originals()
    known = record.header.get("approaches", {})
    running = [name for name in names if not known.get(name, {}).get("builder")]
    helped: set[str] = set()
    advised: set[str] = set()
    for prop, losers in asked:
        for loser in losers:
            if loser in helped or len(advised) == MOST:
                continue
            able = [name for name in running if prop in seen.kept.get(name, ())]
            able.sort(key=lambda name: (like.get(name) != loser, -len(seen.kept[name] & seen.lost[loser]), name != MENDS_BY))
            if able and able[0] not in advised:
                helped.add(loser)
                advised.add(able[0])
                yield _shown(record, loser, able[0], seen, names, starts)
            elif not able and (by := _known(record, loser, prop)) and by not in advised:
                helped.add(loser)
                advised.add(by)
                yield _on_record(record, loser, by, prop, names)
    if not advised and any(losers for _, losers in asked):
        those = " and that runs containers" if len(running) < len(names) else ""
        yield Advice(f"nothing that this run deployed{those} keeps what is lost, and no run on record has shown what does.")


def _shown(
    record: Record, loser: str, by: str, seen: Seen, names: Mapping[str, str], starts: Mapping[str, Sequence[float]]
) -> Advice:
    """Return what the run has shown of an approach in the place of another: what it keeps, and its price."""
    before, after = seen.lost[loser], seen.lost[by]
    asked_of_both, saved = before & (seen.kept[by] | after), before & seen.kept[by]
    costs = [
        (after & seen.kept[loser], f"that {names[loser]} keeps"),
        (after - seen.asked[loser], "asked of it alone"),
        ((after & seen.asked[loser]) - before - seen.kept[loser], f"that {{was}} not decided of {names[loser]}"),
    ]
    words = f"{names[by]} keeps {len(saved)} of {counted(len(asked_of_both), 'promise')} that {names[loser]} loses here"
    words += " (of those asked of both)" if len(asked_of_both) < len(before) else ""
    losses = [f"{len(lost)} {which.format(was=were(len(lost)))}{_named(lost)}" for lost, which in costs if lost]
    words += f", and loses {', and '.join(losses)}" if losses else ""
    granted = [record.header.get("approaches", {}).get(name, {}).get("granted", []) for name in (loser, by)]
    if beyond := [grant for grant in granted[1] if grant not in granted[0]]:
        words += f". It has to be granted {'; '.join(beyond)}"
    if took := _took(loser, by, starts):
        words += f". It starts in {took[by]:.1f} s, {names[loser]} in {took[loser]:.1f} s (medians)"
    reasons = weightiest(after & seen.kept[loser] | after - seen.asked[loser], names[by])
    if took and took[by] - took[loser] >= SOONER:
        reasons.append("that start")
    words += f". Stay with {names[loser]} if this weighs more: {reasons[0]}" if reasons else ""  # a phone shows no more
    return Advice(f"{words}.", loser, by, patch(loser, by))


def _named(props: Collection[str]) -> str:
    """Return the ids of a few properties, '' of more: of some of them a reader learns nothing."""
    return f": {listed(sorted(props))}" if len(props) <= FEW else ""


def _took(loser: str, by: str, starts: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return the median of how long each of two takes to start, of the kinds of legs that both have; {} where they have none."""
    kinds: dict[str, dict[str, Sequence[float]]] = {loser: {}, by: {}}
    for leg, samples in starts.items():
        approach, _, kind = leg.partition(".")
        if approach in kinds and samples:
            kinds[approach][kind] = samples
    both = kinds[loser].keys() & kinds[by].keys()
    every = {name: [sample for kind in both for sample in kinds[name][kind]] for name in kinds}
    return {name: times(samples).median for name, samples in every.items()} if both else {}


def _known(record: Record, loser: str, prop: str) -> str:
    """Return the approach of which a run on record, in a world of this kind, has shown that it mends this; '' where none has."""
    cgroup, like = str(record.header["world"]["cgroup"]), originals()
    return next((by for by, worlds in MENDS.items() if like.get(by) == loser and prop in worlds.get(cgroup, ())), "")


def _on_record(record: Record, loser: str, by: str, prop: str, names: Mapping[str, str]) -> Advice:
    where = f"{by} was not deployed in this run; a run on record, in a world with cgroup {record.header['world']['cgroup']}"
    shows = f"shows that it keeps {prop}, which {names[loser]} loses"
    levels = {catalogue()[by].level, *(line["level"] for line in record.observations if line["property"] == prop)}
    level = max(levels, key=CHOICES.index)
    return Advice(f"{where}, {shows}. `conformance run --level {level}` judges it here.", loser, by, patch(loser, by))


def patch(of: str, by: str) -> str:
    """Return how a manifest becomes another's, as a diff of their YAML without comments; '' where the catalogue lacks either."""
    if not {of, by} <= catalogue().keys():
        return ""
    before, after = (_as_yaml(catalogue()[name], of).splitlines(keepends=True) for name in (of, by))
    return "".join(difflib.unified_diff(before, after, f"approaches/{of}.yaml", f"approaches/{by}.yaml", n=2))


def _as_yaml(approach: Approach, name: str) -> str:
    """Return an approach's manifest under another's name: that it has its own is no part of what mends it."""
    pod = copy.deepcopy(approach.manifest)
    pod["metadata"]["name"] = name
    return str(yaml.dump_all([*approach.beside, pod], Dumper=Plain, sort_keys=False, width=120))
