"""The node probe: reads a node and answers over HTTP. One file, standard library only, the same on every cluster.

Runs as a privileged pod with hostPID on each node. Every request is answered by a thread of its own, which
enters the namespaces that the question names and ends with the answer; what lasts is done by a process of its
own (`APART`): so no question can disturb another. It reads; it never concludes. Times are the node's
CLOCK_BOOTTIME, in seconds.

GET /NAME?q=JSON calls the function NAME below with that object and gives {"answer": ..., "at": ...} or
{"error": ...}. Every request carries the run's token. There is no request body, because the API server's proxy
breaks an answer off when it begins before the proxy has seen the end of the request. Python 3.9 or newer.
"""

import concurrent.futures.thread
import ctypes
import encodings.idna  # noqa: F401 -- no name is resolved without it, and in another mount namespace there may be none
import errno
import fcntl
import hmac
import http.client
import http.server
import json
import os
import select
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.parse
import warnings

CLONE_FS = 0x00000200
NAMESPACES = {"mnt": 0x00020000, "cgroup": 0x02000000, "net": 0x40000000}
LIMIT = 1 << 20
LIBC = ctypes.CDLL(None, use_errno=True)


def boottime():
    """Seconds since the node's kernel started, suspension included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def enter(pid, *kinds):
    """Let this thread enter namespaces of a process. The mount namespace comes last: /proc is needed to find the others."""
    LIBC.unshare(CLONE_FS)  # who shares root and working directory with other threads may not go to another mount namespace
    opened = [(kind, os.open("/proc/%d/ns/%s" % (pid, kind), os.O_RDONLY)) for kind in kinds]
    try:
        for kind, handle in opened:
            if LIBC.setns(handle, NAMESPACES[kind]):
                code = ctypes.get_errno()
                raise OSError(code, "setns %s of pid %d: %s" % (kind, pid, os.strerror(code)))
    finally:
        for _, handle in opened:
            os.close(handle)


def text(path):
    """A file's text, at most LIMIT bytes of it."""
    with open(path, "rb") as file:
        return file.read(LIMIT).decode("utf-8", "replace")


def maybe(path):
    """A file's text without its last newline, or None if it cannot be read."""
    try:
        return text(path).rstrip("\n")
    except OSError:
        return None


def start_time(pid):
    """Field 22 of /proc/PID/stat: with the pid, the identity of a process."""
    return int(text("/proc/%d/stat" % pid).rpartition(")")[2].split()[19])


def status_of(pid):
    """The fields of /proc/PID/status."""
    return dict(line.split(":\t", 1) for line in text("/proc/%d/status" % pid).splitlines() if ":\t" in line)


def describe(pid):
    """What the node says of one process. Cgroup paths are as seen from this process's cgroup namespace."""
    base = "/proc/%d/" % pid
    fields = status_of(pid)
    return {
        "pid": pid,
        "start": start_time(pid),
        "ppid": int(fields["PPid"]),
        "comm": fields["Name"],
        "nspid": [int(n) for n in fields["NSpid"].split()],
        "cmdline": text(base + "cmdline").rstrip("\0").split("\0"),
        "cgroup": text(base + "cgroup"),
        "ns": {kind: os.readlink(base + "ns/" + kind) for kind in ("pid", "net", "mnt", "cgroup")},
        "oom_score_adj": int(text(base + "oom_score_adj")),
        "capabilities": fields["CapEff"].strip(),
        "seccomp": fields.get("Seccomp", "").strip(),
    }


