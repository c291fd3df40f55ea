#!/bin/sh
# A machine without CAP_SYS_RESOURCE (bit 24) cannot lower a pod's oom_score_adj; containerd then fails every
# sandbox with "can't get final child's PID from pipe: EOF" unless it may leave the score as it is.
set -eu
bounding=$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/1/status)
if [ $((0x$bounding >> 24 & 1)) -eq 0 ]; then
    sed -i 's/restrict_oom_score_adj = false/restrict_oom_score_adj = true/' /etc/containerd/config.toml
fi
