"""What there is to be judged as data: the same claims, properties and controls as `listing` has, for machines and for a page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from conformance import suite
from conformance.approaches.catalogue import Approach
from conformance.choices import CHOICES
from conformance.claims.article import CLAIMS
from conformance.claims.properties import Property
from conformance.controls.catalogue import controls
from conformance.explain.listing import needs
from conformance.report.markdown import flat

Entry = dict[str, Any]


def entries(level: str, approaches: Mapping[str, Approach]) -> dict[str, list[Entry]]:
    """Return the article's claims, the properties up to a level, and the controls, by kind.

    Raises `UsageError` where the catalogue has an approach that nothing judges.
    """
    suite.check()
    shown = [prop for prop in suite.properties() if CHOICES.index(prop.level) <= CHOICES.index(level)]
    judged = {claim: [prop.id for prop in shown if prop.claim == claim] for claim in CLAIMS}
    return {
        "claims": [
            {"id": claim.id, "says": claim.says, "source": claim.source, "judged_by": judged[claim.id]}
            for claim in CLAIMS.values()
        ],
        "properties": [_property(prop, approaches) for prop in shown],
        "controls": [
            {"id": each.name, "is": each.title, "mistake": each.mistake, "fast": each.fast, "not_run": each.not_run,
             "vector": {name: symbol for name, (_, symbol) in each.parts().items()}}
            for each in controls().values()
        ],
    }  # fmt: skip


def _property(prop: Property, approaches: Mapping[str, Approach]) -> Entry:
    return {
        "id": prop.id,
        "says": prop.sentence,
        "level": prop.level,
        "family": suite.family_of(prop),
        "judged_of": suite.asked_of(prop),
        "legs": list(prop.legs),
        "predicts": {name: state.value for name, state in prop.predicts.items()},
        "needs": needs(prop, approaches),
        "source": prop.source,
    }


def as_json(listed: Mapping[str, list[Entry]]) -> str:
    """Return the entries as one JSON document."""
    return json.dumps(listed, indent=1, ensure_ascii=False)


def as_markdown(listed: Mapping[str, list[Entry]]) -> str:
    """Return a table of each kind, a column for each thing that is said of it."""
    lines = []
    for kind, of_kind in listed.items():
        heads = list(of_kind[0])
        lines += [f"## {kind.capitalize()}", "", _row([head.replace("_", " ") for head in heads]), _row(["---"] * len(heads))]
        lines += [*(_row([_cell(entry[head]) for head in heads]) for entry in of_kind), ""]
    return "\n".join(lines).rstrip()


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: Any) -> str:  # noqa: ANN401 -- any JSON
    """Return what is said in a cell of markdown: lists and maps as words."""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, dict):
        value = [f"{name} {what}" for name, what in value.items()]
    return flat(", ".join(value) if isinstance(value, list) else str(value))