def pids():
    """Every process id on the node."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def processes(question):
    """Processes whose environment holds VARIABLE=VALUE (`variable`, `value`), and those in the cgroups of a pod (`uid`)."""
    enter(1, "cgroup")
    wanted = ("%s=%s" % (question["variable"], question["value"])).encode() if "variable" in question else None
    uids = [question["uid"], question["uid"].replace("-", "_")] if "uid" in question else []
    found = []
    for pid in pids():
        try:
            if (
                wanted
                and wanted in open("/proc/%d/environ" % pid, "rb").read(LIMIT).split(b"\0")
                or uids
                and any(uid in text("/proc/%d/cgroup" % pid) for uid in uids)
            ):
                found.append(describe(pid))
        except (OSError, KeyError, ValueError):
            continue  # ended while we looked
    return found


def alive(question):
    """Whether the process of that pid and start time is there, and is no zombie."""
    try:
        state = text("/proc/%d/stat" % question["pid"]).rpartition(")")[2].split()[0]
        return state not in "ZX" and start_time(question["pid"]) == question["start"]
    except OSError:
        return False


def kill(question):
    """Send SIGKILL to the process of that pid and start time, as a user or the kernel would; whether it was there.

    The one question that does something to a leg: what follows from it is what is measured.
    """
    if not alive(question):
        return False
    os.kill(question["pid"], signal.SIGKILL)
    return True


def forget_ports(question):
    """Remove the node's engine's rules that lead a port of `ports` ([first, end]) to a container; give them.

    Asked when no container publishes one: after its node was rebooted under it an engine may restore the rule of one
    that is gone. [] where the node has no iptables, or no such chain.
    """
    enter(1, "net", "mnt")
    first, end = question["ports"]
    removed = []
    try:
        listed = subprocess.run(["iptables", "-w", "-t", "nat", "-S", "DOCKER"], capture_output=True, text=True)
    except OSError:
        return removed
    for rule in listed.stdout.splitlines():
        words = rule.split()
        if words[:1] == ["-A"] and "--dport" in words and first <= int(words[words.index("--dport") + 1]) < end:
            done = subprocess.run(["iptables", "-w", "-t", "nat", "-D", *words[1:]], capture_output=True, text=True)
            removed += [rule] if done.returncode == 0 else []
    return removed


def ancestry(question):
    """A process and every process above it, up to pid 1: who would have to go for it to be nobody's child."""
    enter(1, "cgroup")
    found = [describe(question["pid"])]
    while found[-1]["ppid"]:
        found.append(describe(found[-1]["ppid"]))
    return found


