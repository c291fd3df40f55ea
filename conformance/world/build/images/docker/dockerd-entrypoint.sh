#!/bin/sh
# Imitates what upstream's dockerd-entrypoint.sh and hack/dind do before the engine starts, and adds one
# thing: the child's image is unpacked into an empty graph, because a child's image is loaded, never pulled,
# and nobody may meet an engine without it.
set -eu

# hack/dind: on cgroup v2 a group with processes cannot hand controllers to its children.
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    mkdir -p /sys/fs/cgroup/init
    xargs -rn1 </sys/fs/cgroup/cgroup.procs >/sys/fs/cgroup/init/cgroup.procs 2>/dev/null || :
    sed -e 's/ / +/g' -e 's/^/+/' </sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control
fi

if [ -e /preload/graph.tar ] && [ ! -d /var/lib/docker/image ]; then
    tar -C /var/lib/docker -xf /preload/graph.tar
fi

rm -f /var/run/docker.pid
exec tini -- "$@"
