#!/bin/bash
# A kind node that carries Docker Engine next to Kubernetes: what a node was in 2017, and what "a cluster with Docker also
# installed for CI" is today. On kindest/node, or on our stand-in for it (../kind-node). Runs while the image is made.
set -euo pipefail
cd /context

# Both bases are Debian and bring a containerd configuration of their own, which stays.
apt-get update -q
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends -o Dpkg::Options::=--force-confold docker.io jq zstd
rm -rf /var/lib/apt/lists/* /var/cache/apt/* /usr/share/doc /usr/share/man /usr/share/locale
# What no node calls: the engine's test programs; and a containerd or a runc beside the one that is at work.
rm -f /usr/bin/dnet /usr/bin/ovrouter
[[ ! -e /usr/local/sbin/runc ]] || rm -f /usr/sbin/runc
if [[ -e /usr/local/bin/containerd && ! /usr/local/bin/containerd -ef /usr/bin/containerd ]]; then
    rm -f /usr/bin/containerd /usr/bin/containerd-shim* /usr/bin/ctr
fi
cp -r --no-preserve=ownership files/. /
chmod 0755 /kind/bin/*
# Docker Engine in the node loads it when the node starts.
mkdir -p /kind/images
cp httpd.tar /kind/images/
systemctl enable docker.service docker-images.service unpack-images.service

bash import-images.sh images.tar
