#!/usr/bin/env bash
# `/dev/fuse:rw` is the device with permissions to `docker run`; to Compose and the Docker SDK of Python it is a device at the path "rw".
#
# Versions: github.com/compose-spec/compose-go/v2 v2.16.2, with which Docker Compose reads its files; docker 7.2.0 of Python; Go from the machine.
# Behaviour: Docker's command line takes what stands behind one colon for permissions if it is made of r, w and m (parseLinuxDevice in its source,
# which was read and is not run here). The two others take it for the path in the container and say nothing: the device is not at
# /dev/fuse there, and its permissions are rwm, also for `/dev/fuse:r`. With both
# paths, `/dev/fuse:/dev/fuse:rw`, all three mean the same. What is empty between two colons is the device's own path to Compose, and stays empty in
# the SDK. Permissions of other letters are taken by both.
# Guessed: that both read the short form as the command line does, or refuse it, as a path in a container is absolute.
# Seen: for each device the path on the host, the one in the container and the permissions, Compose first.
# What follows: write both paths when a `docker run` becomes a Compose file or a call of the SDK.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS=-modcacherw
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check docker==7.2.0
cat >look.go <<'GO'
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

func main() {
	for _, device := range os.Args[1:] {
		file := types.ConfigFile{Filename: "compose.yaml", Content: []byte("services: {one: {image: i, devices: ['" + device + "']}}")}
		details := types.ConfigDetails{WorkingDir: "/", ConfigFiles: []types.ConfigFile{file}}
		project, err := loader.LoadWithContext(context.Background(), details, func(o *loader.Options) { o.SetProjectName("p", true) })
		if err != nil {
			fmt.Println("refused")
			continue
		}
		read := project.Services["one"].Devices[0]
		fmt.Printf("%q %q %q\n", read.Source, read.Target, read.Permissions)
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/compose-spec/compose-go/v2/loader@v2.16.2 2>/dev/null
go build -o look .
cat >look.py <<'PYTHON'
import sys

import docker.errors
from docker.types import HostConfig

for device in sys.argv[1:]:
    try:
        read = HostConfig(version="1.44", devices=[device])["Devices"][0]
    except docker.errors.DockerException:
        print("refused")
        continue
    print(*(f'"{read[key]}"' for key in ("PathOnHost", "PathInContainer", "CgroupPermissions")))
PYTHON
devices=(/dev/fuse /dev/fuse:/dev/other /dev/fuse:/dev/fuse:rw /dev/fuse:rw /dev/fuse:r /dev/fuse::rw /dev/fuse:/dev/fuse:ro /dev/fuse:/dev/fuse:)
./look "${devices[@]}" >compose
venv/bin/python look.py "${devices[@]}" >sdk
printf '%s\n' "${devices[@]}" | paste -d '|' - compose sdk | sed 's/|/ -> /; s/|/ and /' | tee seen
diff - seen <<'SEEN'
/dev/fuse -> "/dev/fuse" "/dev/fuse" "rwm" and "/dev/fuse" "/dev/fuse" "rwm"
/dev/fuse:/dev/other -> "/dev/fuse" "/dev/other" "rwm" and "/dev/fuse" "/dev/other" "rwm"
/dev/fuse:/dev/fuse:rw -> "/dev/fuse" "/dev/fuse" "rw" and "/dev/fuse" "/dev/fuse" "rw"
/dev/fuse:rw -> "/dev/fuse" "rw" "rwm" and "/dev/fuse" "rw" "rwm"
/dev/fuse:r -> "/dev/fuse" "r" "rwm" and "/dev/fuse" "r" "rwm"
/dev/fuse::rw -> "/dev/fuse" "/dev/fuse" "rw" and "/dev/fuse" "" "rw"
/dev/fuse:/dev/fuse:ro -> "/dev/fuse" "/dev/fuse" "ro" and "/dev/fuse" "/dev/fuse" "ro"
/dev/fuse:/dev/fuse: -> "/dev/fuse" "/dev/fuse" "" and "/dev/fuse" "/dev/fuse" ""
SEEN
echo "as it was seen"
