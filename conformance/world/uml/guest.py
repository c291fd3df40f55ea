"""A world of its own while it runs: one process of User-Mode Linux in a network namespace without a way out, and one of ssh.

ssh is the only door: it brings the guest's Docker Engine to a socket of ours, and its API server to a port on loopback.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import subprocess
from pathlib import Path

from attrs import frozen

from conformance.errors import ConformanceError, NoCluster, RigError, TimedOut
from conformance.wait import until
from conformance.world.machine import commands, packages, paths, processes
from conformance.world.machine.digest import digest
from conformance.world.machine.progress import Progress

CGROUPS = {
    "cgroup-v1": ("systemd.unified_cgroup_hierarchy=0",),
    "cgroup-v2": ("systemd.unified_cgroup_hierarchy=1",),
}
"""A world -> what makes its systemd mount that version."""
STEPS = (8.0,)
"""Usual seconds of its steps."""
START = paths.BUILD / "uml" / "start.sh"
ADDRESS, GATEWAY = "10.0.2.15", "10.0.2.2/24"
"""Of the guest (guest/etc/systemd/network) and of the tap's other end, in a namespace that holds nothing else."""
MEMORY = 6 << 30
"""Of the guest: a file in `SHM`, which takes what the guest has touched."""
SHM = Path("/dev/shm")  # noqa: S108 -- where User-Mode Linux looks for a tmpfs
NEEDS: packages.Needs = {
    "ssh": "openssh-client",
    "socat": "socat",
    "ip": "iproute2",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "taskset": "util-linux",
}
BOOT_SECONDS = 120.0
ENGINE_SECONDS = 60.0
END_SECONDS = 10.0
SSH_SECONDS = 20.0


@frozen
class Guest:
    """A world by its name, running or not."""

    world: str

    @property
    def folder(self) -> Path:
        """Return the folder of what it writes: its disks' upper layers, its console, its pid."""
        return paths.worlds() / self.world

    @property
    def doors(self) -> Path:
        """Return the folder of its sockets; their paths must be short."""
        folder = paths.machine() / f"{self.world}-{digest(str(self.folder))[:6]}"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    @property
    def console(self) -> Path:
        """Return the file with what its kernel and its systemd said."""
        return self.folder / "console.log"

    @property
    def kernel_pid(self) -> Path:
        """Return the file that notes the kernel's process."""
        return self.folder / "kernel.pid"

    @property
    def ssh_pid(self) -> Path:
        """Return the file that notes ssh's process."""
        return self.folder / "ssh.pid"

    @property
    def environment(self) -> dict[str, str]:
        """Return what makes docker and kind speak with the world's Docker Engine."""
        return {"DOCKER_HOST": f"unix://{self.doors / 'docker.sock'}"}

    @property
    def runs(self) -> bool:
        """Return whether its kernel runs."""
        return processes.living(self.kernel_pid) is not None


def boot(guest: Guest, kernel: Path, root: Path, images: Path, progress: Progress, *, install: bool) -> None:
    """Start a world whose Docker Engine answers, from its disks as they were made. Nothing of it runs if that fails."""
    packages.ensure(progress, NEEDS, install=install)
    if why := refusal():
        raise why
    with progress.step(f"starting the world {guest.world}", usual=STEPS[0]):
        shutil.rmtree(guest.folder, ignore_errors=True)
        guest.folder.mkdir()
        shutil.copy2(root / "key", guest.folder / "key")
        args = ["unshare", "--net", "sh", str(START), GATEWAY, cores(guest.world)]
        args += kernel_arguments(guest, kernel, root / "disk.img", images / "disk.img")
        started = processes.start(args, guest.console, PATH=packages.SEARCH, TMPDIR=str(SHM))
        try:
            processes.remember(guest.kernel_pid, started.pid)
            _await(guest)
        except BaseException:
            stop(guest)
            raise


def _await(guest: Guest) -> None:
    """Wait until the world answers ssh and its engine answers through it. Raises `NoCluster` with its console's end."""

    def answers() -> bool:
        if not guest.runs:
            raise NoCluster(f"The world {guest.world} ended while it started: {_last_words(guest)}", f"see {guest.console}")
        return ssh(guest, "true", check=False).returncode == 0

    try:
        until(f"The start of the world {guest.world}", answers, seconds=BOOT_SECONDS, every=0.2)
        open_doors(guest)
    except TimedOut as late:
        raise NoCluster(f"{late.sentence} Its console ends with: {_last_words(guest)}", f"see {guest.console}") from late


def open_doors(guest: Guest) -> None:
    """Let the world's Docker Engine be reached through ssh, unless it is."""
    if processes.living(guest.ssh_pid) is None:
        sockets = [guest.doors / "docker.sock", guest.doors / "ssh"]
        for left in sockets:
            left.unlink(missing_ok=True)
        listen = ["-L", f"{sockets[0]}:/var/run/docker.sock", "-o", "ServerAliveInterval=15", "-o", "ExitOnForwardFailure=yes"]
        args = ["ssh", "-N", "-M", "-S", str(sockets[1]), *listen, *_login(guest)]
        processes.remember(guest.ssh_pid, processes.start(args, guest.folder / "ssh.log").pid)

    def answers() -> bool:
        if processes.living(guest.ssh_pid) is None:
            raise NoCluster(f"ssh into the world {guest.world} ended.", f"see {guest.folder / 'ssh.log'}")
        version = ["docker", "version", "--format", "{{.Server.Version}}"]
        return commands.run(version, timeout=SSH_SECONDS, env=guest.environment, check=False, log="worlds").returncode == 0

    until(f"An answer from the Docker Engine of {guest.world}", answers, seconds=ENGINE_SECONDS, every=0.2)


