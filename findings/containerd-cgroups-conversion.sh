#!/usr/bin/env bash
# containerd's Go library for cgroups turns resources of the OCI runtime specification into other values of cgroup v2 than runc's.
#
# Versions: github.com/containerd/cgroups/v3 v3.1.3, github.com/opencontainers/cgroups v0.1.0 (runc's) beside it,
# github.com/opencontainers/runtime-spec v1.3.0; Go from the machine.
# Behaviour of ToResources: it computes weights of block I/O in 16 bits, which overflow from 17 upwards: 1000, the heaviest of
# cgroup v1, becomes 4 of 10000 and is lighter than 10 times less. It subtracts the memory limit from -1, which means no limit: no
# limit on either becomes "no swap", and no limit on swap beside one on memory becomes a negative number. A CPU quota
# without a period is dropped. CPU shares and memory with a number for both are as runc's.
# Seen: the lines at the end, containerd's value first. An empty value is not set.
# What follows: give `unified` or set swap and weights yourself where a program is built on this library.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS=-modcacherw
cat >look.go <<'GO'
package main

import (
	"fmt"

	"github.com/containerd/cgroups/v3/cgroup2"
	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/runtime-spec/specs-go"
)

func pointer[T any](value T) *T { return &value }

func main() {
	for _, weight := range []uint16{10, 16, 17, 100, 500, 1000} {
		got := cgroup2.ToResources(&specs.LinuxResources{BlockIO: &specs.LinuxBlockIO{Weight: &weight}})
		fmt.Println("blkio weight", weight, "->", got.IO.BFQ.Weight, "and", cgroups.ConvertBlkIOToIOWeightValue(weight))
	}
	for _, m := range [][2]int64{{100, 150}, {100, -1}, {-1, -1}} {
		got := cgroup2.ToResources(&specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: &m[0], Swap: &m[1]}})
		beside, err := cgroups.ConvertMemorySwapToCgroupV2Value(m[1], m[0])
		if err != nil {
			panic(err)
		}
		fmt.Println("memory", m[0], "with swap", m[1], "-> swap", *got.Memory.Swap, "and", beside)
	}
	for _, shares := range []uint64{2, 102, 1024} {
		got := cgroup2.ToResources(&specs.LinuxResources{CPU: &specs.LinuxCPU{Shares: &shares}})
		fmt.Println("cpu shares", shares, "->", *got.CPU.Weight, "and", cgroups.ConvertCPUSharesToCgroupV2Value(shares))
	}
	quota := &specs.LinuxCPU{Quota: pointer(int64(50000))}
	fmt.Printf("cpu quota 50000 -> %q\n", cgroup2.ToResources(&specs.LinuxResources{CPU: quota}).CPU.Max)
	quota.Period = pointer(uint64(100000))
	fmt.Printf("cpu quota 50000 of 100000 -> %q\n", cgroup2.ToResources(&specs.LinuxResources{CPU: quota}).CPU.Max)
}
GO
go mod init finding 2>/dev/null
go get github.com/containerd/cgroups/v3/cgroup2@v3.1.3 github.com/opencontainers/cgroups@v0.1.0 github.com/opencontainers/runtime-spec@v1.3.0 2>/dev/null
go build -o look .
./look | tee seen
diff - seen <<'SEEN'
blkio weight 10 -> 1 and 1
blkio weight 16 -> 61 and 61
blkio weight 17 -> 5 and 71
blkio weight 100 -> 49 and 910
blkio weight 500 -> 51 and 4950
blkio weight 1000 -> 4 and 10000
memory 100 with swap 150 -> swap 50 and 50
memory 100 with swap -1 -> swap -101 and -1
memory -1 with swap -1 -> swap 0 and -1
cpu shares 2 -> 1 and 1
cpu shares 102 -> 17 and 17
cpu shares 1024 -> 100 and 100
cpu quota 50000 -> ""
cpu quota 50000 of 100000 -> "50000 100000"
SEEN
echo "as it was seen"
