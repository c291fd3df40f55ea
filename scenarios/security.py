"""Security: what a client without any privileges can take through its daemon, and what confines child and pod."""

from __future__ import annotations

import json
from typing import Any

from attrs import evolve

from conformance.analysis.counting import counted, were
from conformance.approaches.catalogue import catalogue
from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive, not_applicable
from conformance.claims.properties import expect, prop
from conformance.claims.sources import DOCKER_SECCOMP, GITLAB, HUB, STANDARDS, THINK_TWICE
from conformance.cluster.api import NAMESPACES, Object, pods_path
from conformance.cluster.pods import containers
from conformance.errors import RigError
from conformance.evidence.identity import capabilities_on, first_processes, no_engine, parsed
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import CHILD, DAEMON, NODES_FIRST, POD, POD_PROCESSES
from conformance.legs import calls, daemon
from conformance.legs.deploy import LegFailed, create_pod
from conformance.legs.docker import cleaned_up, image, processes, said, start
from conformance.legs.leg import Leg
from conformance.legs.rig import Rig
from conformance.legs.variations import VARIATIONS
from conformance.probes.node import CREATED, NODE_SOCKET
from conformance.probes.paths import PODS
from conformance.timeouts import TIMEOUTS
from scenarios.exposure.port import CLOSED, ELSEWHERE, ENGINES, OF_CHILD, OPEN, OVER_TLS, engine_from_elsewhere, is_answered
from scenarios.exposure.reading import refused_over
from scenarios.networking import led_astray
from scenarios.resources.reading import IN_USER_NAMESPACE, ROOTLESS
from scenarios.storage import same

DOOD = {"dood": LACKS}
WAYS = {"privileged": "--privileged", "sys-admin": "--cap-add=SYS_ADMIN"}
"""How a client asks for privileges. The second where the first cannot be had: an engine without moby/moby#42933 asks for every
capability that the kernel knows, and where a machine withholds one from all its processes no such container starts."""


def privileged(rig: Rig) -> None:
    """Start a privileged container; read its process and the client's, each up to the node's pid 1."""
    rig.ask("client: ancestry", "ancestry", pid=rig.pids.client)
    for way, option in WAYS.items():
        with cleaned_up(rig, way):
            for process in processes(rig, start(rig, way, option), way):
                rig.ask("privileged: ancestry", "ancestry", pid=process["pid"], option=option)
        if rig.seen.get("privileged: ancestry"):
            return


@prop("P1-06", "a container that the client starts has no more capabilities than the client has itself",
      predicts=DOOD, legs=("foreground-forced",), level="article", while_serving=(privileged,),
      expects=(
          *(expect(approach, HOLDS, because="what is privileged in a user namespace is so in that alone",
                   see="user_namespaces(7), Capabilities")
            for approach in IN_USER_NAMESPACE),
          expect("dind", LACKS, because="the engine's own container is privileged, so what its client starts can be, too",
                 see="docker-library/docs, docker README: --privileged gives full access to the host environment"),
      ))  # fmt: skip
def capabilities(seen: Seen) -> Observation:
    """Judge the child's effective capabilities against the client's, and against those of the node's pid 1."""
    runs = {option: seen[way] for way, option in WAYS.items() if seen.get(way)}
    child, client = seen.get("privileged: ancestry"), seen["client: ancestry"]
    refused = "".join(f"{option}: {said(run)}; " for option, run in runs.items() if run.output["exit"] != 0)
    if child is None:
        return inconclusive(f"{refused}no such container ran", *(run.id for run in runs.values()))
    node = client.output[-1]
    its, own, full = (capabilities_on(node, process) for process in (child.output[0], client.output[0], node))
    cites = (*(run.id for run in runs.values()), child.id, client.id)
    numbers = f"{_capabilities(its)}, the client {own.bit_count()}, the node's pid 1 {full.bit_count()}"
    words = f"{refused}with {child.asked['option']} the child has {numbers}"
    if own == full:
        return inconclusive(f"{words}: the client is privileged itself", *cites)
    return LACKS.because(words, *cites) if its & ~own else HOLDS.because(words, *cites)


