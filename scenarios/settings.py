"""Settings: what a pod sets for its own containers, and whether a child has it, too."""

from __future__ import annotations

from typing import Any

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive, not_applicable
from conformance.claims.properties import expect, prop
from conformance.claims.sources import ALIASES, FORBIDS, OWNERS, PROXIES, SHARED_MEMORY, SYSCTLS, TOKENS, WORKSPACES
from conformance.cluster.api import Object
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import CHILD as SERVING
from conformance.evidence.names import POD as OBJECT
from conformance.legs.docker import cleaned_up, processes, said, start
from conformance.legs.rig import Rig
from conformance.legs.variations import SHM, VARIABLE, WORKSPACE
from conformance.probes.paths import PODS
from conformance.timeouts import TIMEOUTS
from scenarios.exposure.reading import refused_over

POD, CHILD, NODE, MOUNTS_IT = "the pod's own container", "the child", "the node", "a child that mounts it"
HOSTS, SET, SHARED, TOKEN = "hosts of {}", "sysctls and variable of {}", "shared memory of {}", "token of {}"
PRIVILEGES, ROOT = "privileges of {}", "root of {}"
READ = """printf '%s\\n' "$NO_PROXY"; for one in "$@"; do printf '%s ' $(cat "/proc/sys/$one"); echo; done"""
"""Prints the variable's value, and then that of each sysctl, a line each."""
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
"""Where a pod's containers have the token of its service account (kubernetes.io, Configure Service Accounts for Pods)."""
AT = "/token-of-the-pod"
MOUNTED = "token"
"""What carries this nonce: a child that mounts the token."""
WORKER = 1001
"""A user of the pod who is not root; no image has it."""
FILE, FOLDER, CLIENTS = f"{WORKSPACE}/file", f"{WORKSPACE}/folder", f"{WORKSPACE}/clients"
WORK = f"""cat {CLIENTS}; set -e
echo >{FILE}
perl -e 'mkdir $ARGV[0] or die "mkdir: $!"' {FOLDER}
echo >{FOLDER}/file
echo written"""
"""With perl, which the children's image has, as its stand-in, which has no mkdir."""
ATTEMPTS = ("have a file there", "change the file", "remove the file", "remove the folder")
AS_WORKER = f"""try() {{ if sh -c "$2"; then echo "$1"; fi; }}
try '{ATTEMPTS[0]}' '[ -G {WORKSPACE} ] && echo >{WORKSPACE}/own && rm {WORKSPACE}/own'
try '{ATTEMPTS[1]}' 'echo more >>{FILE}'
try '{ATTEMPTS[2]}' 'rm -f {FILE}'
try '{ATTEMPTS[3]}' 'rm -rf {FOLDER}'"""
"""Prints, of what a job does with its files, each that could be done."""
BY_ITS_PATH, BY_THE_NODES = "workspace", "workspace by the node's path"
"""What carry these nonces: children that mount the pod's volume, by where its containers have it, and by where the node has."""


def settings(rig: Rig) -> None:
    """Read of the client, of the child and of the node what the pod sets, and let a child mount the service account's token.

    The family stands before that of storage: this is read before the child writes, for which its pod is evicted.
    """
    names = [name.replace(".", "/") for name in _sysctls(rig.pod)]
    for who, pid in ((POD, rig.pids.client), (CHILD, rig.child["pid"]), (NODE, 1)):
        rig.ask(HOSTS.format(who), "holding", word=".", paths=[f"/proc/{pid}/root/etc/hosts"])
        if who != NODE:
            rig.ask(SHARED.format(who), "holding", word=f" {SHM} ", paths=[f"/proc/{pid}/mountinfo"])
        rig.ask(PRIVILEGES.format(who), "holding", word="NoNewPrivs:", paths=[f"/proc/{pid}/status"])
        rig.ask(ROOT.format(who), "holding", word=" / / ", paths=[f"/proc/{pid}/mountinfo"])
        rig.ask(SET.format(who), "execute", pid=pid, command=["sh", "-c", READ, "sh", *names], limit=TIMEOUTS.work)
    rig.ask(TOKEN.format(POD), "holding", word=ACCOUNT.removeprefix("/var"), paths=[f"/proc/{rig.pids.client}/mountinfo"])
    with cleaned_up(rig, MOUNTED):
        run = start(rig, MOUNTED, f"--mount=type=bind,source={ACCOUNT},target={AT},readonly")
        for process in processes(rig, run, MOUNTED)[:1]:
            rig.ask(TOKEN.format(MOUNTS_IT), "holding", word=f" {AT} ", paths=[f"/proc/{process['pid']}/mountinfo"])


