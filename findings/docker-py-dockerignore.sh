#!/usr/bin/env bash
# The Docker SDK of Python reads a .dockerignore otherwise than Docker itself: other files reach the build.
#
# Versions: docker 7.2.0 of Python (docker.utils.build.exclude_paths), github.com/moby/patternmatcher v0.6.1, which Docker and BuildKit
# use, beside it; Go from the machine.
# Behaviour: an exception with `**`, as in "everything but the Go files", reaches into all folders with Docker. The SDK does not go
# into a folder that the patterns leave out unless an exception names it: the build gets the files at the top and misses the
# others. The brackets are reversed: `[^a]` is "not a" for Docker and "^ or a" for the SDK, `[!a]` is "not a" for the SDK and
# "! or a" for Docker. The patterns without either agree.
# Seen: what each sends of the same folder, for each file of patterns.
# What follows: use no `**` in exceptions and no brackets where both are used.
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
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// Arguments: the patterns, joined with line breaks, and files. Prints the files that are sent.
func main() {
	patterns, err := ignorefile.ReadAll(strings.NewReader(os.Args[1]))
	if err != nil {
		panic(err)
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		panic(err)
	}
	for _, file := range os.Args[2:] {
		ignored, err := matcher.MatchesOrParentMatches(file)
		if err != nil {
			panic(err)
		}
		if !ignored {
			fmt.Println(file)
		}
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/moby/patternmatcher@v0.6.1 2>/dev/null
go build -o look .
cat >look.py <<'PYTHON'
import pathlib
import subprocess

from docker.utils.build import exclude_paths

FILES = sorted(["Dockerfile", "a.go", "b.go", "b", "src/b", "src/c.go", "src/d/e.go", "src/d/f.txt"])
for file in FILES:
    path = pathlib.Path("context", file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
KEPT = "!Dockerfile"  # the SDK adds this by itself
for patterns in (
    ["*", "!**/*.go"],
    ["*", "!src/**/*.go"],
    ["**/*.go"],
    ["*", "!src"],
    ["src/*", "!src/b"],
    ["[!a].go"],
    ["[^a].go"],
):
    docker = subprocess.run(["./look", "\n".join([*patterns, KEPT]), *FILES], text=True, check=True, stdout=subprocess.PIPE).stdout.split()
    sent = exclude_paths("context", list(patterns))
    sdk = [file for file in FILES if file in sent]
    print(*patterns, "agree" if sdk == docker else "")
    if sdk != docker:
        print("    Docker alone:", sorted({*docker} - {*sdk}))
        print("    SDK alone:", sorted({*sdk} - {*docker}))
PYTHON
venv/bin/python look.py | sed 's/ *$//' | tee seen
diff - seen <<'SEEN'
* !**/*.go
    Docker alone: ['src/c.go', 'src/d/e.go']
    SDK alone: []
* !src/**/*.go
    Docker alone: ['src/d/e.go']
    SDK alone: []
**/*.go agree
* !src agree
src/* !src/b agree
[!a].go
    Docker alone: ['b.go']
    SDK alone: ['a.go']
[^a].go
    Docker alone: ['a.go']
    SDK alone: ['b.go']
SEEN
echo "as it was seen"