def mounting(rig: Rig) -> None:
    """Mount a directory of the node, the pod's own at kubelet; look at a file in it from the child and from the node."""
    folder, file = f"{PODS}/{rig.pod['metadata']['uid']}", "etc-hosts"
    with cleaned_up(rig, "mounting"):
        for process in processes(rig, start(rig, "mounting", f"--volume={folder}:/host:ro"), "mounting"):
            rig.ask("mounting: child", "storage", root=process["pid"], paths=["/host", f"/host/{file}"])
        rig.ask("mounting: node", "storage", paths=[folder, f"{folder}/{file}"])
        theirs = daemon.names_of(rig)
        rig.ask("mounting: engine", "storage", **theirs, paths=[folder])


@prop("P1-07", "a directory of the node that the client has mounted by its path is not the node's",
      predicts=DOOD, legs=("foreground-forced",), level="article", while_serving=(mounting,),
      expects=(
          expect("dind", HOLDS, because="a path that is mounted is the engine's: its container's own, not the node's",
                 see="GitLab docs, ci/docker/using_docker_build: volumes are mounted in the context of the engine"),
          expect("dind-per-node", HOLDS, because="a path that is mounted is that of the engine's container, in another pod",
                 see="GitLab docs, ci/docker/using_docker_build: volumes are mounted in the context of the engine"),
      ))  # fmt: skip
def directories(seen: Seen) -> Observation:
    """Judge whether what the child sees there is the node's, by device and inode."""
    run, child, node = seen["mounting"], seen.get("mounting: child"), seen["mounting: node"]
    folder, file = node.asked["paths"]
    if child is None:
        where = seen.get("mounting: engine")  # older records have none
        missing = where and node.output[folder]["exists"] and not where.output[folder]["exists"]
        if where and missing and refused_over(run, folder):
            return HOLDS.because(f"where the engine is there is no such directory: {said(run)}", run.id, node.id, where.id)
        return inconclusive(f"no container ran with the mount: {said(run)}", run.id)
    cites = (run.id, child.id, node.id)
    mounted, its_file = (child.output[path] for path in child.asked["paths"])
    if not node.output[file]["exists"]:
        return inconclusive(f"{file} is not on the node, so that it is not seen says nothing", *cites)
    if not mounted["exists"]:
        return inconclusive("nothing is mounted in the child", *cites)
    if its_file == node.output[file]:
        return LACKS.because(f"the child reads the node's own {file} (inode {its_file['inode']})", *cites)
    if mounted == node.output[folder]:
        return inconclusive(f"the child has the node's {folder}, but not the file in it", *cites)
    other = "an empty one" if not its_file["exists"] else "another file"
    return HOLDS.because(f"{folder} in the child is another directory (inode {mounted['inode']}), with {other} there", *cites)


SHARED = "/tmp"  # noqa: S108 -- a directory that every container and node has, so that mounting it creates none


def client_files(rig: Rig) -> None:
    """Write a file in the client's container, mount its directory into a container, and look from the node at both."""
    file = f"{rig.leg.nonce}-file"
    rig.run("file written", "sh", "-c", f": >{SHARED}/{file}")
    with cleaned_up(rig, "sharing"):
        run = start(rig, "sharing", f"--volume={SHARED}:/x:ro")
        started = processes(rig, run, "sharing")
        if not started:
            raise RigError(f"No container that mounts the client's {SHARED} ran: {said(run)}")
        theirs = daemon.names_of(rig)
        rig.ask("the client's directory", "storage", root=rig.pids.client, paths=[SHARED, f"{SHARED}/{file}"])
        rig.ask("the daemon's directory", "storage", **theirs, paths=[SHARED])
        rig.ask("the mounted directory", "storage", root=started[0]["pid"], paths=["/x", f"/x/{file}"])


