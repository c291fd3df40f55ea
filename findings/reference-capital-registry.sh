#!/usr/bin/env bash
# An image name whose first part has a capital letter names a registry: `MyOrg/app` is refused no longer, it is looked for on host MyOrg.
#
# Versions: github.com/distribution/reference v0.6.0, with which Docker, BuildKit and containerd read names, against the same package in
# github.com/docker/distribution v2.7.1; docker 7.2.0 of Python beside it; Go from the machine.
# Behaviour: a repository's name has small letters only. Version 2.7.1 refused `MyOrg/app` for that. Now a capital makes the first part a
# host, as a dot does: tagging works, and pushing looks for a host of that name. A capital in any later part is refused as before, so
# `ghcr.io/MyOrg/app` is. The SDK of Python takes the same name for one on Docker Hub.
# Seen: the lines at the end: the registry and the path, or why not; the newer package first.
# What follows: make the owner's name of a forge small before it goes into an image's name.
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
	"fmt"
	"os"

	"github.com/distribution/reference"
	older "github.com/docker/distribution/reference"
)

func main() {
	for _, name := range os.Args[1:] {
		fmt.Println(name)
		if named, err := reference.ParseNormalizedNamed(name); err != nil {
			fmt.Println("    v0.6.0:", err)
		} else {
			fmt.Println("    v0.6.0:", reference.Domain(named), reference.Path(named))
		}
		if named, err := older.ParseNormalizedNamed(name); err != nil {
			fmt.Println("    v2.7.1:", err)
		} else {
			fmt.Println("    v2.7.1:", older.Domain(named), older.Path(named))
		}
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/distribution/reference@v0.6.0 github.com/docker/distribution@v2.7.1+incompatible \
    github.com/opencontainers/go-digest@v1.0.0 github.com/opencontainers/image-spec@v1.1.1 2>/dev/null
go build -o look .
{
    ./look myorg/app MyOrg/app MyOrg/App ghcr.io/MyOrg/app
    venv/bin/python -c 'import docker.auth; print("Python:", *docker.auth.resolve_repository_name("MyOrg/app"))'
} | tee seen
diff - seen <<'SEEN'
myorg/app
    v0.6.0: docker.io myorg/app
    v2.7.1: docker.io myorg/app
MyOrg/app
    v0.6.0: MyOrg app
    v2.7.1: invalid reference format: repository name must be lowercase
MyOrg/App
    v0.6.0: invalid reference format: repository name (App) must be lowercase
    v2.7.1: invalid reference format: repository name must be lowercase
ghcr.io/MyOrg/app
    v0.6.0: invalid reference format: repository name (MyOrg/app) must be lowercase
    v2.7.1: invalid reference format: repository name must be lowercase
Python: docker.io MyOrg/app
SEEN
echo "as it was seen"
