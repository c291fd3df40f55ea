"""System calls that a child makes to show what its seccomp filter refuses: that it has one does not say that."""

from __future__ import annotations

import errno
import re

from conformance.evidence.items import Evidence
from conformance.legs.docker import run_in_child
from conformance.legs.rig import Rig

CALLS = "calls: output"
MAKE = """
    open F, "<", "/proc/self/exe"; read F, $head, 20; $machine = unpack "x18v", $head;
    %numbers = (62, [323, 279], 183, [282, 239]);
    for (["userfaultfd", 5], ["move_pages", 0]) {
        $number = shift @{$numbers{$machine}} or exit;
        print "$$_[0] ", syscall($number, $$_[1], 0, 0, 0, 0, 0) < 0 ? $! + 0 : 0, "\\n";
    }
"""
"""Two calls that neither Docker's default filter nor Podman's lets anybody make, whatever his capabilities (moby,
profiles/seccomp/default.json; containers/common, pkg/seccomp/seccomp.json), by their numbers on x86_64 and aarch64, which the
program's own ELF header tells. Nothing comes of either: the one has a flag that there is not, the other moves no page."""
ANSWER = re.compile(r"(userfaultfd|move_pages) (\d+)")


def make(rig: Rig) -> None:
    """Let the child make these calls, and keep what each came to: 0, or its errno."""
    run_in_child(rig, CALLS.partition(":")[0], ["perl", "-e", MAKE], wait=True)


def let_through(calls: Evidence) -> tuple[list[str], list[str]]:
    """Return which of these calls were let through to the kernel, and which a filter refused, by name.

    One that the kernel has not is neither. Without a filter nobody is refused these with EPERM, who names no right that he lacks.
    """
    answers = {name: int(code) for name, code in ANSWER.findall(str(calls.output.get("body", "")))}
    refused = [name for name, code in answers.items() if code == errno.EPERM]
    return [name for name, code in answers.items() if code not in (errno.EPERM, errno.ENOSYS)], refused