def execute(question):
    """Run a program where a process lives: its mount and network namespaces, environment and bounding set of capabilities.

    So a container's own client is run as the container would run it. What it does not share with the container: its
    pid namespace and its cgroup, which are this probe's. `exit` is None if it ran for longer than `limit` seconds.
    """
    pid = question["pid"]
    environment = dict(one.split("=", 1) for one in text("/proc/%d/environ" % pid).split("\0") if "=" in one)
    bounding = int(status_of(pid)["CapBnd"], 16)

    def become():
        enter(pid, "net", "mnt")
        os.chdir("/")
        for capability in range(64):
            if not bounding >> capability & 1:
                LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)  # fails beyond the last one that the kernel has

    began, code = boottime(), None
    running = subprocess.Popen(
        question["command"], env=environment, preexec_fn=become, start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        out, err = running.communicate(question.get("stdin", "").encode(), question["limit"])
        code = running.returncode
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        out, err = running.communicate()
    said = [one[:LIMIT].decode("utf-8", "replace") for one in (out, err)]
    return {"exit": code, "stdout": said[0], "stderr": said[1], "seconds": round(boottime() - began, 3)}


PR_CAPBSET_DROP = 24


def await_child(question):
    """Wait for the process that is pid 1 of its container, holds CHILD_NONCE=nonce in its environment and serves
    the nonce on port 80 of its own network namespace. Bounded by `seconds`; only processes that started after
    `since` (boot clock) are looked at. Gives what was seen last if it never served.
    """
    wanted = ("CHILD_NONCE=" + question["nonce"]).encode()
    ticks = os.sysconf("SC_CLK_TCK")
    end, started, last = boottime() + question["seconds"], {}, {"seen": "no process with the child's nonce"}
    enter(1, "cgroup")
    while True:
        for pid in pids():
            try:
                if pid not in started:
                    started[pid] = start_time(pid) / ticks
                if started[pid] < question["since"]:
                    continue
                if wanted not in open("/proc/%d/environ" % pid, "rb").read(LIMIT).split(b"\0"):
                    continue
                found = describe(pid)
                if found["nspid"][-1] != 1:
                    continue
                last = {"seen": "a process with the child's nonce", "process": found, "page": {}}
                page = elsewhere(lambda pid=pid: enter(pid, "net") or fetch("127.0.0.1", 80, "/", 1.0))
                last = dict(last, page=page)
                if page.get("body", "").strip() == question["nonce"]:
                    return dict(last, seen="serving")
            except (OSError, KeyError, ValueError):
                continue
        if boottime() > end:
            return last
        time.sleep(0.1)


def elsewhere(work):
    """Do something in a thread of its own (which may enter namespaces) and give its answer."""
    with concurrent.futures.ThreadPoolExecutor(1) as other:
        return other.submit(work).result()


def mounts_of(pid):
    """A process's mountinfo."""
    return text("/proc/%d/mountinfo" % pid)


def mountinfo(question):
    """The mountinfo of a process; pid 1 is the node's own."""
    return mounts_of(question["pid"])


def mounts(question):
    """Every mount on the node, in whatever mount namespace, whose line holds one of some words: namespace -> lines."""
    found = {}
    for pid in pids():
        try:
            space = os.readlink("/proc/%d/ns/mnt" % pid)
            if space not in found:
                found[space] = [line for line in mounts_of(pid).splitlines() if any(word in line for word in question["words"])]
        except OSError:
            continue  # ended while we looked
    return {space: lines for space, lines in found.items() if lines}


V2_FILES = (
    "memory.max", "memory.high", "memory.swap.max", "memory.current", "memory.peak", "memory.events",
    "memory.events.local", "memory.oom.group", "cpu.max", "cpu.weight", "cpu.stat", "pids.max", "pids.current",
    "cgroup.controllers", "cgroup.subtree_control",
)  # fmt: skip
V1_FILES = {
    "memory": ("memory.limit_in_bytes", "memory.usage_in_bytes", "memory.max_usage_in_bytes", "memory.failcnt",
               "memory.oom_control", "memory.use_hierarchy"),
    "cpu": ("cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.shares", "cpu.stat"),
    "cpuacct": ("cpuacct.usage",),
    "pids": ("pids.max", "pids.current"),
}  # fmt: skip


def cgroups(question):
    """A process's place in each hierarchy, and what stands at every level from there to the node's root.

    Read in the cgroup and mount namespaces of the node's pid 1. `cgroup` (text of /proc/PID/cgroup read earlier)
    may be given instead of a pid, for a process that is gone.
    """
    enter(1, "cgroup")
    place = question.get("cgroup") or text("/proc/%d/cgroup" % question["pid"])
    enter(1, "mnt")
    info = text("/proc/1/mountinfo")
    mounted = {}
    for line in info.splitlines():
        left, _, right = line.partition(" - ")
        root, point = left.split(" ")[3:5]
        kind, _, options = right.split(" ", 2)
        if root != "/" and not root.startswith("/.."):
            continue  # a bind mount of a part of a hierarchy
        if kind == "cgroup2":
            mounted.setdefault("", point)
        elif kind == "cgroup":
            for option in options.split(" ")[-1].split(","):
                mounted.setdefault(option, point)
    levels = []
    for line in place.splitlines():
        _, names, path = line.split(":", 2)
        for name in names.split(",") if names else [""]:
            point = mounted.get(name)
            files = V1_FILES.get(name, ()) if name else V2_FILES
            if point is None or not files:
                continue
            current = path
            while True:
                folder = point + (current if current != "/" else "")
                entry = {"controller": name, "path": current, "files": {}}
                try:
                    entry["inode"] = os.stat(folder).st_ino
                except OSError as error:
                    entry["missing"] = os.strerror(error.errno)
                for file in files:
                    read = maybe(folder + "/" + file)
                    if read is not None:
                        entry["files"][file] = read
                levels.append(entry)
                if current == "/" or current.startswith("/.."):
                    break
                current = os.path.dirname(current)
    return {"cgroup": place, "mounts": mounted, "levels": levels}


def rates(question):
    """The same levels twice, `seconds` apart: what a process's cgroups used and were throttled in between."""
    place = elsewhere(lambda: enter(1, "cgroup") or text("/proc/%d/cgroup" % question["pid"]))
    samples = []
    for pause in (0, question["seconds"]):
        time.sleep(pause)
        at = boottime()
        samples.append({"at": at, "levels": elsewhere(lambda: cgroups({"cgroup": place}))["levels"]})
    return {"cgroup": place, "samples": samples}


def ask(question):
    """One HTTP GET of a page. `netns` is a pid whose network namespace is entered; without it, this pod's own."""
    if question.get("netns"):
        enter(question["netns"], "net")
    return fetch(question["host"], question["port"], question.get("path", "/"), question.get("limit", 2.0))


def fetch(host, port, path, timeout):
    """The outcome of one GET: served with status and body, refused, timeout, or the kernel's error."""
    began = boottime()
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        reply = connection.getresponse()
        body = reply.read(4096).decode("utf-8", "replace")
        outcome = {"outcome": "served", "status": reply.status, "body": body}
    except socket.timeout:
        outcome = {"outcome": "timeout"}
    except OSError as error:
        outcome = {"outcome": errno.errorcode.get(error.errno or 0, type(error).__name__)}
    except http.client.HTTPException as error:
        outcome = {"outcome": "not http", "error": repr(error)}
    finally:
        connection.close()
    return dict(outcome, host=host, port=port, seconds=round(boottime() - began, 4))


def greeting(question):
    """What a server says first on a TCP connection: `from_` names the place, `netns` is a pid as in `ask`."""
    if question.get("netns"):
        enter(question["netns"], "net")
    began, said = boottime(), b""
    try:
        with socket.create_connection((question["host"], question["port"]), question.get("limit", 2.0)) as connection:
            said = connection.recv(256)
        outcome = "served" if said else "closed"
    except socket.timeout:
        outcome = "timeout"
    except OSError as error:
        outcome = errno.errorcode.get(error.errno or 0, type(error).__name__)
    return {"outcome": outcome, "said": said.decode("latin-1"), "seconds": round(boottime() - began, 4)}


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.host)


