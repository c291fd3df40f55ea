"""How a person sees what a piece of evidence says, without this suite: shell commands for every kind of question."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from conformance.approaches.catalogue import PRINTED_PORT, Approach, container
from conformance.evidence.identity import container_of, first_processes
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import POD, POD_PROCESSES
from conformance.images import PROBE

NONCE, PORT = "article", 80
"""What the manifests have in the place of a run's nonce and port."""
SECONDS = 60
"""How long a child is waited for."""
PATHS = 3
"""So many of a question's paths are named."""
Asked = Mapping[str, Any]
LAYER = re.compile(r"(/overlay2/)[0-9a-f]{64}")


@frozen
class Hand:
    """One leg of a record, as somebody makes it again by hand: the approach's manifest, applied as it is."""

    approach: Approach
    seen: Seen
    namespace: str
    port: int
    cgroup: str
    """The node's cgroup version, as a record's world has it."""

    @property
    def pod(self) -> str:
        """Return the pod's name."""
        return name_of(self.approach)

    def commands(self, evidence: Evidence) -> list[str]:
        """Return the commands that show the same as a piece of evidence; none where there is nothing to ask."""
        asked: Asked = evidence.asked if isinstance(evidence.asked, dict) else {}
        if "container" in asked and "GET" in asked:
            pod = str(asked["GET"]).removesuffix("/log").rpartition("/")[2]
            before = " --previous" if asked.get("previous") == "true" else ""
            return [f"kubectl logs {self.mine(pod)} -c {asked['container']} --tail={asked.get('tailLines', -1)}{before}"]
        if "GET" in asked:
            return [f"kubectl get --raw {self.mine(str(asked['GET']))}"]
        if "DELETE" in asked:
            seconds = asked.get("gracePeriodSeconds")
            grace = "" if seconds is None else f" --grace-period={seconds} --force"
            return [f"kubectl delete pod {self.pod}{grace}", on_node("ls -d /proc/$PID")]
        question = str(asked.get("question", ""))
        if known := QUESTIONS.get(question):
            return known(self, asked)
        module = NO_SHELL.get(question)
        return [f"# on the node: def {question} of conformance/probes/agent/{module}.py"] if module else []

    def mine(self, text: str) -> str:
        """Return a text with shell variables in the place of what was the run's: uid, IP, container, namespace."""
        pod, child = (_output(self.seen, name) for name in ("pod", "child"))
        names = {
            self.namespace: "default",
            str(pod.get("metadata", {}).get("uid", "")): "$POD_UID",
            str(pod.get("status", {}).get("podIP", "")): "$IP",
            container_of(child.get("process", {})): "$CHILD",
        }
        for theirs, mine in names.items():
            text = text.replace(theirs, mine) if theirs else text
        return LAYER.sub(r"\1$LAYER", text)

    def process(self, asked: Asked) -> str:
        """Return which process a question's pid was: the node's first, the child's, or the one that asked for it."""
        child = _output(self.seen, "child").get("process", {}).get("pid")
        return {1: "1", child: "$PID", None: "$PID"}.get(asked.get("pid"), "$CLIENT")

    def container_with(self, pid: object, otherwise: str) -> str:
        """Return the name of the pod's container whose first process a pid was."""
        processes = self.seen.get(POD_PROCESSES)
        first = first_processes(_output(self.seen, POD), processes.output) if processes else {}
        return next((name for name, process in first.items() if process["pid"] == pid), otherwise)

    def exec_of(self, path: str) -> list[str]:
        """Return the command that an exec of the engine's API (/exec/ID/...) ran in the child; [] for any other path."""
        number = path.split("/")[2] if path.startswith("/exec/") else ""
        for evidence in self.seen if number else ():
            body = evidence.asked.get("body") if isinstance(evidence.asked, dict) else None
            if isinstance(body, dict) and "Cmd" in body and number in str(evidence.output):
                return [str(word) for word in body["Cmd"]]
        return []


def name_of(approach: Approach) -> str:
    """Return the name of an approach's pod."""
    return str(approach.manifest["metadata"]["name"])


