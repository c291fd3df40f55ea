"""How the code speaks: in the words that a reader of other Python code knows."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("conformance", "scenarios", "hack", "tests")


def test_a_docstring_says_what_is_returned_in_the_fields_own_words() -> None:
    """Not "Give" or "Say whether": a reader of other Python code looks for "Return" and "Yield"."""
    found = []
    for file in [file for folder in ("conformance", "scenarios", "hack", "tests") for file in (ROOT / folder).rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
                words = (ast.get_docstring(node) or "").split()
                if words[:1] in (["Give"], ["Gives"]) or words[:2] in (["Say", "whether"], ["Tell", "whether"]):
                    found.append(f"{file.relative_to(ROOT)}: {' '.join(words[:6])}")
    assert found == []
