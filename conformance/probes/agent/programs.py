"""Programs that the probe runs: the node's own, and a container's where that container lives."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable

from conformance.probes.agent.procfs import LIBC, LIMIT, boottime, enter, environ, proc, status_of
from conformance.probes.agent.questions import Object, question

PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38


def ran(*command: str) -> subprocess.CompletedProcess[str]:
    """Return what a program did and printed. Raises `OSError` where there is none."""
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- no shell


@question(lasts=True)
def execute(asked: Object) -> Object:
    """Run a program where a process lives, as who it is: its mount and network namespaces, root, environment, user and groups.

    Its bounding set of capabilities and no_new_privs are the process's, too: so a container's own client is run as the
    container would run it. What it does not share with the container: its pid namespace, its cgroup and its seccomp filter,
    which are this probe's. `exit` is None if it ran for longer than `limit` seconds. With `instead`, [uid, gid], it is run as
    that user, in that group alone.
    """
    pid = asked["pid"]
    environment = dict(entry.split("=", 1) for entry in environ(pid) if "=" in entry)
    become, root = becoming(pid, asked.get("instead"))

    began, code = boottime(), None
    running = subprocess.Popen(  # noqa: S603 -- no shell
        asked["command"], env=environment, preexec_fn=become, start_new_session=True,  # noqa: PLW1509 -- no other thread here
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    os.close(root)
    try:
        out, err = running.communicate(asked.get("stdin", "").encode(), asked["limit"])
        code = running.returncode
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        out, err = running.communicate()
    stdout, stderr = (printed[:LIMIT].decode("utf-8", "replace") for printed in (out, err))
    return {"exit": code, "stdout": stdout, "stderr": stderr, "seconds": round(boottime() - began, 3)}


def becoming(pid: int, instead: list[int] | None = None) -> tuple[Callable[[], None], int]:
    """Return what a process that has just been forked calls to be where another lives, as who it is (`execute`); and a handle.

    `instead` is the user and the group that it is to be instead.

    The handle is closed by whoever forks, when it has. Raises `OSError` where there is no such process.
    """
    status = status_of(pid)
    bounding = int(status["CapBnd"], 16)
    user, group = (int(status[field].split()[1]) for field in ("Uid", "Gid"))  # the effective one of four
    groups = [int(number) for number in status["Groups"].split()]
    if instead:
        user, group = instead
        groups = [group]

    root = os.open(proc(pid, "root"), os.O_RDONLY | os.O_DIRECTORY)  # it may be another than its mount namespace's

    def become() -> None:
        enter(pid, "net", "mnt")
        os.fchdir(root)
        os.chroot(".")
        for capability in range(64):
            if not bounding >> capability & 1:
                LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)  # fails beyond the last one that the kernel has
        os.setgroups(groups)
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)  # who is not root has no capability from here on
        if status.get("NoNewPrivs", "0").strip() == "1":
            LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)

    return become, root


@question
def runtime(_: Object) -> dict[str, str]:
    """Return what makes a pod's containers and rules, by its own word, and the cgroup namespace of the node's first process."""
    enter(1, "mnt")
    versions = {}
    for program in ("containerd", "runc", "iptables"):
        try:
            lines = ran(program, "--version").stdout.splitlines()
        except OSError as error:
            lines = [f"({os.strerror(error.errno or 0)})"]
        versions[program] = lines[0] if lines else ""
    return {**versions, "cgroup_namespace": os.readlink("/proc/1/ns/cgroup")}


@question
def forget_ports(asked: Object) -> list[str]:
    """Remove the node's engine's rules that lead a port of `ports` ([first, end]) to a container, and return them.

    Asked when no container publishes one: after its node was rebooted under it an engine may restore the rule of one
    that is gone. [] where the node has no iptables, or no such chain.
    """
    enter(1, "net", "mnt")
    first, end = asked["ports"]
    try:
        rules_of_engine = ran("iptables", "-w", "-t", "nat", "-S", "DOCKER").stdout.splitlines()
    except OSError:
        return []
    removed = []
    for rule in rules_of_engine:
        words = rule.split()
        if words[:1] == ["-A"] and "--dport" in words and first <= int(words[words.index("--dport") + 1]) < end:
            removed += [rule] if ran("iptables", "-w", "-t", "nat", "-D", *words[1:]).returncode == 0 else []
    return removed


def rules() -> list[str]:
    """Return every rule, chain and policy of the node's network, IPv4's and IPv6's; of a family without its program, none."""
    named = []
    for tool in ("iptables", "ip6tables"):
        try:
            saved = ran(f"{tool}-save")
        except OSError:
            continue
        named += [f"({tool}-save: {saved.stderr.strip()})"] if saved.returncode else rule_names(tool, saved.stdout)
    return named


def rule_names(tool: str, saved: str) -> list[str]:
    """Return what `iptables-save` printed, each as the command that makes it: without times and counters."""
    names, table = [], ""
    for line in saved.splitlines():
        if line.startswith("*"):
            table = line[1:].strip()
        elif line.startswith(":"):
            chain, policy = line[1:].split()[:2]
            names.append(f"{tool} -t {table} {f'-N {chain}' if policy == '-' else f'-P {chain} {policy}'}")
        elif line.startswith("-A"):
            names.append(f"{tool} -t {table} {line.strip()}")
    return names
