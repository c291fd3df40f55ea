"""One property explained: what it claims, how it is seen and judged, what a record holds of it, and how to see it by hand."""

from __future__ import annotations

import difflib
import inspect
import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from conformance import suite
from conformance.analysis.parts import Part
from conformance.analysis.summary import Summary
from conformance.approaches.catalogue import Approach
from conformance.claims.article import CLAIMS, Claim
from conformance.claims.properties import Property
from conformance.controls.catalogue import controls
from conformance.errors import UsageError
from conformance.evidence import cgroupfs
from conformance.evidence.items import Evidence
from conformance.explain import control, mended, script
from conformance.explain.listing import needs, predictions
from conformance.explain.wrapping import wrapped
from conformance.legs.variations import VARIATIONS
from conformance.record.stream import Record
from conformance.report.printable import printable

ANSWER = 500
"""So many characters of an answer are shown; the record has all of it."""
BESIDE = 11
UNSEEN = (
    "No run's record is here. `conformance explain ID RECORD` also says what was seen of it, and how to see the same by hand."
)
BY_HAND = "By hand (nodes of a kind cluster are containers: docker exec; elsewhere kubectl debug node/$NODE)"


def explain(name: str, record: Record | None, approaches: Mapping[str, Approach]) -> Iterator[str]:
    """Yield the lines that explain a property, a claim, or a control.

    Raises `UsageError` where there is none of that name, with the near ones.
    """
    properties = {prop.id: prop for prop in suite.properties()}
    known = {key.lower(): key for key in (*properties, *CLAIMS)}
    if name.lower() not in known:  # the manifests of all controls are read for their names
        known |= {key.lower(): key for key in controls()}
    wanted = known.get(name.lower())
    if wanted is None:
        near = difflib.get_close_matches(name.lower(), known, n=4, cutoff=0.5)
        hint = f" Near it: {', '.join(known[key] for key in near)}." if near else ""
        raise UsageError(f"Nothing has the id {name!r}.{hint}", "conformance list shows what there is")
    parts = [part for part in properties if part.startswith(f"{wanted}.")]
    if wanted in properties:
        yield from _declared(properties[wanted], parts, approaches)
        if record:
            yield from _observed(properties[wanted], record, approaches)
        else:
            yield from ("", *wrapped("", UNSEEN, 0), *mended.on_record(wanted))
    elif wanted in controls():
        yield from control.explained(controls()[wanted])
    else:
        yield from _claim(CLAIMS[wanted], parts)


def _claim(claim: Claim, parts: list[str]) -> Iterator[str]:
    yield from wrapped(claim.id, f"{claim.says} ({claim.source})", BESIDE)
    judged = f"judged in parts: {', '.join(parts)}" if parts else f"not judged: {suite.unjudged(claim, '')}"
    yield from wrapped("", judged, BESIDE)


def _declared(prop: Property, parts: list[str], approaches: Mapping[str, Approach]) -> Iterator[str]:
    yield from wrapped("", f"{prop.id}: {prop.sentence}", 0)
    claim = CLAIMS.get(prop.claim)
    facts = {
        "claim": f"{claim.id}: {claim.says}" if claim else "",
        "parts": f"judged apart: {', '.join(parts)}" if parts else "",
        "source": prop.source,
        "prediction": predictions(prop),
        "level": f"{prop.level}, family {suite.family_of(prop)}",
        "judged of": ", ".join(suite.asked_of(prop)),
        "needs": "; ".join(needs(prop, approaches)),
    }
    for word, fact in facts.items():
        yield from wrapped(word, fact, BESIDE) if fact else []
    for variation in prop.legs:
        yield from wrapped("leg", f"{variation}: {VARIATIONS[variation].words}", BESIDE)
    for known in prop.expects:
        where = ", ".join(f"{key} {value}" for key, value in {"leg": known.leg, **known.world}.items() if value) or "everywhere"
        line = f"{known.approach}, {where}: {known.state.value}, {known.because} ({known.see})"
        yield from wrapped("expected", line, BESIDE)
    yield from ("", "How it is seen")
    stages = {
        "serving": prop.while_serving,
        "alone": prop.with_cpus_alone,
        "waiting": prop.unhurried,
        "gone": prop.after_deletion,
    }
    for when, readings in stages.items():
        for reading in readings:
            yield from wrapped(when, _words(reading), BESIDE)
    yield from wrapped("every leg", "which child it is and which daemon's, while it serves; its pod's deletion, watched", BESIDE)
    yield from ("", "How it is judged")
    yield from wrapped("", _words(prop.judged_by), BESIDE)


