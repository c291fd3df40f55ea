"""The kernel of a world: its options, its edits, its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.world.machine.progress import Progress
from conformance.world.uml import kernel


def test_an_option_that_the_kernel_does_not_take_is_named() -> None:
    options = "# why\nCONFIG_A=y\nCONFIG_B=y\nCONFIG_C=n\nCONFIG_D=n\nCONFIG_E=2048\n"
    assert list(kernel.not_taken(options, "CONFIG_A=y\n# CONFIG_C is not set\nCONFIG_D=y\nCONFIG_E=2048\n")) == [
        "CONFIG_B=y",
        "CONFIG_D=n",
    ]


def test_the_kernels_name_covers_its_options_and_edits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = kernel.cached()
    assert before == kernel.cached()
    folder = tmp_path / "kernel"
    folder.mkdir()
    (folder / "options.config").write_text("CONFIG_A=y\n")
    monkeypatch.setattr(kernel, "FOLDER", folder)
    other = kernel.cached()
    (folder / "one.patch").write_text("Why it is edited.\n\n--- a/x\n+++ b/x\n")
    assert len({before, other, kernel.cached()}) == 3
    assert kernel.edits() == {folder / "one.patch": "Why it is edited."}


def test_every_edit_of_the_kernel_says_why() -> None:
    for file, why in kernel.edits().items():
        assert why.endswith("."), file
        assert file.read_text(encoding="utf-8").splitlines()[2].startswith("--- a/"), file


def test_one_kernel_has_the_controllers_of_both_versions() -> None:
    options = kernel.OPTIONS.read_text(encoding="utf-8").splitlines()
    assert {
        "CONFIG_MEMCG=y",
        "CONFIG_MEMCG_V1=y",
        "CONFIG_CPUSETS_V1=y",
        "CONFIG_CGROUP_PIDS=y",
        "CONFIG_CFS_BANDWIDTH=y",
    } <= set(options)


def test_a_cached_kernel_is_used_without_an_archive() -> None:
    folder = kernel.cached()
    folder.mkdir()
    (folder / "kernel.json").write_text(
        '{"release": "7.2.1-conformance", "source": "linux-source-7.2 7.2.1-1", "edits": {"one": "Why."}}'
    )
    built = kernel.build(Progress(), install=False)
    assert (built.program, built.release, built.edits) == (folder / "linux", "7.2.1-conformance", {"one": "Why."})