@prop("G-05", "a container that mounts a directory of the client's container sees the client's files",
      source=f"{GITLAB}; Argo Workflows docs, Docker-in-Docker using sidecars",
      predicts={"dood": LACKS, "dind": LACKS}, legs=("foreground",), level="extended", while_serving=(client_files,))  # fmt: skip
def sees_client_files(seen: Seen) -> Observation:
    """Judge the file in both, and whose directory was mounted, by device and inode."""
    client, daemon, mounted = (
        seen[name] for name in ("the client's directory", "the daemon's directory", "the mounted directory")
    )
    cites = (client.id, daemon.id, mounted.id)
    (ours, file), (theirs, copy) = (_in_order(directory) for directory in (client, mounted))
    if not file["exists"]:
        return inconclusive("the client's file was not found in its own container", client.id)
    places = {"the client's": ours, "the daemon's": _in_order(daemon)[0]}
    whose = [name for name, place in places.items() if same(place, theirs)]
    if not whose:
        return inconclusive(f"what is mounted is nobody's {SHARED}", *cites)
    words = f"what is mounted is {' and '.join(whose)} {SHARED}; the file is {'' if copy['exists'] else 'not '}in it"
    return (HOLDS if copy["exists"] else LACKS).because(words, *cites)


def _in_order(evidence: Evidence) -> list[Object]:
    return [evidence.output[path] for path in evidence.asked["paths"]]


def foreign_container(rig: Rig) -> None:
    """Create a container on the node's own engine, let the client look for it by its id, and remove it."""
    secret = f"{rig.leg.nonce}-foreign"
    body = {"Image": image(rig), "Env": [f"CHILD_NONCE={secret}"]}
    asked: dict[str, Any] = {"socket": NODE_SOCKET, "method": "POST", "path": "/containers/create", "body": body}
    created = rig.ask("foreign container", "daemon", **asked)
    if created.output["status"] != CREATED:
        return
    identity = str(json.loads(created.output["body"])["Id"])
    path = f"/containers/{identity}"
    try:
        rig.ask("foreign container on the node", "daemon", socket=NODE_SOCKET, path=f"{path}/json")
        rig.run("foreign container, by the client", "docker", "container", "inspect", identity)
    finally:
        rig.ask("foreign container removed", "daemon", socket=NODE_SOCKET, method="DELETE", path=f"{path}?force=1")


@prop("G-01", "the client reaches a container of the node that its pod did not start",
      source=GITLAB,
      predicts={"dood": HOLDS, "dind": LACKS}, legs=("foreground",), level="extended",
      while_serving=(foreign_container,),
      expects=(
          expect("dind-per-node", LACKS, because="its engine is another than the node's own, and has containers of its own",
                 see="jupyterhub/binderhub#328"),
      ))  # fmt: skip
def reaches_foreign(seen: Seen) -> Observation:
    """Judge whether the client could tell the nonce in the container's environment, of which it was only told the id."""
    created = seen["foreign container"]
    if no_engine(created):
        return not_applicable("the node runs no Docker Engine whose containers could be reached", created.id)
    there, asked = seen["foreign container on the node"], seen["foreign container, by the client"]
    secret = next(
        (variable for variable in parsed(there).get("Config", {}).get("Env", []) if variable.startswith("CHILD_NONCE=")), ""
    )
    if not secret:
        return inconclusive("the node's engine has no container with the nonce", created.id, there.id)
    if asked.output["exit"] == 0 and secret in asked.output["stdout"]:
        return HOLDS.because("the client was told all of it, its environment too", there.id, asked.id)
    if asked.output["exit"] and "no such container" in asked.output["stderr"].lower():
        return LACKS.because("the client's daemon knows no such container; the node's does", there.id, asked.id)
    return inconclusive(f"the client said neither: {asked.output['stderr'].strip()[:200]}", asked.id)


