#!/usr/bin/env bash
# go-containerregistry, on which crane, ko and kaniko are built, finds no image for `linux/arm64/v8` where containerd does, and takes
# images for older or newer processors than asked.
#
# Versions: github.com/google/go-containerregistry v0.22.1, github.com/containerd/platforms v0.2.1 beside it; Go from the machine.
# Behaviour: a variant is compared as text, and only if it was asked for. An index that leaves out v8 for arm64 and v1 for amd64, as most do,
# has nothing for who names it. Without a variant asked for, any will do: `linux/amd64` is satisfied with amd64/v3, which an older
# processor cannot run, and `linux/arm` with v5. containerd fills in the usual variant on both sides.
# Seen: what each says, go-containerregistry first.
# What follows: ask for `linux/arm64` and `linux/amd64` without a variant; choose by digest where an index has several.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS=-modcacherw
cat >look.go <<'GO'
package main

import (
	"fmt"

	"github.com/containerd/platforms"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func main() {
	for _, pair := range [][2]string{
		{"linux/arm64", "linux/arm64"},
		{"linux/arm64/v8", "linux/arm64"},
		{"linux/arm64", "linux/arm64/v8"},
		{"linux/amd64/v1", "linux/amd64"},
		{"linux/amd64", "linux/amd64/v3"},
		{"linux/arm/v7", "linux/arm"},
		{"linux/arm", "linux/arm/v7"},
		{"linux/arm", "linux/arm/v5"},
	} {
		asked, err := v1.ParsePlatform(pair[0])
		if err != nil {
			panic(err)
		}
		there, err := v1.ParsePlatform(pair[1])
		if err != nil {
			panic(err)
		}
		beside := platforms.NewMatcher(platforms.MustParse(pair[0]))
		image := platforms.Platform{OS: there.OS, Architecture: there.Architecture, Variant: there.Variant}
		fmt.Println(pair[0], "asked for,", pair[1], "there:", there.Satisfies(*asked), "and", beside.Match(image))
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/google/go-containerregistry/pkg/v1@v0.22.1 github.com/containerd/platforms@v0.2.1 2>/dev/null
go build -o look .
./look | tee seen
diff - seen <<'SEEN'
linux/arm64 asked for, linux/arm64 there: true and true
linux/arm64/v8 asked for, linux/arm64 there: false and true
linux/arm64 asked for, linux/arm64/v8 there: true and true
linux/amd64/v1 asked for, linux/amd64 there: false and true
linux/amd64 asked for, linux/amd64/v3 there: true and false
linux/arm/v7 asked for, linux/arm there: false and true
linux/arm asked for, linux/arm/v7 there: true and true
linux/arm asked for, linux/arm/v5 there: true and false
SEEN
echo "as it was seen"
