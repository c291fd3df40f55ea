#!/bin/sh
# Imitates what upstream's dockerd-entrypoint.sh and hack/dind do before the engine starts, and adds
# one thing: the images under /preload are in the graph before the engine that the leg talks to is
# started, because a child's image is loaded, never pulled, and nobody may meet an engine without it.
set -eu

# hack/dind: on cgroup v2 a group with processes cannot hand controllers to its children.
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    mkdir -p /sys/fs/cgroup/init
    xargs -rn1 </sys/fs/cgroup/cgroup.procs >/sys/fs/cgroup/init/cgroup.procs 2>/dev/null || :
    sed -e 's/ / +/g' -e 's/^/+/' </sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control
fi

preload() {
    socket=/run/preload.sock
    dockerd --host="unix://$socket" --pidfile=/run/preload.pid --exec-root=/run/preload --bridge=none --iptables=false &
    pid=$!
    tries=0
    until docker --host="unix://$socket" version >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ "$tries" -gt 600 ] || ! kill -0 "$pid" 2>/dev/null; then
            echo "preload: no engine answered on $socket" >&2
            exit 1
        fi
        sleep 0.05
    done
    for image in /preload/*.tar; do docker --host="unix://$socket" load -q -i "$image"; done
    kill "$pid"
    wait "$pid" || true
}
if [ -e /preload/httpd.tar ] && [ ! -d /var/lib/docker/image ]; then preload; fi

rm -f /var/run/docker.pid
exec tini -- "$@"