def setting(approach: Approach) -> list[str]:
    """Return what comes first: the pod, of the manifest that is $1, and the shell variables that the other commands use."""
    pod = name_of(approach)
    about = f"kubectl get pod {pod} -o"
    return [
        'kubectl apply -f "$1"',
        f"kubectl wait --for=condition=Ready pod/{pod} --timeout=2m",
        f"NODE=$({about} jsonpath={{.spec.nodeName}}); IP=$({about} jsonpath={{.status.podIP}})",
        f"POD_UID=$({about} jsonpath={{.metadata.uid}})",
        f'for _ in $(seq {SECONDS}); do PID=$({_child(approach)}); [ "$PID" ] && break; sleep 1; done',
        f"CLIENT=$({_client(approach)})",
        r"CHILD=$(docker exec $NODE head -n 1 /proc/$PID/cgroup | grep -o '[0-9a-f]\{64\}' | tail -n 1)",
        "LAYER=$(docker exec $NODE grep -m 1 -o 'upperdir=[^,]*' /proc/$PID/mountinfo | cut -d/ -f6)",
    ]


def _child(approach: Approach) -> str:
    """Return the command that finds the child's pid: by its nonce, and by its port where the manifest's words have none."""
    if not approach.marks_image:
        return _pid("CHILD_NONCE")
    return on_node(f"docker inspect --format {{{{.State.Pid}}}} $({on_node(f'docker ps -q --filter publish={PRINTED_PORT}')})")


def _client(approach: Approach) -> str:
    """Return the command that finds the client's pid: by its nonce, and by its words where it has none."""
    if not approach.marks_image:
        return _pid("NONCE")
    words = container(approach.manifest, approach.client)["command"]
    return on_node(f"pgrep -xf '{' '.join(words)}'")


def _output(seen: Seen, name: str) -> dict[str, Any]:
    evidence = seen.get(name)
    return evidence.output if evidence and isinstance(evidence.output, dict) else {}


def _pid(variable: str) -> str:
    """Return the command that finds a process of the leg on its node, by a variable of its environment."""
    return _shell(f"grep -lsz '^{variable}={NONCE}$' /proc/[0-9]*/environ | head -n 1 | cut -d/ -f3")


def on_node(command: str) -> str:
    """Return a command that runs on the leg's node, where that is a kind node."""
    return f"docker exec $NODE {command}"


def _shell(script: str) -> str:
    """Return a command for the node's own shell; $NAME in it is the caller's."""
    return on_node(f'sh -c "{script}"')


def _levels(hand: Hand, process: str, controller: str, v1: str, v2: str) -> str:
    """Return the command that reads a file at every level of a process's cgroup of a controller, up to the root."""
    unified = hand.cgroup == "v2"
    file, place = (v2, "") if unified else (v1, f"/{controller}")
    line = "^0::" if unified else rf"^[0-9]*:[^:]*\b{controller}\b[^:]*:"
    start = rf"cd /sys/fs/cgroup{place}\$(sed -n 's/{line}//p' /proc/{process}/cgroup)"
    return _shell(rf"{start} && while [ -f {file} ]; do echo \$PWD \$(cat {file}); cd ..; done")


def _cgroups(hand: Hand, asked: Asked) -> list[str]:
    process = hand.process(asked)
    return [
        on_node(f"cat /proc/{process}/cgroup"),
        _levels(hand, process, "memory", "memory.limit_in_bytes", "memory.max"),
        _levels(hand, process, "cpu", "cpu.cfs_quota_us", "cpu.max"),
    ]


def _rates(hand: Hand, asked: Asked) -> list[str]:
    once = _levels(hand, hand.process(asked), "cpu", "cpu.stat", "cpu.stat")
    return [f"{once}; sleep 2; {once}"]


