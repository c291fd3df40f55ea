#!/bin/bash
# import-images.sh ARCHIVE: puts the images of `docker save` into containerd's store while a node's image is made.
# Importing needs no privilege as long as nothing is unpacked. The layers are packed before: a third of the bytes to write
# with a node's image, to keep, and to read when a node starts. (containerd's own --compress-blobs is gzip, on one CPU:
# ten times as slow.)
set -euo pipefail
mkdir archive
tar -C archive -xf "$1"
cd archive
# Docker 25 and newer also describes them as OCI does, by the digest of what is not packed.
rm -f oci-layout index.json
jq -r '.[].Layers[]' manifest.json | sort -u | while read -r layer; do
    [[ -L $layer ]] || { zstd --quiet -1 --threads=0 "$layer" -o "$layer.zst" && mv "$layer.zst" "$layer"; }
done

containerd --log-level error &
server=$!
for _ in {1..100}; do
    if ctr version >/dev/null 2>&1; then break; fi
    sleep 0.1
done
tar -c -- * | ctr -n k8s.io images import --all-platforms --no-unpack --digests - >/dev/null
ctr -n k8s.io images ls -q
kill "$server"
wait "$server" || true
rm -rf /run/containerd /var/log/*.log
