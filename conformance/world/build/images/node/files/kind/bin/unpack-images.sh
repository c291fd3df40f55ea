#!/bin/sh
# unpack-images.sh PREFIX: unpacks the images whose names begin so, one after another. containerd unpacks an image where it is
# first wanted, and where a node's first four pods want the same one at once, four times at once.
set -eu
exec 9>/run/unpack-images.lock
flock 9
ctr -n k8s.io images ls "name~=^$1" | awk 'NR > 1 { print $3 }' | sort -u | xargs -r -n 1 ctr -n k8s.io snapshots unpack