def capabilities_of_the_node(rig: Rig) -> None:
    """Read the node's first process, which has every capability that there is; the pod's are read of every leg."""
    rig.ask(NODES_FIRST, "ancestry", pid=1)


@prop("H-01", "a container of the pod has every capability that there is on the node",
      source=HUB,
      predicts={"dind": HOLDS}, legs=("foreground",), level="extended", while_serving=(capabilities_of_the_node,),
      expects=(
          expect("dind-userns", LACKS, because="what is privileged in a user namespace is so in that alone",
                 see="user_namespaces(7), Capabilities"),
          *(expect(approach, LACKS,
                   because="the first process of its privileged container is not root, and has none; a setuid program of its "
                           "image may get every one all the same",
                   see="capabilities(7), Effect of user ID changes on capabilities, Capability bounding set")
            for approach in ROOTLESS),
          expect("dood", LACKS,
                 because="a pod with the node's socket needs no capability of its own: the node's daemon has them all",
                 see="docs.docker.com/engine/security, Docker daemon attack surface"),
      ))  # fmt: skip
def all_capabilities(seen: Seen) -> Observation:
    """Judge the first process of each of the pod's containers by /proc: what it has, beside which what it may get is told."""
    first, node, pod = seen[POD_PROCESSES], seen[NODES_FIRST], seen[POD]
    every = capabilities_on(node.output[-1], node.output[-1])
    first_of = dict(sorted(first_processes(pod.output, first.output).items(), key=lambda item: int(item[1]["pid"])))
    had = {name: capabilities_on(node.output[-1], process) for name, process in first_of.items()}
    if every not in had.values() and len(first_of) < len(containers(pod.output)):
        return inconclusive("a container of the pod has no process", first.id, pod.id)
    counts = [
        f"{name} has {_counted(had[name], process)}{_in_reach(node.output[-1], process)}, "
        f"seccomp mode {process['seccomp'] or 'unknown'}"
        for name, process in first_of.items()
    ]
    words = f"of {_capabilities(every)} {'; '.join(counts)}"
    return (HOLDS if every in had.values() else LACKS).because(words, first.id, node.id)


def _capabilities(number: int) -> str:
    return counted(number.bit_count(), "capability", "capabilities")


def _in_reach(node: Object, process: Object) -> str:
    """Say how many capabilities on its node a setuid program may get from a process that has not all of them, '' where none more.

    That is its bounding set (capabilities(7)), which a privileged container of a user who is not root has whole.
    """
    has, bound = (
        capabilities_on(node, {**process, "capabilities": process.get(key, "0")}) for key in ("capabilities", "bounding")
    )
    return f", and up to {bound.bit_count()} by a setuid program" if bound & ~has else ""  # older records have no bounding set


def _counted(number: int, process: Object) -> str:
    """Say how many capabilities a process has on its node, and how many in a user namespace of its own, where it is in one."""
    inside = int(process["capabilities"], 16)
    return f"{number.bit_count()}" if number == inside else f"{number.bit_count()} ({inside.bit_count()} in its user namespace)"


@prop("S-16", "the child has no more than the engine's default capabilities, under a seccomp filter",
      source=DOCKER_SECCOMP,
      predicts={"dood": HOLDS, "dind": HOLDS}, legs=("foreground",), level="extended",
      while_serving=(capabilities_of_the_node, calls.make))  # fmt: skip
