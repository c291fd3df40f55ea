"""Packages of the machine that a world needs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conformance.errors import CommandFailed, RigError
from conformance.world.machine import packages
from conformance.world.machine.progress import Progress


def test_missing_packages_are_named_with_the_one_command() -> None:
    needs = {"no-such-program": "such-a-package", "/no/such/file.h": "another", "sh": "dash"}
    with pytest.raises(RigError) as refused:
        packages.ensure(Progress(), needs, install=False)
    assert "another such-a-package" in refused.value.sentence
    assert "dash" not in refused.value.sentence
    assert "apt-get install" in refused.value.remedy


def test_apt_is_waited_for_while_another_uses_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    held = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)"
    (tmp_path / "answers").write_text(f"{held}\nE: Unable to locate package x\n")
    apt = tmp_path / "apt-get"
    apt.write_text(f"#!/bin/sh\nread -r said <{tmp_path}/answers; sed -i 1d {tmp_path}/answers\necho $said >&2; exit 100\n")
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path))
    with pytest.raises(CommandFailed, match="Unable to locate package x"):
        packages._apt_get("update", timeout=5, remedy="")
    assert not (tmp_path / "answers").read_text(), "asked twice, and of another failure not again"
    (tmp_path / "answers").write_text(f"{held}\n" * 9)
    monkeypatch.setattr(packages, "LOCK_SECONDS", 0.0)
    with pytest.raises(CommandFailed, match="held by process 7"):
        packages._apt_get("update", timeout=5, remedy="")
