#!/bin/bash
# Stand-in for kindest/node where no registry answers: a kind node on Debian bookworm, whose systemd 252 runs on cgroup v1
# and v2 alike. Runs while the image is made: lays out kind's own files (from the pinned Go module) and ours, makes them fit
# Debian's paths, and fills containerd's image store. As kind's own node it carries no Docker Engine: ../node adds that to either.
set -euo pipefail
cd /context

cp -r --no-preserve=ownership files/. /
mkdir -p /kind/manifests /opt/cni /etc/kubernetes/manifests /etc/cni/net.d
mv bin/kubernetes bin/kubelet bin/kubeadm bin/kubectl /usr/bin/
if [[ $CONTAINERD == 1.6 ]]; then
    for program in containerd containerd-shim-runc-v2 ctr; do ln -sf "/usr/bin/$program" "/usr/local/bin/$program"; done
else
    mv bin/runc /usr/local/sbin/
    mv bin/* /usr/local/bin/
fi
chmod 0755 /usr/bin/kubernetes /usr/local/bin/* /kind/bin/*
ln -s /usr/lib/cni /opt/cni/bin
printf '%s\n' "$KUBERNETES" >/kind/version
sed -i "s#registry.k8s.io/pause:[0-9.]*#registry.k8s.io/pause:$PAUSE#; /proxy_plugins/,/containerd-fuse-overlayfs.sock/d" /etc/containerd/config.toml
ctr oci spec \
    | jq '.hooks.createContainer[.hooks.createContainer | length] |= . + {"path": "/kind/bin/mount-product-files.sh"} | del(.process.rlimits)' \
    >/etc/containerd/cri-base.json
sed "s/KUBERNETES_VERSION/$KUBERNETES/" default-cni.yaml >/kind/manifests/default-cni.yaml

systemctl enable kubelet.service containerd.service undo-mount-hacks.service
systemctl mask systemd-binfmt.service getty.target console-getty.service systemd-logind.service apt-daily.timer apt-daily-upgrade.timer
ln -sf /lib/systemd/system/multi-user.target /etc/systemd/system/default.target

bash import-images.sh images.tar