def daemon(question):
    """One request to a Docker Engine: over `socket`, a path of the node, or `port` in the network of the process `netns`."""
    connection = UnixConnection if question.get("socket") else http.client.HTTPConnection
    connection = connection(question.get("socket") or "127.0.0.1", question.get("port"), timeout=question.get("limit", 10.0))
    body = json.dumps(question["body"]) if question.get("body") is not None else None
    headers = {"Host": "docker", "Content-Type": "application/json"}
    status, content, kind, lost = 0, b"", "", ""
    try:
        enter(*((1, "mnt") if question.get("socket") else (question["netns"], "net")))
        connection.request(question.get("method", "GET"), question["path"], body, headers)
        reply = connection.getresponse()
        status, kind = reply.status, reply.getheader("Content-Type", "")
        while len(content) < LIMIT:
            piece = reply.read1(65536)
            if not piece:
                break
            content += piece
    except (OSError, http.client.HTTPException) as error:
        lost = repr(error)  # an engine that dies while it answers: what it said until then is kept
    finally:
        connection.close()
    if kind.startswith("application/vnd.docker"):
        content = unframe(content)
    return {"status": status, "body": content.decode("utf-8", "replace"), "lost": lost}


def unframe(content):
    """The engine's multiplexed stream (8 byte headers) as plain bytes."""
    plain, place = b"", 0
    while place + 8 <= len(content) and content[place] in (0, 1, 2) and content[place + 1 : place + 4] == b"\0\0\0":
        size = int.from_bytes(content[place + 4 : place + 8], "big")
        plain += content[place + 8 : place + 8 + size]
        place += 8 + size
    return plain + content[place:]


def size_of(path):
    """Bytes and files under a path on its own file system, as allocated (st_blocks), not following links."""
    total, files, device = 0, 0, os.lstat(path).st_dev
    queue = [path]
    while queue:
        here = queue.pop()
        try:
            seen = os.lstat(here)
            if seen.st_dev != device:
                continue
            total += seen.st_blocks * 512
            files += 1
            if stat.S_ISDIR(seen.st_mode):
                queue.extend(os.path.join(here, name) for name in os.listdir(here))
        except OSError:
            continue  # removed while we looked
    return {"bytes": total, "files": files}