def workspace(rig: Rig) -> None:
    """Let a child write as root into a volume of its pod, and then who is not root, but of the volume's group, work with that.

    Where the path of the pod's containers leads nowhere, a second child is given the node's path of the same volume.
    """
    rig.run("a file of the client's", "sh", "-c", f"echo {rig.leg.nonce} >{CLIENTS}")
    on_node = f"{PODS}/{rig.pod['metadata']['uid']}/volumes/kubernetes.io~empty-dir{WORKSPACE}"
    for what, source in ((BY_ITS_PATH, WORKSPACE), (BY_THE_NODES, on_node)):
        with cleaned_up(rig, what):
            run = start(rig, what, f"--mount=type=bind,source={source},target={WORKSPACE}")
            if run.output["exit"] == 0:
                work = rig.run(f"{what}: work", "docker", "exec", run.output["stdout"].strip(), "sh", "-c", WORK)
                if rig.leg.nonce in _printed(work):
                    break
    group = rig.pod["spec"]["securityContext"]["fsGroup"]
    about: dict[str, Any] = {"pid": rig.pids.client, "instead": [WORKER, group], "command": ["sh", "-c", AS_WORKER]}
    rig.ask("work of another user", "execute", limit=TIMEOUTS.work, **about)


def _printed(program: Evidence) -> list[str]:
    return str(program.output["stdout"]).splitlines()


def _sysctls(pod: Object) -> dict[str, str]:
    """Return what a pod sets of its network."""
    sysctls = (pod["spec"].get("securityContext") or {}).get("sysctls") or []
    return {each["name"]: " ".join(each["value"].split()) for each in sysctls if each["name"].startswith("net.")}


def _lines(read: Evidence) -> list[str]:
    (lines,) = read.output.values()
    return [line.strip() for line in lines or [] if not line.startswith("#")]


def _judge(what: dict[str, str], has: dict[str, dict[str, str]], *cites: str) -> Observation:
    """Judge what the child has of `what` the pod sets, by name, where the pod's own container has it, and the node has not.

    Where the node has it by itself, that a child has it does not tell of the pod.
    """
    if missing := [name for name, value in what.items() if has[POD].get(name) != value]:
        return inconclusive(f"{POD} has not what the pod sets either: {', '.join(missing)}", *cites)
    if known := [name for name, value in what.items() if has[NODE].get(name) == value]:
        return inconclusive(f"{NODE} has it, too, so a child does not have it of its pod: {', '.join(known)}", *cites)
    words = [f"{name}: the pod's {value}, the child's {has[CHILD].get(name) or 'none'}" for name, value in what.items()]
    reached = [name for name, value in what.items() if has[CHILD].get(name) == value]
    if len(reached) == len(what):
        return HOLDS.because("; ".join(words), *cites)
    return LACKS.because(f"{'in part: ' if reached else ''}{'; '.join(words)}", *cites)


@prop("SETTINGS.hosts", "a name that its pod gives an address (hostAliases) is known to a child",
      source=ALIASES, predicts={"dood": LACKS, "dind": LACKS}, legs=("storing",), level="extended",
      unhurried=(settings,))  # fmt: skip
def knows_aliases(seen: Seen) -> Observation:
    """Judge by the hosts files, each name with its address."""
    aliases = seen[OBJECT].output["spec"].get("hostAliases") or []
    what = {name: str(each["ip"]) for each in aliases for name in each["hostnames"]}
    read = {who: seen[HOSTS.format(who)] for who in (POD, CHILD, NODE)}
    cites = [evidence.id for evidence in read.values()]
    if not what:
        return not_applicable("the pod has no hostAliases", seen[OBJECT].id)
    return _judge(what, {who: _addresses(evidence) for who, evidence in read.items()}, *cites)


def _addresses(hosts: Evidence) -> dict[str, str]:
    """Return the first address that a hosts file has for each name, which is the one that resolvers take (hosts(5))."""
    known: dict[str, str] = {}
    for address, *names in (line.partition("#")[0].split() for line in _lines(hosts) if line.partition("#")[0].split()):
        known = {**dict.fromkeys(names, address), **known}
    return known


@prop("SETTINGS.sysctls", "a sysctl of the network that its pod sets is a child's, too",
      source=SYSCTLS, predicts={"dood": LACKS, "dind": LACKS}, legs=("storing",), level="extended",
      unhurried=(settings,))  # fmt: skip
