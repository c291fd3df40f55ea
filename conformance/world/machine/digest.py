"""One way to name what something is made of, so that what is made again is the same or has another name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def digest(*parts: str | Path | Iterable[str]) -> str:
    """Return 12 hex digits over strings, files and folders (paths inside the folder and contents)."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            files = sorted(p for p in part.rglob("*") if p.is_file()) if part.is_dir() else [part]
            for file in files:
                total.update(str(file.relative_to(part) if part.is_dir() else file.name).encode() + b"\0")
                # Whether it is a program, not for whom: that is the umask's doing, here and where a wheel is unpacked.
                program = 0o111 if file.stat().st_mode & 0o111 else 0
                total.update(oct(program).encode() + file.read_bytes() + b"\0")
        else:
            total.update(("\0".join([part] if isinstance(part, str) else part)).encode() + b"\0")
    return total.hexdigest()[:12]