def storage(question):
    """Paths as the node sees them: there or not, device, inode, bytes. `root` is a pid whose root they hang from.

    Only a path that there is not is not there: any other error is this probe's, and no answer.
    """
    answer = {}
    if "root" not in question:
        enter(1, "mnt")
        prefix = ""
    else:
        prefix = "/proc/%d/root" % question["root"]
    for path in question["paths"]:
        try:
            seen = os.lstat(prefix + path)
            answer[path] = {"exists": True, "device": seen.st_dev, "inode": seen.st_ino}
            if question.get("size"):
                answer[path].update(size_of(prefix + path))
        except (FileNotFoundError, NotADirectoryError) as error:
            answer[path] = {"exists": False, "error": errno.errorcode.get(error.errno, str(error.errno))}
    return answer


def holding(question):
    """The lines that hold a word in files as the node sees them; None where there is no such file."""
    enter(1, "mnt")
    read = {}
    for path in question["paths"]:
        try:
            read[path] = text(path)
        except (FileNotFoundError, NotADirectoryError):
            read[path] = None
    return {
        path: None if said is None else [line for line in said.splitlines() if question["word"] in line]
        for path, said in read.items()
    }


def inventory(question):
    """What a leg could leave on the node: names only, sorted, so that two can be compared. `kinds` are of LOOKS."""
    enter(1, "cgroup")
    enter(1, "net", "mnt")
    found = {kind: sorted(LOOKS[kind]()) for kind in question.get("kinds", ())}
    for name, path in question.get("folders", {}).items():
        try:
            found[name] = sorted(os.listdir(path))
        except OSError as error:
            found[name] = ["(%s)" % os.strerror(error.errno)]
    return found


def mount_points():
    """Where something is mounted; without a network namespace that a process lives in, whose name does not say whose it is."""
    lived_in, points = networks(), set()
    for line in mounts_of(1).splitlines():
        left, _, right = line.partition(" - ")
        point = left.split(" ")[4]
        if not (right.startswith("nsfs ") and inode(point) in lived_in):
            points.add(point)
    return points


def networks():
    """The inodes of all network namespaces that a process lives in."""
    return {inode("/proc/%d/ns/net" % pid) for pid in pids()} - {None}


def inode(path):
    """A file's inode, or None if it is gone."""
    try:
        return os.stat(path).st_ino
    except OSError:
        return None


def cgroup_paths(top="/sys/fs/cgroup"):
    """Every cgroup by its path, the same for all hierarchies that have it."""
    v2 = os.path.exists(top + "/cgroup.controllers")
    tops = [top] if v2 else [os.path.join(top, name) for name in os.listdir(top)]
    return {os.path.relpath(folder, one) for one in tops for folder, _, _ in os.walk(one)} - {"."}


def rules():
    """Every rule, chain and policy of the node's network, IPv4's and IPv6's; of a family without its program, none."""
    found = []
    for tool in ("iptables", "ip6tables"):
        try:
            said = subprocess.run([tool + "-save"], capture_output=True, text=True)
        except OSError:
            continue
        found += ["(%s-save: %s)" % (tool, said.stderr.strip())] if said.returncode else rule_names(tool, said.stdout)
    return found


def rule_names(tool, saved):
    """What `iptables-save` printed, each as the command that makes it: without times and counters."""
    found, table = [], ""
    for line in saved.splitlines():
        if line.startswith("*"):
            table = line[1:].strip()
        elif line.startswith(":"):
            chain, policy = line[1:].split()[:2]
            found.append("%s -t %s %s" % (tool, table, "-N " + chain if policy == "-" else "-P %s %s" % (chain, policy)))
        elif line.startswith("-A"):
            found.append("%s -t %s %s" % (tool, table, line.strip()))
    return found


def root_controllers(top="/sys/fs/cgroup"):
    """The controllers that the root cgroup hands to those below it; on cgroup v1, where none are handed on, none."""
    return set((maybe(top + "/cgroup.subtree_control") or "").split())