def has_sysctls(seen: Seen) -> Observation:
    """Judge by the values in the child's own network, in that of the pod and in the node's."""
    what = _sysctls(seen[OBJECT].output)
    read = {who: seen[SET.format(who)] for who in (POD, CHILD, NODE)}
    cites = [evidence.id for evidence in read.values()]
    if not what:
        return not_applicable("the pod sets no sysctl of its network", seen[OBJECT].id)
    values = {who: evidence.output["stdout"].splitlines()[1:] for who, evidence in read.items()}
    return _judge(what, {who: dict(zip(what, map(str.strip, each), strict=False)) for who, each in values.items()}, *cites)


@prop("SETTINGS.variable", "a variable that each container of its pod has (such as NO_PROXY) is a child's, too",
      source=PROXIES, predicts={"dood": LACKS, "dind": LACKS}, legs=("storing",), level="extended",
      unhurried=(settings,))  # fmt: skip
def has_variable(seen: Seen) -> Observation:
    """Judge by the environments of the first processes."""
    read = {who: seen[SET.format(who)] for who in (POD, CHILD, NODE)}
    values = {who: evidence.output["stdout"].splitlines()[:1] for who, evidence in read.items()}
    name = VARIABLE["name"]
    has = {who: {name: each[0]} if each and each[0] else {} for who, each in values.items()}
    return _judge({name: VARIABLE["value"]}, has, *(evidence.id for evidence in read.values()))


@prop("SETTINGS.memory", "a child may share as much memory (/dev/shm) as the containers of its pod",
      source=SHARED_MEMORY, predicts={"dood": LACKS, "dind": LACKS}, legs=("storing",), level="extended",
      unhurried=(settings,))  # fmt: skip
def shares_as_much(seen: Seen) -> Observation:
    """Judge by the sizes of what is mounted there, where the pod has more than a container has unless told."""
    read = {who: seen[SHARED.format(who)] for who in (POD, CHILD)}
    cites = [evidence.id for evidence in read.values()]
    sizes = {who: _size(evidence) for who, evidence in read.items()}
    if unknown := [who for who, size in sizes.items() if not size]:
        return inconclusive(f"{' and '.join(unknown)} has no {SHM} of a known size", *cites)
    if sizes[POD] <= UNLESS_TOLD:
        return inconclusive(f"{POD} has no more than a container has unless told, {sizes[POD] >> 10} MiB", *cites)
    words = f"the pod's {sizes[POD] >> 10} MiB, the child's {sizes[CHILD] >> 10} MiB"
    return (HOLDS if sizes[CHILD] >= sizes[POD] else LACKS).because(words, *cites)


UNLESS_TOLD = 64 << 10
"""KiB of /dev/shm: of an engine (moby daemon/config, DefaultShmSize) and of a runtime (containerd CRI, sandbox_run_linux.go)."""


def _size(mount: Evidence) -> int:
    """Return the KiB of the tmpfs that a line of mountinfo has last, 0 where it names none."""
    for option in (_lines(mount)[-1:] or [""])[0].rpartition(" ")[2].split(","):
        if option.startswith("size=") and option.endswith("k"):
            return int(option[len("size=") : -1])
    return 0


@prop("SETTINGS.token", "a child that is told to mount the token of its pod's service account by its path has it",
      source=TOKENS, predicts={"dood": LACKS, "dind": LACKS}, legs=("storing",), level="extended",
      unhurried=(settings,), expects=(
          expect("dind", HOLDS, because="kubelet mounts the token into each container of the pod, the engine's too, and a path "
                                        "that is mounted is that of the engine's container",
                 see="kubernetes.io, Configure Service Accounts for Pods; GitLab docs, ci/docker/using_docker_build: volumes "
                     "are mounted in the context of the engine"),
      ))  # fmt: skip
def has_token(seen: Seen) -> Observation:
    """Judge whether what is mounted is the pod's own volume: nobody reads the token itself."""
    run, own, its = seen[MOUNTED], seen[TOKEN.format(POD)], seen.get(TOKEN.format(MOUNTS_IT))
    if not (volume := _mounted(own)):
        return not_applicable(f"the pod has no token at {ACCOUNT}", own.id)
    if its is None:
        if refused_over(run, ACCOUNT):
            return LACKS.because(f"where the engine is there is no such directory: {said(run)}", run.id, own.id)
        return inconclusive(f"no container ran with the mount: {said(run)}", run.id, own.id)
    cites = (run.id, own.id, its.id)
    if not (mounted := _mounted(its)):
        return inconclusive("nothing is mounted in the child", *cites)
    if mounted == volume:
        return HOLDS.because(f"what is mounted in the child is the pod's own volume, device {volume[0]}", *cites)
    words = f"what is mounted in the child is {mounted[1]} of device {mounted[0]}, the pod's volume is device {volume[0]}"
    return LACKS.because(words, *cites)


