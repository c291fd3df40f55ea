#!/usr/bin/env bash
# Compose drops a memory limit that is written as a number with an exponent or a point, and the container has no limit.
#
# Versions: github.com/compose-spec/compose-go/v2 v2.16.2, with which Docker Compose reads its files; Go from the machine.
# Behaviour: `mem_limit: 1e9` passes the schema, which allows a number, and is then lost without a word, as are `mem_reservation`,
# `memswap_limit`, `shm_size` and the size of a tmpfs: only whole numbers and strings are read. `1073741824.0`, as a program writes
# that computes the limit as a float, is lost as well, and so is `mem_swappiness: 60.0`. In quotes "1e9" is read. CPU periods and
# quotas, `pids_limit` and `cpu_shares` are read from such numbers, `ulimits` and the limits under `deploy` are refused.
# Guessed: that all of them are read or refused.
# Seen: for each line in a service what the service has.
# What follows: write sizes as strings with a unit, and look at `docker compose config`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS=-modcacherw
cat >look.go <<'GO'
package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

func main() {
	for _, line := range []string{
		"mem_limit: 1000000000", "mem_limit: 1e9", `mem_limit: "1e9"`, "mem_limit: 1073741824.0", "mem_limit: 0x40000000", "mem_reservation: 1e9",
		"memswap_limit: 1e9", "shm_size: 1e9", "volumes: [{type: tmpfs, target: /t, tmpfs: {size: 1e9}}]", "mem_swappiness: 60",
		"mem_swappiness: 60.0", "pids_limit: 1e3", "cpu_shares: 512.0", "cpu_quota: 1e5", "ulimits: {nofile: 1e3}",
		"deploy: {resources: {limits: {memory: 1e9}}}",
	} {
		file := types.ConfigFile{Filename: "compose.yaml", Content: []byte("services: {one: {image: i, " + line + "}}")}
		details := types.ConfigDetails{WorkingDir: "/", ConfigFiles: []types.ConfigFile{file}}
		project, err := loader.LoadWithContext(context.Background(), details, func(o *loader.Options) { o.SetProjectName("p", true) })
		if err != nil {
			fmt.Println(line, "-> refused")
			continue
		}
		text, err := json.Marshal(project.Services["one"])
		if err != nil {
			panic(err)
		}
		var service map[string]any
		if err := json.Unmarshal(text, &service); err != nil {
			panic(err)
		}
		for _, usual := range []string{"command", "entrypoint", "image", "networks"} {
			delete(service, usual)
		}
		fmt.Println(line, "->", service)
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/compose-spec/compose-go/v2/loader@v2.16.2 2>/dev/null
go build -o look .
./look | tee seen
diff - seen <<'SEEN'
mem_limit: 1000000000 -> map[mem_limit:1000000000]
mem_limit: 1e9 -> map[]
mem_limit: "1e9" -> map[mem_limit:1000000000]
mem_limit: 1073741824.0 -> map[]
mem_limit: 0x40000000 -> map[mem_limit:1073741824]
mem_reservation: 1e9 -> map[]
memswap_limit: 1e9 -> map[]
shm_size: 1e9 -> map[]
volumes: [{type: tmpfs, target: /t, tmpfs: {size: 1e9}}] -> map[volumes:[map[target:/t tmpfs:map[] type:tmpfs]]]
mem_swappiness: 60 -> map[mem_swappiness:60]
mem_swappiness: 60.0 -> map[]
pids_limit: 1e3 -> map[pids_limit:1000]
cpu_shares: 512.0 -> map[cpu_shares:512]
cpu_quota: 1e5 -> map[cpu_quota:100000]
ulimits: {nofile: 1e3} -> refused
deploy: {resources: {limits: {memory: 1e9}}} -> refused
SEEN
echo "as it was seen"
