#!/usr/bin/env bash
# `umoci unpack` and `umoci raw runtime-config` set HOME to that of the user in /etc/passwd, whatever HOME the image has, and start `sh` for an
# image that names no program.
#
# Versions: github.com/opencontainers/umoci v0.6.0 (oci/config/convert), github.com/opencontainers/image-spec v1.1.1; Go from the machine.
# Behaviour: an image's `ENV HOME=/cache` holds only if its user is not in /etc/passwd. The image specification (conversion.md) allows to add
# variables, and says not to add those that the image has. Without Entrypoint and Cmd the process is what runc's example has, on a terminal,
# and TERM is set for every image. A WorkingDir without a slash stays so, and runc refuses a cwd that is not absolute. A variable that the
# image has twice has the last value, a group beside the user takes the other groups away, as with Docker.
# Guessed: that HOME is set where the image has none, and that there are no arguments where it names no program.
# Seen: for each configuration of an image the arguments, variables without PATH, the user and the folder of the process.
# What follows: write `process.env` and `process.args` of config.json anew before `runc run`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS='-modcacherw -trimpath'
mkdir -p root/etc
printf 'root:x:0:0::/root:/bin/sh\nwww:x:33:33::/var/www:/bin/sh\n' >root/etc/passwd
printf 'root:x:0:\nwww:x:33:\nlog:x:4:www\ndocker:x:999:www\n' >root/etc/group
cat >look.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/opencontainers/umoci/oci/config/convert"
)

func main() {
	for _, text := range []string{
		`{}`, `{"Cmd": ["a"]}`, `{"Entrypoint": ["e"], "Cmd": ["c"]}`,
		`{"Env": ["HOME=/cache"]}`, `{"Env": ["HOME=/cache"], "User": "www"}`, `{"Env": ["HOME=/cache"], "User": "2000"}`,
		`{"User": "www"}`, `{"User": "www:docker"}`, `{"User": "2000"}`,
		`{"Env": ["TERM=dumb"]}`, `{"Env": ["A=1", "A=2"]}`, `{"WorkingDir": "work"}`,
	} {
		image := v1.Image{Platform: v1.Platform{OS: "linux", Architecture: "amd64"}}
		if err := json.Unmarshal([]byte(text), &image.Config); err != nil {
			panic(err)
		}
		spec, err := convert.ToRuntimeSpec("root", image)
		if err != nil {
			panic(err)
		}
		process := spec.Process
		var variables []string
		for _, variable := range process.Env {
			if !strings.HasPrefix(variable, "PATH=") {
				variables = append(variables, variable)
			}
		}
		user := fmt.Sprint(process.User.UID, ":", process.User.GID, process.User.AdditionalGids)
		fmt.Println(text, "->", process.Args, variables, user, process.Cwd)
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/opencontainers/umoci/oci/config/convert@v0.6.0 github.com/opencontainers/image-spec/specs-go/v1@v1.1.1 2>/dev/null
go build -o look .
./look | tee seen
diff - seen <<'SEEN'
{} -> [sh] [TERM=xterm HOME=/root] 0:0 [] /
{"Cmd": ["a"]} -> [a] [TERM=xterm HOME=/root] 0:0 [] /
{"Entrypoint": ["e"], "Cmd": ["c"]} -> [e c] [TERM=xterm HOME=/root] 0:0 [] /
{"Env": ["HOME=/cache"]} -> [sh] [TERM=xterm HOME=/root] 0:0 [] /
{"Env": ["HOME=/cache"], "User": "www"} -> [sh] [TERM=xterm HOME=/var/www] 33:33 [4 999] /
{"Env": ["HOME=/cache"], "User": "2000"} -> [sh] [TERM=xterm HOME=/cache] 2000:0 [] /
{"User": "www"} -> [sh] [TERM=xterm HOME=/var/www] 33:33 [4 999] /
{"User": "www:docker"} -> [sh] [TERM=xterm HOME=/var/www] 33:999 [] /
{"User": "2000"} -> [sh] [TERM=xterm] 2000:0 [] /
{"Env": ["TERM=dumb"]} -> [sh] [TERM=dumb HOME=/root] 0:0 [] /
{"Env": ["A=1", "A=2"]} -> [sh] [TERM=xterm A=2 HOME=/root] 0:0 [] /
{"WorkingDir": "work"} -> [sh] [TERM=xterm HOME=/root] 0:0 [] work
SEEN
echo "as it was seen"
