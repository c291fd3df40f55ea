#!/bin/bash
# A node (../node) that has gVisor's runtime beside runc: runsc and its shim, of their Go module, and containerd's entry for them.
# Runs while the image is made.
set -euo pipefail
cd /context

mv bin/* containerd-shim-runsc-v1 /usr/local/bin/
chmod 0755 /usr/local/bin/containerd-shim-runsc-v1
echo '0 0 4294967294' >/kind/not-all-users
cp 20-cgroup-driver.conf /etc/systemd/system/containerd.service.d/
cat >>/etc/containerd/config.toml <<'END'

# The handler of the RuntimeClass gvisor (runtime-class.yaml).
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runsc]
  runtime_type = "io.containerd.runsc.v1"
END