LOOKS = {
    "mounts": mount_points,
    "cgroups": cgroup_paths,
    "controllers of the root cgroup": root_controllers,
    "iptables rules": rules,
}


def burn(question):
    """CPU seconds per second that `workers` busy processes of this pod get: what this node can give."""
    began, children = boottime(), []
    for _ in range(question["workers"]):
        child = os.fork()
        if not child:
            end = time.monotonic() + question["seconds"]
            while time.monotonic() < end:
                pass
            os._exit(0)
        children.append(child)
    used = 0.0
    for child in children:
        _, _, usage = os.wait4(child, 0)
        used += usage.ru_utime + usage.ru_stime
    return {"cpu_seconds": used, "wall_seconds": boottime() - began}


def machine(question):
    """The stamp of a node: kernel, cgroup version, file systems, memory, engine."""
    enter(1, "cgroup")
    enter(1, "mnt")
    kinds = [line.partition(" - ")[2].split(" ")[0] + " " + line.split(" ")[4]
             for line in text("/proc/1/mountinfo").splitlines() if " - cgroup" in line]  # fmt: skip
    memory = dict(line.split(":", 1) for line in text("/proc/meminfo").splitlines())
    return {
        "kernel": text("/proc/sys/kernel/osrelease").strip(),
        "os": maybe("/etc/os-release"),
        "cgroup_mounts": kinds,
        "controllers": maybe("/sys/fs/cgroup/cgroup.controllers"),
        "mem_total": memory["MemTotal"].strip(),
        "mem_available": memory["MemAvailable"].strip(),
        "cpus": os.cpu_count(),
        "var_lib_kubelet": [
            line for line in text("/proc/1/mountinfo").splitlines() if line.split(" ")[4] in ("/var", "/", "/var/lib/kubelet")
        ],
        "boot_id": text("/proc/sys/kernel/random/boot_id").strip(),
    }


def runtime(question):
    """What makes a pod's containers on this node, by its own word, and the cgroup namespace of the node's first process."""
    enter(1, "mnt")
    said = {}
    for program in ("containerd", "runc"):
        try:
            lines = subprocess.run([program, "--version"], capture_output=True, text=True).stdout.splitlines()
        except OSError as error:
            lines = ["(%s)" % os.strerror(error.errno)]
        said[program] = lines[0] if lines else ""
    return {**said, "cgroup_namespace": os.readlink("/proc/1/ns/cgroup")}


def clock(question):
    """The node's clock, for the runner to bracket."""
    return boottime()


def wall(question):
    """The node's wall clock, by which kubelet dates what it tells: seconds since 1970."""
    return time.time()


def open_sockets(pid):
    """The TCP sockets that listen in the network of a process: (port, the socket's inode)."""
    for file in ("tcp", "tcp6"):
        for line in (maybe("/proc/%d/net/%s" % (pid, file)) or "").splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                yield int(fields[1].rpartition(":")[2], 16), fields[9]


def listening(question):
    """TCP ports on which something listens in the node's own network, sorted."""
    return sorted({port for port, _ in open_sockets(1)})


def listeners(question):
    """Who listens on `port` in the network of the process `netns` (pid 1: the node's own), by the sockets they hold."""
    sought = {"socket:[%s]" % inode for port, inode in open_sockets(question["netns"]) if port == question["port"]}
    found = []
    for pid in pids() if sought else []:
        folder = "/proc/%d/fd/" % pid
        try:
            if any(leads_to(folder + name) in sought for name in os.listdir(folder)):
                found.append({"pid": pid, "comm": text("/proc/%d/comm" % pid).strip()})
        except OSError:
            continue  # ended while we looked
    return found


def leads_to(link):
    """What a link leads to, or '' if it is gone."""
    try:
        return os.readlink(link)
    except OSError:
        return ""


GATE, LOCK = "/var/lib/kubelet", "/var/lib/kubelet/pods"
COME_IN = 0.1
"""Seconds in which all who wait at an open gate have looked whether it is."""


