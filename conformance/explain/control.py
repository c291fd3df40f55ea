"""One control explained: the mistake that it catches, its vector in words, its manifest; and all of them listed."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources

from conformance.controls.catalogue import FOLDER, Control, controls
from conformance.controls.letters import LETTERS, SYMBOLS, Part
from conformance.explain.wrapping import wrapped

BESIDE = 14
"""Where the text beside a control's name, or a part's, begins."""


def listed() -> Iterator[str]:
    """Yield every control with what it is and the mistake that it catches, or why none here is run."""
    for control in controls().values():
        yield from wrapped(control.name, f"{control.title}{' (fast)' * control.fast}", BESIDE)
        yield from wrapped("", f"not run: {control.not_run}" if control.not_run else control.mistake, BESIDE)


def explained(control: Control) -> Iterator[str]:
    """Yield the lines that explain a control."""
    yield from wrapped("", f"{control.name}: {control.title}", 0)
    yield from wrapped("mistake", control.mistake, BESIDE)
    if control.approach is None:
        yield from wrapped("not run", control.not_run, BESIDE)
        return
    yield from wrapped("granted", ", ".join(control.approach.granted) or "nothing", BESIDE)
    yield from ("", "What must be observed of it")
    asked = control.parts()
    for name, (part, symbol) in asked.items():
        yield from wrapped(name, _in_words(name, part, symbol), BESIDE)
    for world in control.worlds:
        for name, (part, symbol) in control.parts(world).items():
            if asked.get(name) != (part, symbol):
                yield from wrapped(name, f"where the nodes have cgroup {world}: {_in_words(name, part, symbol)}", BESIDE)
    yield from ("", f"Its manifest, conformance/{FOLDER}/{control.name}.yaml")
    manifest = resources.files("conformance") / FOLDER / f"{control.name}.yaml"
    yield from (f"  {line}".rstrip() for line in manifest.read_text(encoding="utf-8").splitlines())
    speed = " --fast" if control.fast else ""
    yield from ("", f"  conformance selfcheck{speed} -k {control.name}")


def _in_words(name: str, part: Part, symbol: str) -> str:
    """Return what a symbol means of a part: the promise, what becomes of it, and the observation that says so."""
    promise = LETTERS[name.partition(".")[0]].says
    return f"{promise}: {SYMBOLS[symbol]} ({part.prop} on {part.variation}: {part.state(symbol).value})"
