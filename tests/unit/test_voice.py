"""How the code speaks: in the words that a reader of other Python code knows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from hack.pages import anchor
from tests.conftest import ROOT

SUITE = ("conformance", "scenarios", "hack")


def sources(*folders: str) -> list[Path]:
    """Return the Python files in these folders."""
    return [file for folder in folders for file in (ROOT / folder).rglob("*.py")]


def test_a_docstring_says_what_is_returned_in_the_fields_own_words() -> None:
    """Not "Give" or "Say whether": a reader of other Python code looks for "Return" and "Yield"."""
    others = []
    for file in sources(*SUITE, "tests"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
                words = (ast.get_docstring(node) or "").split()
                if words[:1] in (["Give"], ["Gives"]) or words[:2] in (["Say", "whether"], ["Tell", "whether"]):
                    others.append(f"{file.relative_to(ROOT)}: {' '.join(words[:6])}")
    assert others == []


VAGUE = {"one", "said", "found", "made", "told"}
"""What can be the name of anything: a reader asks which one, and who said it."""


def bound(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield each name that is given to something but a function, a class or a module, and its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name, node.lineno


def test_a_name_says_what_it_is_of() -> None:
    """`container` and `message`, not `one` and `said`: also in a comprehension, where it is read by itself."""
    trees = {file.relative_to(ROOT): ast.parse(file.read_text(encoding="utf-8")) for file in sources(*SUITE, "tests")}
    assert [f"{file}:{line}: {name}" for file, tree in trees.items() for name, line in bound(tree) if name in VAGUE] == []


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)#:]*)(?:#([^)]*))?\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
NAMED = re.compile(r"\b[\w./-]+\.md\b")
NOT_HERE = ("summary.md", "worlds.md", "docs/deprecated.md")
"""What runs and reports write, and a page of docker/cli."""


def test_every_link_of_the_documentation_leads_somewhere() -> None:
    links = [(page, *link) for page in PAGES for link in LINK.findall(page.read_text(encoding="utf-8"))]
    assert len(links) > 10
    for page, path, part in links:
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {path}"
        if part:
            assert part in map(anchor, HEADING.findall(target.read_text(encoding="utf-8"))), f"{page.name}: {path}#{part}"


def test_code_names_no_page_that_is_not_there() -> None:
    for file in sources(*SUITE):
        for name in NAMED.findall(file.read_text(encoding="utf-8")):
            ours = name.startswith(("docs/", "domain")) or "/" not in name
            assert not ours or name in NOT_HERE or (ROOT / name).exists(), f"{file.relative_to(ROOT)}: {name}"


def test_the_readme_is_read_in_minutes() -> None:
    assert len((ROOT / "README.md").read_bytes()) <= 6000


MODULE = re.compile(r"`([a-z_]+(?:/[a-z_]+)*\.py)`")


def test_the_documentation_names_modules_that_there_are() -> None:
    for page in [*PAGES, ROOT / "hack" / "README.md"]:
        for name in MODULE.findall(page.read_text(encoding="utf-8")):
            assert any((ROOT / top / name).exists() for top in ("", "conformance")), f"{page.name}: {name}"
