#!/usr/bin/env bash
# `skopeo copy` from one OCI layout to another compresses layers that are not, and so gives the image another digest.
#
# Versions: skopeo 1.9.3+ds1-1+b10, libgpgme11 1.18.0-3+deb12u1 and libassuan0 2.5.5-5 of Debian bookworm.
# Behaviour: an image whose layers are plain tar archives, as the OCI specification allows, is copied with its layers gzipped, without
# a word; a signature or a reference by digest no longer fits. An image with gzipped layers keeps its digest.
# `--preserve-digests` keeps it for both. `dir:` keeps it without the option.
# Seen: the lines at the end.
# What follows: pass --preserve-digests, which fails rather than change an image.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq download skopeo=1.9.3+ds1-1+b10 libgpgme11=1.18.0-3+deb12u1 libassuan0=2.5.5-5 2>/dev/null
for package in ./*.deb; do dpkg-deb -x "$package" unpacked; done
skopeo() { LD_LIBRARY_PATH=$folder/unpacked/usr/lib/$(uname -m)-linux-gnu "$folder/unpacked/usr/bin/skopeo" --insecure-policy "$@"; }
cat >layout.py <<'PYTHON'
import gzip
import hashlib
import io
import json
import pathlib
import tarfile

content = io.BytesIO()
with tarfile.open(fileobj=content, mode="w") as archive:
    member = tarfile.TarInfo("note")
    member.size = 10000
    archive.addfile(member, io.BytesIO(bytes(member.size)))
layer = content.getvalue()


def layout(name, media_type, blob):
    blobs = pathlib.Path(name, "blobs", "sha256")
    blobs.mkdir(parents=True)

    def kept(kind, data):
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(data)}

    rootfs = {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]}
    config = kept("config.v1+json", json.dumps({"architecture": "amd64", "os": "linux", "rootfs": rootfs}).encode())
    manifest = {"schemaVersion": 2, "config": config, "layers": [kept(media_type, blob)]}
    index = {"schemaVersion": 2, "manifests": [kept("manifest.v1+json", json.dumps(manifest).encode())]}
    pathlib.Path(name, "index.json").write_text(json.dumps(index))
    pathlib.Path(name, "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


layout("plain", "layer.v1.tar", layer)
layout("gzipped", "layer.v1.tar+gzip", gzip.compress(layer, mtime=0))
PYTHON
python3 layout.py
for image in plain gzipped; do
    skopeo copy -q "oci:$image" "oci:$image-copy"
    skopeo copy -q --preserve-digests "oci:$image" "oci:$image-kept"
    skopeo copy -q "oci:$image" "dir:$image-dir"
    for to in "oci:$image-copy" "oci:$image-kept" "dir:$image-dir"; do
        if cmp -s <(skopeo inspect --raw "oci:$image") <(skopeo inspect --raw "$to"); then digest=the\ same; else digest=another; fi
        echo "$to: $digest digest, $(skopeo inspect --raw "$to" | grep -o 'layer\.v1\.tar[+a-z]*')"
    done
done | tee seen
diff - seen <<'SEEN'
oci:plain-copy: another digest, layer.v1.tar+gzip
oci:plain-kept: the same digest, layer.v1.tar
dir:plain-dir: the same digest, layer.v1.tar
oci:gzipped-copy: the same digest, layer.v1.tar+gzip
oci:gzipped-kept: the same digest, layer.v1.tar+gzip
dir:gzipped-dir: the same digest, layer.v1.tar+gzip
SEEN
echo "as it was seen"