def forward(guest: Guest, port: int) -> None:
    """Let a port on the world's loopback be reached on this machine's, under the same number. Again is not wrong."""
    args = ["ssh", "-S", str(guest.doors / "ssh"), "-O", "forward", "-L", f"127.0.0.1:{port}:127.0.0.1:{port}", *_login(guest)]
    commands.run(args, timeout=SSH_SECONDS, log="worlds", remedy=f"is another program listening on 127.0.0.1:{port}?")


def ssh(guest: Guest, *command: str, check: bool = True, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command in the world."""
    return commands.run(["ssh", *_login(guest), *command], timeout=SSH_SECONDS, check=check, log="worlds", stdin=stdin)


def _login(guest: Guest) -> list[str]:
    """Return ssh's arguments: by way of the world's network namespace, and of nobody's configuration."""
    pid = processes.living(guest.kernel_pid)
    options = {
        "StrictHostKeyChecking": "no",
        "UserKnownHostsFile": "/dev/null",
        "ConnectTimeout": "5",
        "BatchMode": "yes",
        "ProxyCommand": f"nsenter --target {pid} --net socat - TCP:{ADDRESS}:22",
    }
    given = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    return ["-q", "-F", "none", "-i", str(guest.folder / "key"), *given, f"root@{guest.world}"]


def kernel_arguments(guest: Guest, kernel: Path, root: Path, images: Path) -> list[str]:
    """Return the kernel's own command line."""
    return [
        str(kernel),
        f"mem={MEMORY >> 20}M",
        f"umid={guest.world}",
        f"uml_dir={guest.doors}/",
        "seccomp=on",
        f"ubd0={guest.folder / 'root.cow'},{root}",
        f"ubd1={guest.folder / 'images.cow'},{images}",
        "root=/dev/ubda",
        "rw",
        "vec0:transport=tap,ifname=tap0,depth=128,gro=1",
        "con=null",
        "con0=fd:0,fd:1",
        "loglevel=4",
        f"systemd.hostname={guest.world}",
        *CGROUPS[guest.world],
    ]


def cores(world: str) -> str:
    """Return the two CPUs that a world is kept to, its own if there are enough, as `taskset --cpu-list` takes them.

    Its kernel takes one of them, the programs in it the other (`build/uml/kernel/turns.patch`); with one CPU both share it.
    """
    allowed = sorted(os.sched_getaffinity(0), reverse=True)
    first = 2 * sorted(CGROUPS, reverse=True).index(world)
    return ",".join(map(str, sorted({allowed[(first + number) % len(allowed)] for number in range(2)})))


def stop(guest: Guest) -> bool:
    """End a world and drop what it wrote; say whether it ran. Its disks stay as they were made."""
    processes.end(guest.ssh_pid, f"ssh into {guest.world}", seconds=END_SECONDS, kill=True)
    ran = processes.end(guest.kernel_pid, f"the world {guest.world}", seconds=END_SECONDS, kill=True)
    shutil.rmtree(guest.folder, ignore_errors=True)
    shutil.rmtree(guest.doors, ignore_errors=True)
    return ran


def answering(guest: Guest) -> bool:
    """Return whether a world runs and its Docker Engine answers; one whose ssh died is opened again."""
    if not guest.runs:
        return False
    with contextlib.suppress(ConformanceError):
        open_doors(guest)
        return True
    return False


def refusal() -> RigError | None:
    """Return why this machine cannot run a world of its own, or None."""
    if platform.machine() != "x86_64" or platform.system() != "Linux":
        return RigError("A world of its own needs Linux on x86-64.", "use --world host")
    if os.geteuid() != 0:
        return RigError("A world of its own needs root: for its network namespace and its disks.", "run as root")
    try:
        os.close(os.open("/dev/net/tun", os.O_RDWR))
    except OSError as broken:
        why = f"A world of its own needs /dev/net/tun, which cannot be opened: {broken.strerror}."
        return RigError(why, "modprobe tun; in a container, pass --device /dev/net/tun --cap-add NET_ADMIN")
    return memory_refusal(os.statvfs(SHM)) if SHM.is_dir() else RigError(f"There is no {SHM}.", f"mount -t tmpfs tmpfs {SHM}")


def memory_refusal(shm: os.statvfs_result) -> RigError | None:
    """Return why a guest's memory cannot be kept in `SHM`, of which this is the state, or None."""
    if shm.f_flag & os.ST_NOEXEC:
        return RigError(
            f"{SHM} is mounted noexec, and a world's memory there must be executable.", f"mount -o remount,exec {SHM}"
        )
    free = shm.f_bavail * shm.f_frsize
    if free < MEMORY:
        need = f"A world of its own keeps up to {MEMORY >> 30} GiB of memory in {SHM}, where {free >> 20} MiB are free."
        return RigError(need, f"mount -o remount,size={2 * MEMORY >> 30}G {SHM}; in a container, --shm-size={MEMORY >> 30}g")
    return None


def _last_words(guest: Guest) -> str:
    with contextlib.suppress(OSError):
        return " | ".join(guest.console.read_text(errors="replace").splitlines()[-commands.TAIL :])
    return "nothing"