def hold(question, say, gone, gate=GATE, lock=LOCK):
    """Hold the node's CPUs, shared by all that work or (`alone`) for one measurement, until the one who asked goes away.

    A readers-writer lock (flock) on two folders that every node has: the same for every run on the node, nothing is
    left of it, and it ends with the process that holds it. Whoever waits to be alone lets others in for `yields`
    seconds, until nobody has worked for `pause` seconds: one who goes may be followed by another. Then it holds the
    gate, so that no more readers come in; those who wait there when it is opened come in before the next burn.
    """
    if gate == GATE:
        enter(1, "mnt")
    gate, lock = (os.open(path, os.O_RDONLY | os.O_DIRECTORY) for path in (gate, lock))
    begun, spoken, shut, at_gate, held, free = boottime(), 0.0, 0.0, False, False, None
    kind = fcntl.LOCK_EX if question["alone"] else fcntl.LOCK_SH
    try:
        while not gone(0.5 if held else 0.02):
            if not held:
                at_gate = at_gate or taken(gate, kind)
                held = at_gate and taken(lock, kind)
                shut = shut if at_gate else boottime()
                if at_gate and question["alone"] and boottime() < begun + question["yields"]:
                    free = free_since(lock, held, free)
                    if not held or boottime() < max(free + question["pause"], shut + COME_IN):
                        fcntl.flock(lock, fcntl.LOCK_UN)
                        fcntl.flock(gate, fcntl.LOCK_UN)
                        held = at_gate = False
                if held:
                    if not question["alone"]:
                        fcntl.flock(gate, fcntl.LOCK_UN)
                    say({"event": "held", "at": boottime()})
                elif boottime() > begun + question["seconds"]:
                    return say({"event": "given up", "at": boottime()})
            if boottime() - spoken > 1:
                spoken = boottime()
                say({"event": "holding" if held else "waiting", "at": spoken})
    finally:
        os.close(gate)
        os.close(lock)


def free_since(lock, held, since):
    """Return since when no leg has been at work on the node (`since`, or now if that is None); None while one is."""
    if held:
        return since or boottime()
    return None if taken(lock, fcntl.LOCK_SH) else since


def taken(handle, kind):
    """Whether the lock could be had at once."""
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


BEAT, LOOK = 0.25, 0.025


class Watched:
    """One process that a watch follows: by pid and start time, through a pidfd."""

    def __init__(self, entry):
        self.pid, self.role = entry["pid"], entry["role"]
        self.handle, self.notes, self.noted = None, None, ""
        try:
            self.handle = os.pidfd_open(self.pid)
            if start_time(self.pid) != entry["start"]:
                os.close(self.handle)
                self.handle = None
        except OSError:
            self.handle = None
        if entry.get("notes") and self.handle is not None:
            try:
                # Opened now: it can still be read when the container and its file system are gone.
                self.notes = open("/proc/%d/root%s" % (self.pid, entry["notes"]), "rb")
            except OSError:
                self.notes = None

    def news(self):
        """What the process has noted since it was last asked, or None."""
        if self.notes is None:
            return None
        self.notes.seek(0)
        read = self.notes.read(4096).decode("utf-8", "replace")
        if read == self.noted:
            return None
        self.noted = read
        return read


def watch(question, say):
    """Follow processes to their end: one line for each event, and a beat every BEAT seconds.

    An end wakes the watch. A note does not, so it is looked for every LOOK seconds while one is still to come.
    Ends when all are gone, after `seconds`, or when nobody listens any more.
    """
    watched = [Watched(entry) for entry in question["processes"]]
    poller, by_handle = select.poll(), {}
    for one in watched:
        if one.handle is None:
            say({"event": "absent", "role": one.role, "pid": one.pid, "at": boottime()})
        else:
            poller.register(one.handle, select.POLLIN)
            by_handle[one.handle] = one
    noting = [one.pid for one in by_handle.values() if one.notes is not None]
    say({"event": "watching", "pids": [one.pid for one in by_handle.values()], "noting": noting, "at": boottime()})
    end, beat = boottime() + question["seconds"], boottime() + BEAT
    while by_handle and boottime() < end:
        awaited = any(one.notes is not None and not one.noted for one in by_handle.values())
        events = poller.poll(max(1, int(min(LOOK if awaited else BEAT, end - boottime()) * 1000)))
        at = boottime()
        for handle, _ in events:
            one = by_handle.pop(handle)
            poller.unregister(handle)
            os.close(handle)
            note = one.news()
            if note is not None:
                say({"event": "noted", "role": one.role, "pid": one.pid, "text": note, "at": at})
            say({"event": "gone", "role": one.role, "pid": one.pid, "at": at})
        for one in by_handle.values():
            note = one.news()
            if note is not None:
                say({"event": "noted", "role": one.role, "pid": one.pid, "text": note, "at": boottime()})
        if boottime() >= beat:
            say({"event": "alive", "pids": [one.pid for one in by_handle.values()], "at": boottime()})
            beat = boottime() + BEAT
    say({"event": "end", "alive": [one.pid for one in by_handle.values()], "at": boottime()})