def _ask(hand: Hand, asked: Asked) -> list[str]:
    port = PORT if asked.get("port") == hand.port else asked.get("port")
    url = f"http{'s' if asked.get('tls') else ''}://{hand.mine(str(asked.get('host', '')))}:{port}{asked.get('path', '/')}"
    namespace_of, curl = asked.get("netns") or 0, f"curl -sS{'k' if asked.get('tls') else ''} -m 2"
    if namespace_of > 1:
        return [on_node(f"nsenter -t {hand.process({'pid': namespace_of})} -n {curl} {url}")]
    if namespace_of == 1:
        return [on_node(f"{curl} {url}")]
    any_ = ", context=__import__('ssl')._create_unverified_context()" if asked.get("tls") else ""
    script = f"import urllib.request as u; print(u.urlopen('{url}', timeout=2{any_}).read().decode())"
    return [f'kubectl run asker --rm -i --restart=Never --image={PROBE} -- python3 -c "{script}"']


def _page(*_: object) -> list[str]:
    return [on_node(f"nsenter -t $PID -n curl -sS -m 2 http://127.0.0.1:{PORT}/")]


def _greeting(hand: Hand, asked: Asked) -> list[str]:
    if "socket" in asked:
        path = f"/proc/{hand.process({'pid': asked.get('root')})}/root{asked['socket']}"
        return [on_node(f"curl -v --http2-prior-knowledge -m 2 --unix-socket {path} http://localhost/")]
    place = f"/dev/tcp/{hand.mine(str(asked.get('host', '')))}/{asked.get('port')}"
    return [on_node(f'timeout 2 bash -c "head -c 80 <{place}"')]


WORDS = {"/info": "info", "/version": "version", "/containers/json": "ps", "/images/json": "image ls"}
"""Paths of the engine's API -> what the client calls them."""


def _daemon(hand: Hand, asked: Asked) -> list[str]:
    """Ask the node's engine with the node's client, the pod's with the pod's, and with curl where the client has no word."""
    path, _, query = str(asked.get("path", "")).partition("?")
    here = "socket" in asked
    docker = on_node("docker") if here else f"kubectl exec {hand.pod} -c {hand.approach.client} -- docker"
    reading = asked.get("method", "GET") == "GET"
    if reading and path in WORDS:
        return [f"{docker} {WORDS[path]}{' --all' if 'all=' in query else ''}"]
    if ran := hand.exec_of(path):
        return [f"{docker} exec $CHILD {shlex.join(ran)}"]
    kind, _, rest = path.strip("/").partition("/")
    if reading and kind in ("containers", "images", "networks", "volumes") and rest.endswith("/json"):
        return [f"{docker} {kind.rstrip('s')} inspect {hand.mine(rest.removesuffix('/json'))}"]
    place = f"--unix-socket {asked['socket']} http://docker" if here else f"http://$IP:{asked.get('port')}"
    if asked.get("certificates"):
        folder = f"/proc/{hand.process({'pid': asked['of']})}/root{asked['certificates']}"
        place = f"-k --cert {folder}/cert.pem --key {folder}/key.pem https://$IP:{asked['port']}"
    body = shlex.quote(json.dumps(asked.get("body")))
    sent = "" if reading else f"-X {asked['method']} -H Content-Type:application/json -d {body} "
    return [on_node(f"curl -sS {sent}{place}{hand.mine(path)}{shlex.quote(f'?{query}') if query else ''}")]


def _storage(hand: Hand, asked: Asked) -> list[str]:
    """Look on the node itself, in the child as the node has it, or in a container of the pod."""
    root, paths = asked.get("root"), [hand.mine(str(path)) for path in asked.get("paths", [])[:PATHS]]
    inside = on_node("").rstrip()
    if root and hand.process({"pid": root}) == "$PID":
        paths = [f"/proc/$PID/root{path}" for path in paths]
    elif root:
        inside = f"kubectl exec {hand.pod} -c {hand.container_with(root, hand.approach.daemon or hand.approach.client)} --"
    return [f"{inside} stat -c '%d %i %n' {path}" for path in paths]


