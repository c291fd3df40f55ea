#!/bin/sh
# Imitates what upstream's dockerd-entrypoint.sh and hack/dind do before the engine starts.
set -eu

# Upstream's default is TLS on 2376, with certificates that it makes. Not imitated: here nothing is served over TCP
# unless it is asked for, which is the same to a client on 2375.
# As upstream's, it takes options alone for dockerd's, beside a socket: that of DOCKER_HOST, if that is one.
case "${1:--}" in
-*)
    socket=unix:///var/run/docker.sock
    case "${DOCKER_HOST:-}" in unix://*) socket=$DOCKER_HOST ;; esac
    set -- dockerd --host="$socket" "$@"
    ;;
esac
rm -f /var/run/docker.pid

# As upstream's, it prepares for an engine that it is told to start itself, and for nothing else.
[ "$1" = dockerd ] || exec "$@"

# hack/dind: on cgroup v2 a group with processes cannot hand controllers to its children.
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    mkdir -p /sys/fs/cgroup/init
    xargs -rn1 </sys/fs/cgroup/cgroup.procs >/sys/fs/cgroup/init/cgroup.procs 2>/dev/null || :
    sed -e 's/ / +/g' -e 's/^/+/' </sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control
fi
exec tini -- "$@"
