"""A build as a job makes it: its client in the client's own container, and a RUN step that waits for what it is told."""

from __future__ import annotations

import contextlib
import json
import shlex
from collections.abc import Iterator, Sequence
from functools import partial
from urllib.parse import quote

from conformance.answers import decoded, kernel_lines
from conformance.cluster.api import Object
from conformance.evidence.identity import CONTAINER_ID, container_of
from conformance.evidence.items import Evidence
from conformance.legs import builders, daemon
from conformance.legs.builders import CONTAINER, PLACE
from conformance.legs.docker import await_processes, nonce, of_containers
from conformance.legs.pod import let_kubelet_run
from conformance.legs.rig import Rig
from conformance.probes.node import NODE_SOCKET, OK
from conformance.probes.node_engine import NONCE_LABEL
from conformance.timeouts import TIMEOUTS
from conformance.wait import settle

OF_CLIENT = "BUILD_CLIENT"
"""The variable that a build's client has in its environment, and its plugin, which it starts."""
LOOKS = 9000
"""So often a step looks for work, five times a second, before it ends by itself: in a world of one CPU legs that burn waited 15
minutes for each other."""
BACKGROUND = ["sleep", "600"]
"""What a step starts in the background."""
STEP = f"""({" ".join(BACKGROUND)} &)
n=0
until [ -e /enough ] || [ $((n += 1)) -gt {LOOKS} ]; do
    if [ -e /told ]; then rm /told; sh /work >/said 2>&1; echo $? >/ended; fi
    sleep 0.2
done"""
"""The RUN step: it starts something in the background, and does what is in /work when it is told, until there is an /enough."""


def recipe(base: str, mark: str) -> str:
    """Return what is built. Its step has the nonce in its environment, and in its words, by which BuildKit's cache is told."""
    return f"{base}\nLABEL {NONCE_LABEL}={mark}\nENV CHILD_NONCE={mark}\nRUN {json.dumps(['sh', '-c', STEP, mark])}\n"


def script(recipe: str, mark: str, command: str) -> str:
    """Return what the client's container runs: a build behind it, what it says, and in the end with what it ended.

    Nothing of it has the command's own output open: kubelet would wait for that.
    """
    return (
        f"export {OF_CLIENT}={mark}\n"
        f"({{ {command}; }} >{PLACE}/{mark}.log 2>&1 <<'END'\n{recipe}END\necho $? >{PLACE}/{mark}.exit) >/dev/null 2>&1 &\n"
    )


def begin(rig: Rig, what: str, builder: str, *options: str) -> Object | None:
    """Begin a build in the leg's client's container, as kubelet runs commands there; return its step's first process, if any.

    `builder` is the engine's, where the approach has one. Evidence: `what: begun`, `what: client`, `what: processes` with all
    that have its nonce, `what: above` of the first, and `what: container`, as which its engine knows the step, or the builder
    that is a container.
    """
    mark, builder = nonce(rig, what), builders.of(rig, builder)
    if not builders.ready(rig, what, builder):
        return None
    text = script(recipe(builders.base(rig, builder), mark), mark, builders.command(rig, builder, mark, options))
    rig.run(f"{what}: script", "sh", "-c", 'cat >"$0"', f"{PLACE}/{mark}", stdin=text)
    let_kubelet_run(rig, f"{what}: begun", rig.leg.approach.client, f"sh {PLACE}/{mark}")
    first = partial(_first_of_begun, builder)
    started = await_processes(rig, what, seconds=TIMEOUTS.work, over=lambda: _ended(rig, mark), first=first)
    rig.ask(f"{what}: client", "processes", variable=OF_CLIENT, value=mark)
    if not started:
        _read_log(rig, what)
        return None
    rig.ask(f"{what}: above", "ancestry", pid=started[0]["pid"])
    if builder not in builders.OF_THE_POD:
        known_by = _builders(rig, what) if builder == CONTAINER else _identity(started[0])
        daemon.send(rig, f"{what}: container", f"/containers/{known_by}/json")
    return started[0]


def _first_of_begun(builder: str, processes: list[Object]) -> list[Object]:
    """Return a step's first process, once what that starts in the background is there: before, it may be its runtime's yet."""
    return builders.first_of(builder, processes) if any(each["cmdline"] == BACKGROUND for each in processes) else []


def _builders(rig: Rig, what: str) -> str:
    """Return the id of the container that is a build's builder."""
    first = of_containers(rig.seen[f"{what}: {builders.BUILDER}"].output)
    return container_of(first[0]) if first else UNNAMED