def _execute(hand: Hand, asked: Asked) -> list[str]:
    """Run it in the client's container, where a process of a pod is meant, and on the node itself where that is its first.

    What is run as another user than the container's is not run by `kubectl exec`, which has no option for that.
    """
    if instead := asked.get("instead"):
        user, group = instead
        enter = f"nsenter -t {hand.process(asked)} -m -n -r -S {user} -G {group}"
        return [_shell(f"{enter} {hand.mine(shlex.join(asked['command']))}")]
    if asked.get("pid") == 1:
        return [on_node(hand.mine(shlex.join(asked["command"])))]
    container = hand.container_with(asked.get("pid"), hand.approach.client)
    return [f"kubectl exec {hand.pod} -c {container} -- {hand.mine(shlex.join(asked.get('command', [])))}"]


def _processes(_: Hand, asked: Asked) -> list[str]:
    if "variable" in asked:
        by_nonce = _shell(f"grep -lsz '^CHILD_NONCE={NONCE}$' /proc/[0-9]*/environ")
        of_container = on_node("sh -c 'grep -ls $CHILD /proc/[0-9]*/cgroup; grep -ls $CHILD/hosts /proc/[0-9]*/mountinfo'")
        return [by_nonce, of_container] if "container" in asked else [by_nonce]
    return [_shell("grep -ls ${POD_UID//-/.} /proc/[0-9]*/cgroup")]


QUESTIONS: Mapping[str, Callable[[Hand, Asked], list[str]]] = {
    "await_child": _page,
    "processes": _processes,
    "mounted": lambda *_: [_shell("grep -ls /pods/$POD_UID/containers/ /proc/[0-9]*/mountinfo")],
    "naming": lambda *_: [on_node("sh -c 'grep -ls $CHILD /proc/[0-9]*/cmdline /proc/[0-9]*/environ'")],
    "serving": lambda *_: [
        _shell(f"for p in /proc/[0-9]*; do nsenter -n -t ${{p#*c/}} curl -s 127.0.0.1:[1-9999]; done | grep {NONCE}")
    ],
    "inotify": lambda *_: [_shell("find /proc/[0-9]*/fd -lname anon_inode:inotify | cut -d/ -f3 | sort | uniq -c")],
    "ancestry": lambda *_: [on_node("ps -eo pid,ppid,args --forest")],
    "execute": _execute,
    "ask": _ask,
    "greeting": _greeting,
    "mountinfo": lambda hand, asked: [on_node(f"cat /proc/{hand.process(asked)}/mountinfo")],
    "cgroups": _cgroups,
    "rates": _rates,
    "visible": lambda hand, asked: [
        on_node(f"sh -c 'cd /proc/{hand.process(asked)}/root/sys/fs/cgroup && cat memory.max cpu.max'"),
        on_node(f"sh -c 'cd /proc/{hand.process(asked)}/root/sys/fs/cgroup && cat memory/memory.stat cpu/cpu.cfs_quota_us'"),
    ],
    "daemon": _daemon,
    "storage": _storage,
    "listening": lambda *_: [on_node("ss -ltnp")],
    "listening_sockets": lambda *_: [on_node("ss -lxp")],
    "listeners": lambda _, asked: [on_node(f"ss -ltnp 'sport = :{asked.get('port')}'")],
    "alive": lambda hand, asked: [on_node(f"ls -d /proc/{hand.process(asked)}")],
    "kill": lambda hand, asked: [on_node(f"kill -{asked.get('signal', 'SIGKILL')} {hand.process(asked)}")],
    "machine": lambda *_: [on_node("sh -c 'uname -r; stat -fc %T /sys/fs/cgroup; head -n 3 /proc/meminfo'")],
    "burn": lambda _, asked: [
        on_node(
            f"""sh -c 'for i in $(seq {asked.get("workers", 2)}); do timeout {asked.get("seconds", 1)} """
            """sh -c "while :; do :; done" & done; wait; times'"""
        )
    ],
}
"""What the node probe answers -> how to see it with a shell."""
NO_SHELL = {
    "forget_ports": "programs", "runtime": "programs", "mounts": "files", "holding": "files", "inventory": "inventory",
    "clock": "machine", "wall": "machine", "watch": "watch", "hold": "hold", "bring_image": "child",
    "meet": "network", "at_rest": "consumption", "received": "throughput",
    "written": "throughput",
}  # fmt: skip
"""What it answers besides -> the module of `conformance/probes/agent/` that has the function, which is what is named."""
