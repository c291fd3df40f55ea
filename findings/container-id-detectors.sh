#!/usr/bin/env bash
# OpenTelemetry's detectors of the container's ID: that of Python takes a login session, a pod's sandbox and a layer of the image for the
# container, and that of Node.js finds no container of containerd on cgroup v2.
#
# Versions: opentelemetry-resource-detector-containerid 0.66b1 of Python; @opentelemetry/resource-detector-container 0.8.14 of npm; Node.js from
# the machine. Each is told to read other files in the place of /proc/self/cgroup and /proc/self/mountinfo, by the variables that it has for them.
# Behaviour: to that of Python any hexadecimal digits at the end of a cgroup's name are an ID: a shell of session 3 or c1, in no container, is in
# container "3" or "c1". On cgroup v2 both go by mounts. Python's takes the first 64 signs between two slashes in a line with "containers" or
# "hostname": with Podman that is the root file system's line, and the ID that of the container's layer; with containerd the sandbox's,
# which all containers of a pod share. That of Node.js gives none there: the path has "sandboxes" in it, not "containers".
# Guessed: that what is no container has no ID, that Python's finds nothing on cgroup v2, and that what is found is the container's.
# Seen: for each place what both give, with the 64 signs of each ID replaced by its owner's name.
# What follows: join on the pod's UID from the downward API, and give `container.id` in OTEL_RESOURCE_ATTRIBUTES or not at all.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check opentelemetry-resource-detector-containerid==0.66b1
npm install --silent --no-fund --no-audit @opentelemetry/resource-detector-container@0.8.14 >/dev/null
cat >look.py <<'PYTHON'
from opentelemetry.resource.detector import containerid

containerid._DEFAULT_CGROUP_V1_PATH, containerid._DEFAULT_CGROUP_V2_PATH = "cgroup", "mountinfo"
print(dict(containerid.ContainerResourceDetector().detect().attributes).get("container.id", "none"))
PYTHON
cat >look.js <<'JS'
const { containerDetector } = require('@opentelemetry/resource-detector-container');
containerDetector.DEFAULT_CGROUP_V1_PATH = 'cgroup';
containerDetector.DEFAULT_CGROUP_V2_PATH = 'mountinfo';
containerDetector.detect().attributes['container.id'].then((id) => console.log(id || 'none'));
JS
container=$(printf '%064d' 1)
sandbox=$(printf '%064d' 2)
layer=$(printf '%064d' 3)
named() {
    sed "s/$container/the container's/; s/$sandbox/the sandbox's/; s/$layer/the layer's/"
}
root="1 0 0:50 / / rw,relatime - overlay overlay rw"
disk="- ext4 /dev/vda1 rw"
look() {
    echo "$2" >cgroup
    printf '%s\n' "${@:3}" >mountinfo
    echo "$1: Python's $(venv/bin/python look.py | named), Node.js's $(node look.js | named)"
}
{
    look "session 3, no container" 0::/user.slice/user-1000.slice/session-3.scope "1 0 254:1 / / rw $disk"
    look "session c1, no container" 0::/user.slice/user-1000.slice/session-c1.scope "1 0 254:1 / / rw $disk"
    look "Docker, cgroup v1" "4:memory:/docker/$container" "$root"
    look "Docker, cgroup v2" 0::/ "$root" "2 1 254:1 /var/lib/docker/containers/$container/hostname /etc/hostname rw $disk"
    look "containerd, cgroup v2" 0::/ "$root" \
        "2 1 254:1 /var/lib/kubelet/pods/6d1ba5ee-3d7c-44e5-b2a1-3c9b2a7c8f10/etc-hosts /etc/hosts rw $disk" \
        "3 1 254:1 /var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/$sandbox/hostname /etc/hostname rw $disk"
    storage=/var/lib/containers/storage/overlay
    look "Podman, cgroup v2" 0::/ "$root,lowerdir=$storage/l/AAAA,upperdir=$storage/$layer/diff,workdir=$storage/$layer/work" \
        "2 1 0:25 /containers/storage/overlay-containers/$container/userdata/hostname /etc/hostname rw - tmpfs tmpfs rw"
} | tee seen
diff - seen <<'SEEN'
session 3, no container: Python's 3, Node.js's none
session c1, no container: Python's c1, Node.js's none
Docker, cgroup v1: Python's the container's, Node.js's the container's
Docker, cgroup v2: Python's the container's, Node.js's the container's
containerd, cgroup v2: Python's the sandbox's, Node.js's none
Podman, cgroup v2: Python's the layer's, Node.js's the container's
SEEN
echo "as it was seen"
