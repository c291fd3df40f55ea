"""What is asked of the node probe, and what it answers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import conformance.probes.agent.__main__  # noqa: F401 -- registers every question
from conformance.probes.agent.questions import QUESTIONS
from tests.conftest import ROOT


def asked_in(path: Path) -> Iterator[tuple[str, int]]:
    """Yield which questions a module asks the node probe by name, and in which line: `ask`, `ask_everywhere`, a stream."""
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(call, ast.Call):
            continue
        words = [argument.value if isinstance(argument, ast.Constant) else None for argument in call.args]
        texts = [word if isinstance(word, str) else "" for word in (*words, None, None, None, None)]
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        passed = [number for number, argument in enumerate(call.args) if ast.unparse(argument).endswith(".ask")]
        name = {"ask": texts[1] or texts[0], "ask_everywhere": texts[3], "_get": texts[0]}.get(method, "")
        for question in (name, *(texts[number + 1] for number in passed)):
            if question:
                yield question, call.lineno


def test_what_is_asked_is_a_question_and_every_question_is_asked() -> None:
    modules = [path for top in ("conformance", "scenarios") for path in (ROOT / top).rglob("*.py")]
    asked = {question: f"{path.relative_to(ROOT)}:{line}" for path in modules for question, line in asked_in(path)}
    unknown = [f"{place} asks the node probe {name!r}" for name, place in asked.items() if name not in QUESTIONS]
    assert not unknown, f"{unknown}: no function of conformance/probes/agent/ of that name has @question above it"
    assert not (idle := QUESTIONS.keys() - asked.keys()), f"nobody asks {idle} of the node probe"
