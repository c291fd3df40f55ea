#!/usr/bin/env bash
# Substitutions in a Dockerfile look like those of a shell: BuildKit leaves the value as it is for patterns with brackets and for `/#`.
#
# Versions: github.com/moby/buildkit v0.34.2 (frontend/dockerfile/shell); Go from the machine, and bash, which does the same words.
# Behaviour: `${TAG/#v/}`, to take the v from a version, is not anchored and not an error: "#v" is looked for as text, and the tag
# stays "v1.2". So with `/%`, and with `[0-9]` in a pattern of `#`, `%` or `/`: brackets are text. `${TAG//.}` without another slash and
# `\.` in a pattern are errors, and the quotes of `"${TAG:-'x'}"` are taken away. `#`, `%`, `/` and `//` with `*` and `?` are as in bash.
# Guessed: that `/#` and `/%` are anchors or an error, and that an escaped point is a point.
# Seen: for each word what BuildKit makes of it, then bash.
# What follows: take a prefix away with `${TAG#v}`; try the word in a RUN line's log.
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

	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

func main() {
	value, _, err := shell.NewLex('\\').ProcessWord(os.Args[1], shell.EnvsFromSlice(os.Environ()))
	if err != nil {
		value = "an error"
	}
	fmt.Println(value)
}
GO
go mod init finding 2>/dev/null
go get github.com/moby/buildkit/frontend/dockerfile/shell@v0.34.2 2>/dev/null
go build -o look .
# shellcheck disable=SC2016 # the words are for BuildKit and for the inner bash
for word in '${TAG#v}' '${TAG/#v/}' '${TAG/%3/x}' '${TAG#[a-z]}' '${TAG%.[0-9]}' '${TAG//[0-9]/n}' '${TAG%.?}' '${TAG//./-}' '${TAG//.}' \
    '${TAG%\.3}' '"${NONE:-'"'x'"'}"' '${NONE:-x}'; do
    echo "$word: $(TAG=v1.2.3 ./look "$word"), bash: $(TAG=v1.2.3 bash -c "printf %s $word")"
done | tee seen
diff - seen <<'SEEN'
${TAG#v}: 1.2.3, bash: 1.2.3
${TAG/#v/}: v1.2.3, bash: 1.2.3
${TAG/%3/x}: v1.2.3, bash: v1.2.x
${TAG#[a-z]}: v1.2.3, bash: 1.2.3
${TAG%.[0-9]}: v1.2.3, bash: v1.2
${TAG//[0-9]/n}: v1.2.3, bash: vn.n.n
${TAG%.?}: v1.2, bash: v1.2
${TAG//./-}: v1-2-3, bash: v1-2-3
${TAG//.}: an error, bash: v123
${TAG%\.3}: an error, bash: v1.2
"${NONE:-'x'}": x, bash: 'x'
${NONE:-x}: x, bash: x
SEEN
echo "as it was seen"
