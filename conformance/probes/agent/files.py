"""Files, directories and mounts, as the node sees them or a process does."""

from __future__ import annotations

import errno
import os
import stat

from conformance.probes.agent.procfs import enter, lines_of, of_every_process, proc, text
from conformance.probes.agent.questions import Object, question


@question
def storage(asked: Object) -> dict[str, Object]:
    """Return paths as the node sees them: there or not, device, inode, bytes. `root` is a pid whose root they hang from."""
    if "root" in asked:
        prefix = proc(asked["root"], "root")
    else:
        enter(1, "mnt")
        prefix = ""
    return {path: entry(prefix + path, asked.get("size")) for path in asked["paths"]}


def entry(path: str, size: object) -> Object:
    """Return what there is under a path. Only a path that there is not is not there: any other error is no answer."""
    try:
        status = os.lstat(path)
        return {"exists": True, "device": status.st_dev, "inode": status.st_ino, **(size_of(path) if size else {})}
    except (FileNotFoundError, NotADirectoryError) as error:
        return {"exists": False, "error": errno.errorcode.get(error.errno or 0, str(error.errno))}


def size_of(path: str) -> Object:
    """Return bytes and files under a path on its own file system, as allocated (st_blocks), not following links.

    And when it was `changed` itself, in seconds of the wall clock.
    """
    itself = os.lstat(path)
    total, files, device = 0, 0, itself.st_dev
    queue = [path]
    while queue:
        here = queue.pop()
        try:
            status = os.lstat(here)
            if status.st_dev != device:
                continue
            total += status.st_blocks * 512
            files += 1
            if stat.S_ISDIR(status.st_mode):
                queue.extend(os.path.join(here, name) for name in os.listdir(here))
        except OSError:
            continue  # removed while we looked
    return {"bytes": total, "files": files, "changed": itself.st_mtime}


@question
def holding(asked: Object) -> dict[str, list[str] | None]:
    """Return the lines that hold a word in files as the node sees them; None where there is no such file."""
    enter(1, "mnt")
    return {path: lines_with(asked["word"], path) for path in asked["paths"]}


def lines_with(word: str, path: str) -> list[str] | None:
    """Return the lines of a file that hold a word, or None if there is no such file."""
    try:
        return [line for line in lines_of(path) if word in line]
    except (FileNotFoundError, NotADirectoryError):
        return None


@question
def mountinfo(asked: Object) -> str:
    """Return the mountinfo of a process; pid 1 is the node's own."""
    return text(proc(asked["pid"], "mountinfo"))


@question
def mounts(asked: Object) -> dict[str, list[str]]:
    """Return every mount on the node, in any mount namespace, whose line holds one of some words: namespace -> lines."""
    words = asked["words"]
    looked_at: set[str] = set()

    def look(pid: int) -> tuple[str, list[str]] | None:
        space = os.readlink(proc(pid, "ns/mnt"))
        if space in looked_at:
            return None
        lines = lines_of(proc(pid, "mountinfo"))
        looked_at.add(space)
        return space, [line for line in lines if any(word in line for word in words)]

    return {space: lines for space, lines in of_every_process(look) if lines}
