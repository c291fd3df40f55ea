#!/usr/bin/env bash
# `ctr images import` finds a layer that is a link inside an archive of `docker save`, unless the archive's names begin with "./".
#
# Version: containerd 1.6.20~ds1-1+deb12u3 of Debian bookworm. Needs root, for containerd.
# Behaviour: Docker before 25 saves a layer that two images share once, and as a link from the other's folder. The archive is taken
# as it is. Unpacked and packed again with `tar -c .`, with the same content, it is refused: names are compared without "./", where
# links lead is compared with it. Without a link in it such an archive is taken.
# Seen: the three lines at the end.
# What follows: pack with the names given (`tar -c *`), not with `.`.
set -euo pipefail
folder=$(mktemp -d)
daemon=
trap '[ -z "$daemon" ] || { kill "$daemon"; wait "$daemon" || true; }; rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq download containerd=1.6.20~ds1-1+deb12u3
dpkg-deb -x ./containerd_*.deb unpacked
PATH=$folder/unpacked/usr/bin:$PATH

mkdir -p layer image/first image/second plain/first
echo "in a layer" >layer/note
tar -C layer -cf image/first/layer.tar note
cp image/first/layer.tar plain/first/layer.tar
ln -s ../first/layer.tar image/second/layer.tar
digest=$(sha256sum image/first/layer.tar | cut -d' ' -f1)
printf '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:%s"]},"config":{}}' "$digest" |
    tee image/config.json >plain/config.json
printf '[{"Config":"config.json","RepoTags":["finding:1"],"Layers":["second/layer.tar"]}]' >image/manifest.json
printf '[{"Config":"config.json","RepoTags":["finding:2"],"Layers":["first/layer.tar"]}]' >plain/manifest.json
(cd image && tar -cf ../as-saved.tar -- *)
tar -C image -cf packed-again.tar .
tar -C plain -cf without-a-link.tar .

printf 'version = 2\nroot = "%s/data"\nstate = "%s/state"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n' "$folder" "$folder" >config.toml
containerd --config config.toml --address "$folder/socket" >log 2>&1 &
daemon=$!
for _ in $(seq 100); do [ -S socket ] && break; sleep 0.1; done
for archive in as-saved packed-again without-a-link; do
    if ctr --address "$folder/socket" images import --no-unpack "$archive.tar" >said 2>&1; then
        echo "$archive: taken"
    else
        echo "$archive: $(tail -n 1 said | grep -o 'layer .* not found' | sed 's/[0-9a-f]\{64\}/ID/')"
    fi
done | tee seen
diff - seen <<'SEEN'
as-saved: taken
packed-again: layer "second/layer.tar" not found
without-a-link: taken
SEEN
echo "as it was seen"
