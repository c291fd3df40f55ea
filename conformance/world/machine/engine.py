"""The machine's Docker Engine: the one that answers is used as it is; where none answers, one is started."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance.answers import decoded
from conformance.errors import CommandFailed, NoEngine, TimedOut
from conformance.wait import until
from conformance.world.machine import commands, packages, paths, processes
from conformance.world.machine.progress import Progress

CAP_SYS_RESOURCE = 24
START_SECONDS = 60.0
USUAL = 5.0
"""Seconds in which it starts, usually."""
FREEZER = Path("/sys/fs/cgroup/freezer")
"""Where cgroup v1 has its freezer, on a hybrid machine, too."""
DOCKER_HOST = "unix:///var/run/docker.sock"


def info() -> dict[str, Any] | None:
    """Return `docker info` of the engine that answers, or None if none does."""
    if not shutil.which("docker"):
        return None
    with contextlib.suppress(CommandFailed, TimedOut, json.JSONDecodeError):
        shown = commands.run(["docker", "info", "--format", "{{json .}}"], timeout=20, log="engine").stdout
        read: dict[str, Any] = decoded(shown)
        if read.get("ServerVersion"):
            return read
    return None


def lacks_sys_resource() -> bool:
    """Return whether this machine's processes cannot have CAP_SYS_RESOURCE (sandboxes, some CI runners)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("CapBnd:"):
            return not int(line.split()[1], 16) >> CAP_SYS_RESOURCE & 1
    return False


def needs_runtime(engine: dict[str, Any]) -> bool:
    """Return whether `docker run --privileged` would fail on this engine for want of CAP_SYS_RESOURCE."""
    return lacks_sys_resource() and engine.get("DefaultRuntime") != RUNTIME


RUNTIME = "runc-without-sys-resource"


def ensure(progress: Progress, *, install: bool = True) -> dict[str, Any]:
    """Return `docker info` of a usable engine, started if none answers.

    A running engine is never reconfigured. Raises `NoEngine` with the end of the engine's own log.
    """
    running = info()
    if running is None:
        if os.geteuid() != 0:
            raise NoEngine("No Docker Engine answers and only root can start one.", "start Docker, or run as root")
        packages.ensure(progress, packages.FOR_ENGINE, install=install)
        with progress.step("Docker Engine", usual=USUAL):
            running = _start()
    if needs_runtime(running):
        raise NoEngine(
            "This machine has no CAP_SYS_RESOURCE, and the running Docker Engine's default runtime asks for it, "
            "so privileged containers cannot start.",
            "stop that engine; `conformance up` then starts one with a runtime that does not ask for it",
        )
    return running


def _start() -> dict[str, Any]:
    program = shutil.which("dockerd", path=packages.SEARCH)
    if not program:
        raise NoEngine("No Docker Engine answers and dockerd is not installed.", "apt-get install docker.io")
    _forget_stale_pid()
    log = paths.logs() / "dockerd.log"
    args = [program, "--host", DOCKER_HOST]
    if lacks_sys_resource():
        args += ["--add-runtime", f"{RUNTIME}={_runtime()}", "--default-runtime", RUNTIME]
    daemon = processes.start(args, log, PATH=packages.SEARCH)

    def answers() -> dict[str, Any] | None:
        if daemon.poll() is not None:
            last = "\n".join(log.read_text(errors="replace").splitlines()[-commands.TAIL :])
            raise NoEngine(f"dockerd ended with {daemon.returncode} while starting: {last}", f"see {log}")
        return info()

    try:
        started = until("An answer from the Docker Engine", answers, seconds=START_SECONDS)
    except BaseException as ended:
        daemon.terminate()
        if isinstance(ended, TimedOut):
            raise NoEngine(ended.sentence, f"see {log}") from ended
        raise
    processes.remember(_pid_file(), daemon.pid)
    return started


def _runtime() -> Path:
    """Return a runc that never asks for CAP_SYS_RESOURCE (runc_shim.py under the cache's own path)."""
    target = paths.cache() / RUNTIME
    source = Path(__file__).with_name("runc_shim.py").read_text(encoding="utf-8")
    runc = shutil.which("runc", path=packages.SEARCH) or "/usr/sbin/runc"
    # -I -S: no site directories; it is started for every container operation.
    python = Path(sys.executable).resolve()
    new = f'#!/bin/sh\nexec {python} -I -S {target}.py {runc} "$@"\n'
    target.with_suffix(".py").write_text(source, encoding="utf-8")
    target.write_text(new, encoding="utf-8")
    target.chmod(0o755)
    return target


def _forget_stale_pid() -> None:
    """Remove pid files whose process is no dockerd any more: dockerd would refuse to start on them."""
    for file in (Path("/var/run/docker.pid"), Path("/run/docker/containerd/containerd.pid")):
        with contextlib.suppress(FileNotFoundError, ValueError):
            pid = int(file.read_text(encoding="ascii"))
            name = Path(f"/proc/{pid}/comm")
            if not name.exists() or name.read_text(encoding="ascii").strip() not in {"dockerd", "containerd"}:
                file.unlink()


def _pid_file() -> Path:
    return paths.cache() / "dockerd.pid"


def stop_ours() -> bool:
    """Stop the engine if it is one that we started and no container runs on it; say whether it was stopped."""
    if processes.living(_pid_file()) is None:
        return False
    running = commands.run(["docker", "ps", "-q"], timeout=20, check=False, log="engine").stdout.split()
    return not running and processes.end(_pid_file(), "the Docker Engine", seconds=START_SECONDS)


def labelled(label: str, environment: Mapping[str, str], *, running: bool = False) -> list[str]:
    """Return the ids of the containers with a label, those that run or all; none where the engine does not tell."""
    args = ["docker", "ps", *([] if running else ["--all"]), "--quiet", "--no-trunc", "--filter", f"label={label}"]
    return commands.run(args, timeout=60, check=False, env=environment, log="docker").stdout.split()


def thaw(container: str, freezer: Path = FREEZER) -> bool:
    """Thaw what is frozen in a container on cgroup v1; return whether anything was.

    runc freezes a container while it sets its devices. Where it is killed just then, as with the node that it runs in, the
    container's processes stay frozen, cannot be killed, and the node cannot end. On cgroup v2 what is frozen can be killed.
    """
    thawed = False
    for state in [state for top in freezer.rglob(container) for state in top.rglob("freezer.state")]:
        with contextlib.suppress(OSError):  # it has gone meanwhile, or is not ours to thaw
            if state.with_name("freezer.self_freezing").read_text(encoding="ascii").strip() == "1":
                state.write_text("THAWED", encoding="ascii")
                thawed = True
    return thawed
