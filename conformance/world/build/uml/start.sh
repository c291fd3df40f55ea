#!/bin/sh
# start.sh GATEWAY CPUS PROGRAM...: become a program on these CPUs, in a network namespace that has a tap and no way out.
# Run it by `unshare --net`.
set -eu
gateway=$1 cpus=$2
shift 2
ip link set lo up
ip tuntap add tap0 mode tap
ip address add "$gateway" dev tap0
ip link set tap0 up
exec taskset --cpu-list "$cpus" "$@"
