#!/usr/bin/env bash
# The stop signals of the CRI have other names from cri-api 0.37 on: the same status of a container reads otherwise, and is not taken back.
#
# Versions: k8s.io/cri-api v0.36.3 and v0.37.2 with the google.golang.org/protobuf that each asks for; Go from the machine.
# Behaviour: on the wire a signal is a number, and stays the same: its place in the alphabet, not that of the kernel (SIGTERM is 23, not 15,
# and 15 is another signal). As JSON, which is what is printed of a container's status, SIGTERM of
# 0.36 is SIGNAL_SIGTERM in 0.37, and RUNTIME_DEFAULT, which is left out, SIGNAL_RUNTIME_DEFAULT. A JSON text that one version made is
# refused by the other. Go's constants are renamed with them, so what was written for 0.36 (containerd 2.3.7) does not compile with 0.37.
# Seen: the lines at the end. The first word is the version whose program reads or writes.
# What follows: who compares a stop signal in kept JSON with SIGTERM finds it no more; cut SIGNAL_ off.
# Who gives a number for a signal gives that of the CRI.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export GOPATH=$folder/go GOFLAGS=-modcacherw
texts=('{"stopSignal":"SIGTERM"}' '{"stopSignal":"SIGNAL_SIGTERM"}' '{"stopSignal":15}')
for version in 0.36.3 0.37.2; do
    mkdir "$folder/$version"
    cd "$folder/$version"
    cat >look.go <<'GO'
package main

import (
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func main() {
	term := &cri.ContainerStatus{StopSignal: cri.Signal(cri.Signal_value[os.Args[1]])}
	wire, err := proto.Marshal(term)
	if err != nil {
		panic(err)
	}
	text, err := protojson.Marshal(term)
	if err != nil {
		panic(err)
	}
	fmt.Println("writes", hex.EncodeToString(wire), "as", strings.ReplaceAll(string(text), " ", ""))
	fmt.Println("knows 0 as", cri.Signal(0))
	for _, text := range os.Args[2:] {
		read := &cri.ContainerStatus{}
		if err := protojson.Unmarshal([]byte(text), read); err != nil {
			fmt.Println("refuses", text)
		} else {
			fmt.Println("takes", text, "as", int(read.StopSignal), read.StopSignal)
		}
	}
}
GO
    go mod init finding 2>/dev/null
    go get "k8s.io/cri-api/pkg/apis/runtime/v1@v$version" google.golang.org/protobuf/encoding/protojson 2>/dev/null
    name=SIGTERM
    [ "$version" = 0.36.3 ] || name=SIGNAL_SIGTERM
    go run . "$name" "${texts[@]}" | sed "s/^/$version /"
done | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
0.36.3 writes 980117 as {"stopSignal":"SIGTERM"}
0.36.3 knows 0 as RUNTIME_DEFAULT
0.36.3 takes {"stopSignal":"SIGTERM"} as 23 SIGTERM
0.36.3 refuses {"stopSignal":"SIGNAL_SIGTERM"}
0.36.3 takes {"stopSignal":15} as 15 SIGPOLL
0.37.2 writes 980117 as {"stopSignal":"SIGNAL_SIGTERM"}
0.37.2 knows 0 as SIGNAL_RUNTIME_DEFAULT
0.37.2 refuses {"stopSignal":"SIGTERM"}
0.37.2 takes {"stopSignal":"SIGNAL_SIGTERM"} as 23 SIGNAL_SIGTERM
0.37.2 takes {"stopSignal":15} as 15 SIGNAL_SIGPOLL
SEEN
echo "as it was seen"