def confined(seen: Seen) -> Observation:
    """Judge the child's process by /proc, and its filter by what it refuses: one that refuses nothing is a filter, too."""
    child, node = seen[CHILD], seen[NODES_FIRST]
    process, cites = child.output["process"], (child.id, node.id)
    number = capabilities_on(node.output[-1], process)
    # A setuid program may get it all of that (capabilities(7)); older records have no bounding set.
    bound = capabilities_on(node.output[-1], {**process, "capabilities": process.get("bounding", "0")})
    if not process["seccomp"]:
        return inconclusive("the node's kernel tells nothing of seccomp", child.id)
    beyond = (number | bound) & ~DEFAULT_CAPABILITIES
    words = (
        f"{_counted(number, process)} capabilities{_in_reach(node.output[-1], process)}, "
        f"{beyond.bit_count()} beyond the default; seccomp mode {process['seccomp']}"
    )
    if process["seccomp"] != FILTERED or beyond or not (answered := seen.get(calls.CALLS)):  # older records have none
        return (HOLDS if process["seccomp"] == FILTERED and not beyond else LACKS).because(words, *cites)
    through, refused = calls.let_through(answered)
    say = LACKS.because if through else HOLDS.because if refused else inconclusive
    return say(f"{words}, which lets {' and '.join(through) or 'nothing'} through that default ones refuse", *cites, answered.id)


FILTERED = "2"
DEFAULT_CAPABILITIES = 0x00000000A80425FB
"""moby profiles: oci/caps/defaults.go, as a bit set (capabilities(7))."""


def profiles(rig: Rig) -> None:
    """Read, on the node, under which profile of a security module of the kernel (AppArmor, SELinux) the child runs."""
    # Where the kernel has no such module, the file is there and nobody can read it, or no process has such files.
    script = f'test -d /proc/self/attr || {{ echo "{NO_ATTRIBUTES}" >&2; exit 2; }}; exec cat "/proc/$0/attr/current"'
    command = ["sh", "-c", script, str(rig.child["pid"])]
    rig.ask("child's profile", "execute", pid=1, command=command, limit=TIMEOUTS.work)


@prop("J-01", "the engine confines the child with a profile of the kernel's security module",
      source=f"{THINK_TWICE}; docs.docker.com, AppArmor security profiles for Docker",
      predicts={"dood": HOLDS, "dind": LACKS}, legs=("foreground",), level="extended", while_serving=(profiles,))  # fmt: skip
def profiled(seen: Seen) -> Observation:
    """Judge the profile of the child's process, and whether the daemon says that it sets one."""
    read, daemon = seen["child's profile"], seen[DAEMON]
    profile = read.output["stdout"].strip().strip("\0")
    options = parsed(daemon).get("SecurityOptions") or []
    modules = [name for name in SECURITY_MODULES if any(f"name={name}" in option for option in options)]
    if read.output["exit"] and any(words in read.output["stderr"] for words in (NO_MODULE, NO_ATTRIBUTES)):
        if modules:
            return inconclusive(f"the daemon speaks of {', '.join(modules)}, and the kernel tells no profile", read.id, daemon.id)
        return not_applicable("the node's kernel has no module that confines a process (AppArmor, SELinux)", read.id, daemon.id)
    if read.output["exit"] != 0 or not profile:
        return inconclusive(f"the child's profile could not be read: {read.output['stderr'].strip()[:200]}", read.id)
    words = f"the child's profile is {profile}; its daemon sets {', '.join(modules) or 'none'}"
    return (LACKS if "unconfined" in profile else HOLDS).because(words, read.id, daemon.id)


SECURITY_MODULES = ("apparmor", "selinux")
NO_MODULE = "Invalid argument"
"""What reading the file ends with where no module answers for it (linux security/security.c, security_getprocattr)."""
NO_ATTRIBUTES = "no process has attributes of a security module"
"""What is printed where the kernel was built without such modules: /proc has no such files (fs/proc/base.c, CONFIG_SECURITY)."""


def under_baseline(rig: Rig) -> None:
    """Let the API server check the pod, and Pod A, in a namespace that enforces the baseline standard; nothing is started."""
    name = f"{rig.leg.namespace}-baseline"
    labels = {**rig.leg.labels, "pod-security.kubernetes.io/enforce": "baseline"}
    rig.cluster.create(NAMESPACES, {"metadata": {"name": name, "labels": labels}})
    try:
        _check(rig, "the pod under baseline", rig.leg, name)
        _check(rig, "Pod A under baseline", evolve(rig.leg, approach=catalogue()["pod"], variation=VARIATIONS["plain"]), name)
    finally:
        rig.cluster.delete(f"{NAMESPACES}/{name}")


