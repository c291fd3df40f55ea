#!/usr/bin/env bash
# Buildah and Podman read substitutions in a Dockerfile otherwise than BuildKit: the message of `${BASE:?message}` becomes the value, and `*`
# stops at a slash.
#
# Versions: github.com/openshift/imagebuilder v1.2.22, with which Buildah reads a Dockerfile; github.com/moby/buildkit v0.34.2
# (frontend/dockerfile/shell) beside it; bash and Go from the machine.
# Behaviour: `:?` is not an error where the variable is missing, so that `FROM ${BASE:?no base given}` looks for an image of that name. `-`, `+` and
# `?` without a colon are errors. A pattern is one for paths: what `*` stands for ends at a slash. `${IMAGE##*/}`, which takes registry and owner
# from a name, leaves the owner; `${IMAGE%%:*}` and `##*:` find the wrong colon. A lone `*` leaves one sign, or takes one. Brackets and
# anchors in a pattern, which are text to BuildKit, are understood.
# Guessed: that both do with each word what a shell does, or refuse it, but for brackets and anchors.
# Seen: for each word what imagebuilder, BuildKit and bash make of it.
# What follows: take names apart before the build, and hand over the parts as arguments.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS=-modcacherw
cat >look.go <<'GO'
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/shell"
	"github.com/openshift/imagebuilder"
)

func word(value string, err error) string {
	if err != nil {
		return "refused"
	}
	return fmt.Sprintf("%q", value)
}

func main() {
	env := []string{"IMAGE=host:5000/org/app:1.2", "TAG=v1.2", "EMPTY="}
	for _, text := range os.Args[1:] {
		theirs, err := imagebuilder.ProcessWord(text, env)
		byImagebuilder := word(theirs, err)
		ours, _, err := shell.NewLex('\\').ProcessWord(text, shell.EnvsFromSlice(env))
		byBuildKit := word(ours, err)
		command := exec.Command("bash", "-c", "printf %s "+text)
		command.Env = env
		output, err := command.Output()
		fmt.Printf("%s: imagebuilder %s, BuildKit %s, bash %s\n", text, byImagebuilder, byBuildKit, word(strings.TrimSpace(string(output)), err))
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/openshift/imagebuilder@v1.2.22 github.com/moby/buildkit/frontend/dockerfile/shell@v0.34.2 2>/dev/null
go build -o look .
# shellcheck disable=SC2016
./look '${NONE:-a}' '${NONE-a}' '${TAG:+a}' '${TAG+a}' '${NONE:?a}' '${NONE?a}' '${TAG#v}' '${TAG%.*}' '${IMAGE##*/}' '${IMAGE#*/}' '${IMAGE%/*}' \
    '${IMAGE%%/*}' '${IMAGE##*:}' '${IMAGE%%:*}' '${TAG##*}' '${TAG%*}' '${TAG//[0-9]/x}' '${TAG/#v/x}' | tee seen
diff - seen <<'SEEN'
${NONE:-a}: imagebuilder "a", BuildKit "a", bash "a"
${NONE-a}: imagebuilder refused, BuildKit "a", bash "a"
${TAG:+a}: imagebuilder "a", BuildKit "a", bash "a"
${TAG+a}: imagebuilder refused, BuildKit "a", bash "a"
${NONE:?a}: imagebuilder "a", BuildKit refused, bash refused
${NONE?a}: imagebuilder refused, BuildKit refused, bash refused
${TAG#v}: imagebuilder "1.2", BuildKit "1.2", bash "1.2"
${TAG%.*}: imagebuilder "v1", BuildKit "v1", bash "v1"
${IMAGE##*/}: imagebuilder "org/app:1.2", BuildKit "app:1.2", bash "app:1.2"
${IMAGE#*/}: imagebuilder "org/app:1.2", BuildKit "org/app:1.2", bash "org/app:1.2"
${IMAGE%/*}: imagebuilder "host:5000/org", BuildKit "host:5000/org", bash "host:5000/org"
${IMAGE%%/*}: imagebuilder "host:5000/org", BuildKit "host:5000", bash "host:5000"
${IMAGE##*:}: imagebuilder "5000/org/app:1.2", BuildKit "1.2", bash "1.2"
${IMAGE%%:*}: imagebuilder "host:5000/org/app", BuildKit "host", bash "host"
${TAG##*}: imagebuilder "2", BuildKit "", bash ""
${TAG%*}: imagebuilder "v1.", BuildKit "v1.2", bash "v1.2"
${TAG//[0-9]/x}: imagebuilder "vx.x", BuildKit "v1.2", bash "vx.x"
${TAG/#v/x}: imagebuilder "x1.2", BuildKit "v1.2", bash "x1.2"
SEEN
echo "as it was seen"
