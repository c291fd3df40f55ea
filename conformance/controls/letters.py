"""The letters of a control's vector: which property each part of one is, on which variation, and in which state it is kept."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from conformance.claims.observations import State


@frozen
class Part:
    """One thing that is asked of every control whose vector has it: a property, on a variation.

    `kept` is the state in which a pod's promise is kept: a property may say the opposite of what is promised.
    """

    prop: str
    variation: str
    kept: State = State.HOLDS

    def state(self, symbol: str) -> State:
        """Return what is to be observed where a vector has this symbol. Raises `KeyError`."""
        other = State.LACKS if self.kept is State.HOLDS else State.HOLDS
        return {"P": self.kept, "F": other, **DECIDE_NOTHING}[symbol]


DECIDE_NOTHING = {"?": State.INCONCLUSIVE, "-": State.NOT_APPLICABLE, "E": State.ERROR}
SYMBOLS = {
    "P": "a pod's promise is kept", "F": "it is broken", "?": "INCONCLUSIVE", "-": "NOT-APPLICABLE", "E": "ERROR",
}  # fmt: skip
MAIN, GRACEFUL, BURNT, TWINS, SETTING = "foreground-forced", "foreground", "laden", "twins", "storing"
"""The legs of a control: most is read of one that is deleted by force, for nobody waits for it; the others cost a leg each."""


@frozen
class Letter:
    """A promise of a pod, in a word, and the parts in which it is asked."""

    says: str
    parts: Mapping[str, Part]


LETTERS: Mapping[str, Letter] = {
    "N": Letter("the pod's IP answers", {
        "published": Part("P2-05", MAIN), "unpublished": Part("P2-05.unpublished", MAIN)}),
    "L": Letter("the child ends with its pod", {
        "graceful": Part("P2-10", GRACEFUL), "forced": Part("P2-10", MAIN), "engine": Part("L-02", "engine-killed")}),
    "G": Letter("what it wrote goes with the pod", {"layers": Part("P2-08", MAIN), "bytes": Part("P2-11", MAIN)}),
    "R": Letter("the pod's limits bind it", {
        "place": Part("P2-13", MAIN), "memory": Part("P2-13.memory", BURNT), "cpu": Part("P2-13.cpu", BURNT)}),
    "A": Letter("what it uses is the pod's", {"weight": Part("P2-13.weight", MAIN), "billed": Part("P2-24", BURNT)}),
    "V": Letter("the node's engine does not list it", {"listed": Part("P2-15", MAIN)}),
    "M": Letter("names are the pod's own", {"name": Part("P2-04", TWINS)}),
    "O": Letter("ports are the pod's own", {"opened": Part("P2-06", MAIN), "contended": Part("P2-07", TWINS)}),
    "S": Letter("the graph is the pod's own", {
        "exclusive": Part("P2-14", MAIN), "volume": Part("P2-16", MAIN), "shared": Part("J-03", "reuse-kept")}),
    "D": Letter("the engine is in the pod", {"above": Part("P1-02", MAIN, State.LACKS)}),
    "X": Letter("no other pod commands the engine", {"api": Part("H-02", MAIN)}),
    "J": Letter("a Job of it completes", {"job": Part("K-02", MAIN)}),
    "H": Letter("what the pod sets is the child's, too", {
        "hosts": Part("SETTINGS.hosts", SETTING), "sysctls": Part("SETTINGS.sysctls", SETTING),
        "variable": Part("SETTINGS.variable", SETTING), "memory": Part("SETTINGS.memory", SETTING),
        "token": Part("SETTINGS.token", SETTING), "workspace": Part("SETTINGS.workspace", SETTING),
        "owner": Part("SETTINGS.owner", SETTING), "forbidden": Part("SETTINGS.forbidden", SETTING)}),
    "U": Letter("what is asked for as the host's is the pod's", {
        "network": Part("HOST.network", SETTING), "processes": Part("HOST.processes", SETTING)}),
    "C": Letter("the engine's default filter binds it", {"filter": Part("S-16", GRACEFUL)}),
    "W": Letter("a step's network goes with the pod", {"network": Part("NETWORK", "detached-forced")}),
}  # fmt: skip
"""In the order in which vectors are written."""


def parts(vector: Mapping[str, str]) -> dict[str, tuple[Part, str]]:
    """Return, by its name (`L.forced`), each part that a vector speaks of, with its symbol.

    `L` speaks of the parts of L that cost no leg beyond the main one and the graceful one; `L.engine` of one alone, and has
    the last word. Raises `KeyError` for what is no letter, part or symbol.
    """
    read: dict[str, tuple[Part, str]] = {}
    for name, symbol in sorted(vector.items(), key=lambda item: item[0].count(".")):
        letter, _, part = name.partition(".")
        asked = LETTERS[letter].parts
        cheap = [key for key, each in asked.items() if each.variation in (MAIN, GRACEFUL)]
        if not part and not cheap:
            raise KeyError(f"{name}: name one of its parts, {', '.join(asked)}")
        for key in [part] if part else cheap:
            asked[key].state(symbol)
            read[f"{letter}.{key}"] = (asked[key], symbol)
    in_order = [f"{letter}.{key}" for letter, each in LETTERS.items() for key in each.parts]
    return {name: read[name] for name in in_order if name in read}
