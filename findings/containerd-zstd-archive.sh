#!/usr/bin/env bash
# `ctr images import` takes an archive of `docker save` whose layer is packed with zstd, and writes gzip into the manifest.
#
# Versions: containerd 1.6.20~ds1-1+deb12u3 and zstd 1.5.4+dfsg2-5 of Debian bookworm. Needs root, for containerd.
# Behaviour: such an archive names no media types. The layer's is written as application/vnd.docker.image.rootfs.diff.tar.gzip,
# although the blob that it names begins with zstd's magic bytes; unpacking looks at the bytes and works. Whoever reads the
# manifest, or pushes the image, is told that a client needs gzip alone.
# Seen: the three lines at the end.
# What follows: to pack layers for a node with zstd is safe; to push what was imported so is not.
set -euo pipefail
folder=$(mktemp -d)
daemon=
trap '[ -z "$daemon" ] || { kill "$daemon"; wait "$daemon" || true; }; rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq download containerd=1.6.20~ds1-1+deb12u3 zstd=1.5.4+dfsg2-5
for package in ./*.deb; do dpkg-deb -x "$package" unpacked; done
PATH=$folder/unpacked/usr/bin:$PATH

mkdir layer image
echo "in a layer" >layer/note
tar -C layer -cf layer.tar note
zstd -q layer.tar -o image/layer.tar
digest=$(sha256sum layer.tar | cut -d' ' -f1)
printf '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:%s"]},"config":{}}' "$digest" >image/config.json
printf '[{"Config":"config.json","RepoTags":["finding:1"],"Layers":["layer.tar"]}]' >image/manifest.json
tar -C image -cf image.tar manifest.json config.json layer.tar

printf 'version = 2\nroot = "%s/data"\nstate = "%s/state"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n' "$folder" "$folder" >config.toml
containerd --config config.toml --address "$folder/socket" >log 2>&1 &
daemon=$!
for _ in $(seq 100); do [ -S socket ] && break; sleep 0.1; done
client() { ctr --address "$folder/socket" "$@"; }
client images import --snapshotter native image.tar >/dev/null
target=$(client images list | awk '/finding:1/ { print $3 }')
client content get "$target" >manifest
python3 - <<'PYTHON' | tee seen
import json

layer = json.load(open("manifest"))["layers"][0]
print("media type:", layer["mediaType"])
print(layer["digest"], file=open("layer-digest", "w"))
PYTHON
client content get "$(cat layer-digest)" | head -c 4 | od -An -tx1 | sed 's/^ /first bytes: /' | tee -a seen
client images mount --snapshotter native docker.io/library/finding:1 "$folder/mnt" >/dev/null 2>&1 || { mkdir -p mnt && client images mount --snapshotter native docker.io/library/finding:1 "$folder/mnt" >/dev/null; }
sed 's/^/unpacked: /' mnt/note | tee -a seen
client images unmount "$folder/mnt" >/dev/null 2>&1 || umount "$folder/mnt"
diff - seen <<'SEEN'
media type: application/vnd.docker.image.rootfs.diff.tar.gzip
first bytes: 28 b5 2f fd
unpacked: in a layer
SEEN
echo "as it was seen"
