#!/usr/bin/env bash
# `${NAME:+value}` in a pipeline of Drone or Woodpecker, or in what Flux fills in, means `${NAME:-value}`, and the message of `:?` becomes the value.
# The program envsubst written in Go leaves out every operator that it does not know.
#
# Versions: github.com/drone/envsubst v1.0.3 (Drone's and Woodpecker's); github.com/fluxcd/pkg/envsubst v1.5.0 (Flux's, for `postBuild` of a
# Kustomization; it is told here that missing variables are empty); github.com/a8m/envsubst v1.4.3; Go from the machine, and bash, which does the same.
# Behaviour: to the first two `:+`, `:?`, `:=` and `=` are all the default: what was to be there only if a tag is set is there only if it is not, and
# what was to fail goes on with the message. A default without the colon (`${NAME-value}`) is an error of a missing brace. Parts, patterns and
# lengths are as in bash, but quotes stay, and `$NAME` is not filled in. a8m's knows `:-`, `-`, `:+` and `+`; `#`, `%`, `/`, `:1:3`, `^^` and `:?`
# are dropped without an error, so that the whole value is there, and of a default that is a variable in braces there is one brace left.
# Guessed: that each does as a shell does or refuses the word, but for `$NAME`, and quotes.
# Seen: for each word what the three make of it, then bash.
# What follows: keep to `${NAME}` and `${NAME:-value}`.
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

	a8m "github.com/a8m/envsubst/parse"
	drone "github.com/drone/envsubst"
	flux "github.com/fluxcd/pkg/envsubst"
)

func show(value string, err error) string {
	if err != nil {
		return "an error"
	}
	return "'" + value + "'"
}

func main() {
	word := os.Args[1]
	byDrone := show(drone.Eval(word, os.Getenv))
	byFlux := show(flux.Eval(word, func(name string) (string, bool) { return os.Getenv(name), true }))
	byA8m := show(a8m.New("word", os.Environ(), &a8m.Restrictions{}).Parse(word))
	fmt.Printf("%s: Drone %s, Flux %s, a8m %s", word, byDrone, byFlux, byA8m)
}
GO
go mod init finding 2>/dev/null
go get github.com/drone/envsubst@v1.0.3 github.com/fluxcd/pkg/envsubst@v1.5.0 github.com/a8m/envsubst@v1.4.3 2>/dev/null
go build -o look .
export TAG=v1.2.3
# shellcheck disable=SC2016 # the words are for the readers and for the inner bash
for word in '${TAG:+-tag}' '${NONE:+-tag}' '${NONE:?no tag}' '${NONE:-x}' '${NONE-x}' '${TAG+x}' '${TAG#v}' '${TAG%.*}' '${TAG//./-}' '${TAG:1:3}' \
    '${#TAG}' '${TAG^^}' '${NONE:-${TAG}}' '${NONE:-"x"}' '$TAG'; do
    ./look "$word"
    echo ", bash $(bash -c "printf \"'%s'\" \"$word\"" 2>/dev/null || echo an error)"
done | tee seen
diff - seen <<'SEEN'
${TAG:+-tag}: Drone 'v1.2.3', Flux 'v1.2.3', a8m '-tag', bash '-tag'
${NONE:+-tag}: Drone '-tag', Flux '-tag', a8m '', bash ''
${NONE:?no tag}: Drone 'no tag', Flux 'no tag', a8m '', bash an error
${NONE:-x}: Drone 'x', Flux 'x', a8m 'x', bash 'x'
${NONE-x}: Drone an error, Flux an error, a8m 'x', bash 'x'
${TAG+x}: Drone an error, Flux an error, a8m 'x', bash 'x'
${TAG#v}: Drone '1.2.3', Flux '1.2.3', a8m 'v1.2.3', bash '1.2.3'
${TAG%.*}: Drone 'v1.2', Flux 'v1.2', a8m 'v1.2.3', bash 'v1.2'
${TAG//./-}: Drone 'v1-2-3', Flux 'v1-2-3', a8m 'v1.2.3', bash 'v1-2-3'
${TAG:1:3}: Drone '1.2', Flux '1.2', a8m 'v1.2.3', bash '1.2'
${#TAG}: Drone '6', Flux '6', a8m '', bash '6'
${TAG^^}: Drone 'V1.2.3', Flux 'V1.2.3', a8m 'v1.2.3', bash 'V1.2.3'
${NONE:-${TAG}}: Drone 'v1.2.3', Flux 'v1.2.3', a8m '}', bash 'v1.2.3'
${NONE:-"x"}: Drone '"x"', Flux '"x"', a8m '"x"', bash 'x'
$TAG: Drone '$TAG', Flux '$TAG', a8m 'v1.2.3', bash 'v1.2.3'
SEEN
echo "as it was seen"
