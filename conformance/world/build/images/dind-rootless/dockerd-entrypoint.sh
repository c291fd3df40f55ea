#!/bin/sh
# Imitates what upstream's dockerd-entrypoint.sh does where it is not root: RootlessKit starts the engine in user, mount and network
# namespaces of its own. In these the child's image is unpacked into an empty graph, for its files' owners are theirs.
set -eu
# As upstream's, it takes options alone for dockerd's, beside a socket: that of DOCKER_HOST, if that is one. Not imitated: TCP.
case "${1:--}" in
-*)
    socket=unix:///run/user/1000/docker.sock
    case "${DOCKER_HOST:-}" in unix://*) socket=$DOCKER_HOST ;; esac
    set -- dockerd --host="$socket" "$@"
    ;;
esac
[ "$1" = dockerd ] || exec "$@"
export HOME=/home/rootless XDG_RUNTIME_DIR=/run/user/1000

# What the flags' variable has is several words; what is quoted is the inner shell's.
# shellcheck disable=SC2086,SC2016
exec rootlesskit \
    --net="${DOCKERD_ROOTLESS_ROOTLESSKIT_NET:-slirp4netns}" --mtu="${DOCKERD_ROOTLESS_ROOTLESSKIT_MTU:-1500}" \
    --disable-host-loopback --port-driver=builtin --copy-up=/etc --copy-up=/run \
    ${DOCKERD_ROOTLESS_ROOTLESSKIT_FLAGS:-} \
    sh -euc '
        graph=$HOME/.local/share/docker
        [ -d "$graph/image" ] || [ -d "$graph/containerd" ] || tar -C "$graph" -xf /preload/graph.tar
        rm -f /run/docker /run/containerd /run/xtables.lock
        exec "$@"' sh "$@"