def _identity(step: Object) -> str:
    """Return what an engine may know a step's container by: its hosts file's id, that in the last part of its cgroup's path, or
    that part.

    Of an engine that makes no cgroups that last part is of the engine's own container, where no hosts file tells.
    """  # noqa: D205 -- one sentence
    if by_file := step.get("by_hosts_file"):
        return str(by_file)
    last = kernel_lines(step["cgroup"])[0].rpartition("/")[2]
    known = CONTAINER_ID.search(last)
    return known[0] if known else last or UNNAMED


UNNAMED = "none"
"""What stands for a step that is in no cgroup of its own."""


def _ended(rig: Rig, mark: str) -> bool:
    """Return whether a build's client has ended. Not evidence: for waiting."""
    about: Object = {
        "pid": rig.pids.client,
        "command": ["sh", "-c", 'test -s "$0"', f"{PLACE}/{mark}.exit"],
        "limit": TIMEOUTS.question,
    }
    return bool(rig.home.ask("execute", **about).output["exit"] == 0)


def _read_log(rig: Rig, what: str) -> None:
    """Read what a build's client has said so far, and with what it ended, if it has."""
    mark = nonce(rig, what)
    rig.run(f"{what}: log", "sh", "-c", 'cat "$0.log"; cat "$0.exit" >&2', f"{PLACE}/{mark}")


ENDED = "ended:"
"""What stands before the exit code of a step's work."""


def tell(rig: Rig, name: str, step: Object, work: Sequence[str], *, wait: bool = False) -> Evidence:
    """Hand a step's first process a command to run; with `wait` keep what it said, and `ended:CODE`, when it has, or is gone.

    Who waits is in the step's mount namespace, which lasts as long as that: what was said is read when the step is gone, too.
    """
    ended = f'until [ -s /ended ] || ! kill -0 {step["pid"]}; do sleep 0.1; done; cat /said; echo "{ENDED}$(cat /ended)"'
    put = f"rm -f /ended; cat >/work; : >/told{f'; {ended}' if wait else ''}"
    return _in(rig, name, step, put, stdin=f"exec {shlex.join(work)}\n")


def _in(rig: Rig, name: str, step: Object, words: str, stdin: str = "") -> Evidence:
    about: Object = {"pid": step["pid"], "command": ["sh", "-c", words], "stdin": stdin, "limit": TIMEOUTS.work}
    return rig.ask(name, "execute", timeout=TIMEOUTS.work + TIMEOUTS.question, **about)


def enough(rig: Rig, what: str, step: Object) -> None:
    """Let a step end."""
    _in(rig, f"{what}: enough", step, ": >/enough")


def finish(rig: Rig, what: str, step: Object) -> None:
    """Let a step end, wait for its end and its client's, and read what that said."""
    enough(rig, what, step)
    settle("The end of the step", lambda: not rig.home.alive(step), seconds=TIMEOUTS.ended)
    settle("The end of the build", lambda: _ended(rig, nonce(rig, what)), seconds=TIMEOUTS.work)
    _read_log(rig, what)


def kept(use: Object, mark: str) -> list[Object]:
    """Return what an engine's BuildKit has kept of builds with a nonce in their steps' words, of what it says to /system/df."""
    return [each for each in use.get("BuildCache") or [] if mark in each.get("Description", "")]


def forget(rig: Rig) -> None:
    """Take away what the BuildKit of the node's own engine has kept of the leg's builds."""
    use = rig.home.ask("daemon", TIMEOUTS.work, socket=NODE_SOCKET, path=USE).output
    for each in kept(decoded(use["body"]) if use["status"] == OK else {}, rig.leg.nonce):
        path = f"/build/prune?all=1&filters={quote(json.dumps({'id': [each['ID']]}))}"
        rig.home.ask("daemon", TIMEOUTS.work, socket=NODE_SOCKET, method="POST", path=path)


USE = "/system/df"


@contextlib.contextmanager
def burning(rig: Rig, step: Object) -> Iterator[None]:
    """Let a step burn CPU on two processes while the block lasts."""
    script = "fork; alarm $ARGV[0]; 1 until -e $ARGV[1]"
    tell(rig, "burn", step, ["perl", "-e", script, f"{TIMEOUTS.work:.0f}", "/burnt"])
    try:
        yield
    finally:
        _in(rig, "burn: enough", step, ": >/burnt")