def _mounted(mount: Evidence) -> tuple[str, str] | None:
    """Return the device and what of it is mounted, by the last line of mountinfo (proc(5)); None where nothing is."""
    lines = _lines(mount)
    _, _, device, root, *_ = lines[-1].split(" ") if lines else ("", "", "", "", "")
    return (device, root) if device else None


@prop("SETTINGS.workspace", "a child that is told to mount a volume of its pod by its containers' path has what they have there",
      source=WORKSPACES, predicts={"dood": LACKS, "dind": HOLDS}, legs=("storing",), level="extended",
      unhurried=(workspace,))  # fmt: skip
def has_workspace(seen: Seen) -> Observation:
    """Judge by a file that the client has written there."""
    run, work, written = seen[BY_ITS_PATH], seen.get(f"{BY_ITS_PATH}: work"), seen["a file of the client's"]
    if written.output["exit"]:
        return inconclusive(f"the client wrote no file there: {said(written)}", written.id)
    if work is None:
        if refused_over(run, WORKSPACE):
            return LACKS.because(f"where the engine is there is no such directory: {said(run)}", run.id)
        return inconclusive(f"no container ran with the mount: {said(run)}", run.id)
    if seen[SERVING].asked["nonce"] in _printed(work):
        return HOLDS.because("the child reads what the client has written there", run.id, work.id)
    return LACKS.because("the child has a directory there, and not what the client has written to it", run.id, work.id)


@prop("SETTINGS.owner", "who is of a volume's group (fsGroup) can change and remove what a child, as root, wrote there",
      source=OWNERS, predicts={"dood": LACKS, "dind": LACKS}, legs=("storing",), level="extended",
      unhurried=(workspace,))  # fmt: skip
def shares_files(seen: Seen) -> Observation:
    """Judge by what somebody who is not root could do with a file and with a folder with a file in it."""
    work, tried = (seen.get(f"{what}: work") for what in (BY_THE_NODES, BY_ITS_PATH)), seen["work of another user"]
    done = next(filter(None, work), None)
    if done is None or not {seen[SERVING].asked["nonce"], "written"} <= {*_printed(done)}:
        run = done or seen.get(BY_THE_NODES) or seen[BY_ITS_PATH]
        return inconclusive(f"no child wrote to the volume: {said(run)}", run.id)
    could = _printed(tried)
    own, *theirs = ATTEMPTS
    user, group = tried.asked["instead"]
    if own not in could:
        return inconclusive(f"uid {user}, of group {group}, could not even {own}: {said(tried)}", tried.id)
    able = [each for each in theirs if each in could]
    words = [f"could {' and '.join(able)}"] * bool(able)
    words += [f"could not {' or '.join(each for each in theirs if each not in able)}"] * (len(able) < len(theirs))
    reason = f"uid {user}, of the volume's group {group}, {', and '.join(words)}"
    return (HOLDS if len(able) == len(theirs) else LACKS).because(reason, done.id, tried.id)


@prop("SETTINGS.forbidden", "what is forbidden to the client (new privileges, a writable root) is forbidden to a child, too",
      source=FORBIDS, predicts={"dood": LACKS, "dind": LACKS}, legs=("storing",), level="extended",
      unhurried=(settings,))  # fmt: skip
def is_forbidden(seen: Seen) -> Observation:
    """Judge by what the kernel notes of the first processes, and by how their roots are mounted."""
    read = {who: (seen[PRIVILEGES.format(who)], seen[ROOT.format(who)]) for who in (POD, CHILD, NODE)}
    cites = [evidence.id for both in read.values() for evidence in both]
    has = {who: _forbidden(*both) for who, both in read.items()}
    return _judge({"new privileges": "forbidden", "root": "read-only"}, has, *cites)


def _forbidden(privileges: Evidence, root: Evidence) -> dict[str, str]:
    """Return what is forbidden to a process."""
    bit = (_lines(privileges)[-1:] or [""])[0].rpartition("\t")[2]
    options = ((_lines(root)[-1:] or [""])[0].split() or [""] * 6)[5].split(",")
    return {
        "new privileges": {"1": "forbidden", "0": "allowed"}.get(bit, ""),
        "root": "read-only" if "ro" in options else "writable",
    }
