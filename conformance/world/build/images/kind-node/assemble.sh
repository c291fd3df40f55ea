#!/bin/bash
# Runs while the image is built: makes kind's files fit Debian's paths, and fills containerd's image store.
set -euo pipefail

chmod 0755 /usr/local/bin/* /kind/bin/*
mv /usr/local/bin/kubelet /usr/local/bin/kubeadm /usr/local/bin/kubectl /usr/bin/
if [[ $CONTAINERD == 1.6 ]]; then
    for program in containerd containerd-shim-runc-v2 ctr; do ln -sf "/usr/bin/$program" "/usr/local/bin/$program"; done
fi
mkdir -p /opt/cni /etc/kubernetes/manifests /kind/manifests /etc/cni/net.d
ln -s /usr/lib/cni /opt/cni/bin
printf '%s\n' "$KUBERNETES" >/kind/version
sed -i 's#registry.k8s.io/pause:[0-9.]*#registry.k8s.io/pause:3.10.2#; /proxy_plugins/,/containerd-fuse-overlayfs.sock/d' /etc/containerd/config.toml
ctr oci spec \
    | jq '.hooks.createContainer[.hooks.createContainer | length] |= . + {"path": "/kind/bin/mount-product-files.sh"} | del(.process.rlimits)' \
    >/etc/containerd/cri-base.json
sed "s/KUBERNETES_VERSION/$KUBERNETES/" /kind/default-cni.yaml >/kind/manifests/default-cni.yaml
rm /kind/default-cni.yaml

systemctl enable kubelet.service containerd.service undo-mount-hacks.service
systemctl mask systemd-binfmt.service getty.target console-getty.service systemd-logind.service apt-daily.timer apt-daily-upgrade.timer
ln -sf /lib/systemd/system/multi-user.target /etc/systemd/system/default.target

bash /kind/import-images.sh
rm -r /kind/images /kind/import-images.sh
