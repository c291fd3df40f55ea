#!/usr/bin/env bash
# A date without quotes in `environment`, `labels` or `args` of a Compose file reaches the container as Go prints a time.
#
# Versions: github.com/compose-spec/compose-go/v2 v2.16.2, with which Docker Compose reads its files; Go from the machine.
# Behaviour: values of a mapping are read as YAML first and made text again by Go. 2026-01-31 becomes "2026-01-31 00:00:00 +0000 UTC", for
# a variable, a label and an argument of a build alike. 010 is the octal 8, 1.10 is 1.1, 1_000 is 1000 and 1e3 is 1000. Words such as
# yes and on, and 1:30, which YAML 1.1 reads as a boolean and a number, stay as they are. In the form of a list (`- DATE=2026-01-31`)
# everything stays.
# Guessed: that a date stays, as no other date than text has a meaning there, and that a number that starts with 0 does.
# Seen: for each value what is in the service.
# What follows: quote values, or use the form of a list.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS=-modcacherw
cat >look.go <<'GO'
package main

import (
	"context"
	"fmt"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

const file = `services:
  one:
    image: i
    environment: {A: %[1]s}
    labels: {A: %[1]s}
    build: {context: /, args: {A: %[1]s}}
  two:
    image: i
    environment: ["A=%[1]s"]
`

func main() {
	for _, value := range []string{"2026-01-31", "2026-01-31T10:00:00Z", "010", "1.10", "1_000", "1e3", "0x1F", "yes", "on", "1:30", "true"} {
		read := types.ConfigFile{Filename: "compose.yaml", Content: fmt.Appendf(nil, file, value)}
		details := types.ConfigDetails{WorkingDir: "/", ConfigFiles: []types.ConfigFile{read}}
		project, err := loader.LoadWithContext(context.Background(), details, func(o *loader.Options) { o.SetProjectName("p", true) })
		if err != nil {
			panic(err)
		}
		one, two := project.Services["one"], project.Services["two"]
		fmt.Printf("%s: %q, label %q, argument %q, in a list %q\n",
			value, *one.Environment["A"], one.Labels["A"], *one.Build.Args["A"], *two.Environment["A"])
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/compose-spec/compose-go/v2/loader@v2.16.2 2>/dev/null
go build -o look .
./look | tee seen
diff - seen <<'SEEN'
2026-01-31: "2026-01-31 00:00:00 +0000 UTC", label "2026-01-31 00:00:00 +0000 UTC", argument "2026-01-31 00:00:00 +0000 UTC", in a list "2026-01-31"
2026-01-31T10:00:00Z: "2026-01-31 10:00:00 +0000 UTC", label "2026-01-31 10:00:00 +0000 UTC", argument "2026-01-31 10:00:00 +0000 UTC", in a list "2026-01-31T10:00:00Z"
010: "8", label "8", argument "8", in a list "010"
1.10: "1.1", label "1.1", argument "1.1", in a list "1.10"
1_000: "1000", label "1000", argument "1000", in a list "1_000"
1e3: "1000", label "1000", argument "1000", in a list "1e3"
0x1F: "31", label "31", argument "31", in a list "0x1F"
yes: "yes", label "yes", argument "yes", in a list "yes"
on: "on", label "on", argument "on", in a list "on"
1:30: "1:30", label "1:30", argument "1:30", in a list "1:30"
true: "true", label "true", argument "true", in a list "true"
SEEN
echo "as it was seen"
