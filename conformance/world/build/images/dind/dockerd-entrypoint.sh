#!/bin/sh
# Unpacks the child's image into an empty graph, because a child's image is loaded, never pulled, and nobody may
# meet an engine without it; then becomes the engine's own entrypoint.
set -eu
if [ ! -d /var/lib/docker/image ] && [ ! -d /var/lib/docker/containerd ]; then
    tar -C /var/lib/docker -xf /preload/graph.tar
fi
exec dockerd-entrypoint.engine.sh "$@"