QUESTIONS = {
    f.__name__: f
    for f in (
        processes,
        alive,
        kill,
        forget_ports,
        ancestry,
        execute,
        greeting,
        await_child,
        mountinfo,
        mounts,
        cgroups,
        rates,
        ask,
        daemon,
        storage,
        holding,
        inventory,
        burn,
        machine,
        runtime,
        clock,
        wall,
        listening,
        listeners,
    )
}


APART = ("watch", "hold", "await_child", "execute", "burn")
"""What lasts, or becomes another program: a process of its own does it, which no other question's thread keeps waiting."""


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one question. Runs in a thread of its own."""

    protocol_version = "HTTP/1.0"  # the connection ends with the answer: nothing outlives it
    timeout = 90
    token = ""

    def log_message(self, *_):
        """Keep quiet: every question and answer is in the run's record."""

    def do_GET(self):
        """Answer /NAME?q=JSON."""
        if not hmac.compare_digest(self.headers.get("X-Conformance-Token", ""), self.token):
            return self.reply(403, {"error": "wrong token"})
        path, _, query = self.path.partition("?")
        name = path.rpartition("/")[2]
        if name not in APART:
            return self.answer(name, query)
        child = os.fork()
        if child:
            return os.waitpid(child, 0)
        try:
            close_all_but(self.connection.fileno())
            self.answer(name, query)
        finally:
            os._exit(0)

    def answer(self, name, query):
        """Answer the question of that name."""
        try:
            question = json.loads(urllib.parse.parse_qs(query)["q"][0])
            if name in ("watch", "hold"):
                self.send_response(200)
                self.send_header("Content-Type", "application/x-ndjson")
                self.end_headers()
                return watch(question, self.say) if name == "watch" else hold(question, self.say, self.gone)
            if name not in QUESTIONS:
                return self.reply(404, {"error": "no such question: " + name})
            self.reply(200, {"answer": QUESTIONS[name](question), "at": boottime()})
        except (BrokenPipeError, ConnectionResetError):
            return None
        except Exception as error:  # whatever it is, the one who asked must hear it
            self.reply(500, {"error": "%s: %s" % (type(error).__name__, error)})

    def say(self, event):
        """One line of a watch."""
        self.wfile.write(json.dumps(event).encode() + b"\n")
        self.wfile.flush()

    def gone(self, seconds):
        """Whether the one who asked goes away within so many seconds."""
        ready, _, _ = select.select([self.connection], [], [], seconds)
        return bool(ready) and not self.connection.recv(1, socket.MSG_PEEK)

    def reply(self, status, document):
        """Send a JSON document."""
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def close_all_but(kept):
    """Close what this process has open but one handle and the first three: others' namespaces and files end without it."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) != kept:
            try:
                os.close(int(name))
            except OSError:
                continue  # the list's own


class Server(http.server.ThreadingHTTPServer):
    """A thread for every request, so that entering a namespace ends with the answer."""

    request_queue_size = 64


def main():
    """Serve until told to end."""
    Handler.token = text(sys.argv[2]).strip()
    # Python 3.12 warns of each fork beside threads; those here do nothing in Python that a thread could be in the midst of.
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    Server(("", int(sys.argv[1])), Handler).serve_forever()


if __name__ == "__main__":
    main()