def _words(function: object) -> str:
    """Return a function's docstring as one paragraph, or its name."""
    text = inspect.getdoc(function) or str(getattr(function, "__name__", ""))
    return " ".join(text.split())


def _observed(prop: Property, record: Record, approaches: Mapping[str, Approach]) -> Iterator[str]:
    summary = Summary.of(record)
    lines = [line for line in record.observations if line["property"] == prop.id]
    yield from ("", *wrapped("", f"What run {record.header['run']} saw ({summary.world.line})", 0))
    if not lines:
        yield from wrapped("", "This record has no observation of it.", BESIDE)
    evidence = summary.evidence
    for line in lines:
        yield ""
        yield from _leg(Part.of(line), [evidence[cited] for cited in line["cites"] if cited in evidence])
    yield from ("", *wrapped("", BY_HAND, 0))
    yield from (f"  {line}" for line in (script.COMMENTS, *script.reach(str(record.header["world"].get("leg_node", "")))))
    for name in dict.fromkeys(line["approach"] for line in lines):
        if name in approaches:
            cited = [evidence[each] for line in lines if line["approach"] == name for each in line["cites"] if each in evidence]
            yield from (f"  {line}" for line in script.of_approach(approaches[name], record, cited))
    yield f"  conformance run --level {prop.level} -k '{prop.id}['"
    yield from mended.shown(prop.id, summary)


def _leg(part: Part, cited: list[Evidence]) -> Iterator[str]:
    line = part.line
    yield f"{part.state.sign} {line['leg']}: {part.state.value}"
    yield from wrapped("because", _flat(line["reason"]), BESIDE)
    predicted = f"{part.sayer} predicts {line['predicted'] or 'nothing'}: {part.verdict.value}"
    yield from wrapped("so", f"{predicted}; expected here: {line['expected'] or 'unknown'}, {line['why_expected']}", BESIDE)
    for evidence in cited:
        yield from wrapped("evidence", _flat(f"{evidence.id}, {evidence.name} ({evidence.where})"), BESIDE)
        yield from wrapped("  asked", _short(evidence.asked), BESIDE)
        yield from wrapped("  answer", _short(_decisive(evidence)), BESIDE)


def _decisive(evidence: Evidence) -> Any:  # noqa: ANN401 -- any JSON
    """Return the part of an answer that a judge looks at first."""
    output = evidence.output
    if isinstance(output, list):
        return [_process(each) if isinstance(each, dict) and "cmdline" in each else each for each in output]
    if not isinstance(output, dict):
        return output
    if "levels" in output:
        return [bound for controller in cgroupfs.LIMITS for bound in _bounds(controller, cgroupfs.levels(output))]
    if "events" in output:
        names = ("at", "event", "role", "pid")
        return [" ".join(str(event[name]) for name in names if name in event) for event in output["events"]]
    if "metadata" in output:
        return output.get("status", output)
    return output


def _process(process: Mapping[str, Any]) -> str:
    return f"pid {process['pid']}, started at {process['start']}: {' '.join(process['cmdline'])}"


def _bounds(controller: str, levels: list[cgroupfs.Level]) -> list[str]:
    """Return where a process is in a controller's hierarchy, and every limit from there to the node's root."""
    way = [(level, cgroupfs.LIMITS[controller](level)) for level in cgroupfs.of(controller, levels)]
    bounds = [f"{limit:.12g} by {level.parts[-1] if level.parts else '/'}" for level, limit in way if math.isfinite(limit)]
    return [f"{controller} at {way[0][0].path}, limited to {' and to '.join(bounds) or 'nothing'}"] if way else []


def _flat(value: Any) -> str:  # noqa: ANN401 -- any JSON
    """Return a value as one line, long ids cut."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        value = "; ".join(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return LONG_ID.sub(r"\1...", printable(" ".join(text.split())))


def _short(value: Any) -> str:  # noqa: ANN401 -- any JSON
    """Return a value as one line, cut where it is long."""
    flat = _flat(value)
    return flat if len(flat) <= ANSWER else f"{flat[:ANSWER]} ... ({len(flat) - ANSWER} more characters)"


LONG_ID = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")