def _check(rig: Rig, name: str, leg: Leg, namespace: str) -> None:
    """Keep what the API server answers to a dry run of the leg's pod: '' where it would be admitted."""
    record, refused = rig.timed(), ""
    try:
        create_pod(rig.cluster, leg, check_in=namespace)
    except LegFailed as failure:
        refused = failure.sentence
    asked = {"POST": pods_path(namespace), "dryRun": "All", "pod": leg.pod_name}
    record(name, "API server", asked, {"refused": refused})


@prop("K-05", "a namespace that enforces the baseline standard refuses the pod",
      source=STANDARDS,
      predicts={"dood": HOLDS, "dind": HOLDS}, legs=("foreground",), level="extended",
      while_serving=(under_baseline,))  # fmt: skip
def refused_by_baseline(seen: Seen) -> Observation:
    """Judge the API server's own words, beside a pod that it would admit to the same namespace."""
    pod, other = seen["the pod under baseline"], seen["Pod A under baseline"]
    if other.output["refused"]:
        return inconclusive(f"the namespace refused Pod A, too: {other.output['refused']}", other.id)
    refused = pod.output["refused"]
    if not refused:
        return LACKS.because("it was admitted", pod.id, other.id)
    if "violates PodSecurity" not in refused:
        return inconclusive(f"it was refused for another reason: {refused}", pod.id)
    what = refused.partition("violates PodSecurity ")[2].partition(": ")[2]  # what stands before is the standard's own name
    return HOLDS.because(f"{what}; Pod A was admitted", pod.id, other.id)


@prop("H-02", "no other pod can command the pod's engine",
      source=HUB,
      predicts={"dind": LACKS}, approaches=("dind",), legs=("foreground",), level="extended",
      while_serving=(engine_from_elsewhere,), expects=CLOSED)  # fmt: skip
def commanded_by_others(seen: Seen) -> Observation:
    """Judge who was answered by the leg's own daemon, by its id."""
    asked, identity = seen.every(ENGINES), parsed(seen[DAEMON])["ID"]
    for each in (asked, *map(seen.every, (ELSEWHERE, OVER_TLS, OF_CHILD))):  # older records have nothing of what comes after
        if answered := [answer for answer in each if is_answered(seen, answer)]:
            break
    if answered:
        ports = sorted({answer.asked["port"] for answer in answered if answer not in asked})
        told_of = f"{len(answered)} of {counted(len(asked), 'place')}"
        told_of += f" on port {' and '.join(map(str, ports))}" if ports else ""
        told_of += " over TLS" if answered[0].name == OVER_TLS else ""
        what = "of the child" if answered[0].name == OF_CHILD else "who it is"
        reason = f"the daemon {identity} told {told_of} {what}, and asked nobody who they are"
        return LACKS.because(reason, *(answer.id for answer in answered))
    turned_away = [answer for answer in (*asked, *seen.every(ELSEWHERE)) if answer.output["outcome"] == "ECONNREFUSED"]
    read = seen.get(OPEN)  # older records have none
    if read and (selective := sorted({answer.asked["port"] for answer in turned_away} & set(read.output))):
        why = f"on port {' and '.join(map(str, selective))} of the pod somebody listens, and a rule refuses who asked"
        return inconclusive(f"{why}: whom it lets through is not known", read.id, *(answer.id for answer in turned_away))
    if asked and all(answer.output["outcome"] == "ECONNREFUSED" for answer in asked):
        return HOLDS.because(f"{counted(len(asked), 'place')} {were(len(asked))} refused", *(answer.id for answer in asked))
    words, *cites = led_astray(seen, asked) or ("",)  # an accident that keeps others away is no protection
    return inconclusive(
        f"the engine's port neither answered as the daemon nor refused{f'; {words}' if words else ''}",
        *(answer.id for answer in asked),
        *cites,
    )
