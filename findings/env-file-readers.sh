#!/usr/bin/env bash
# Four readers of one .env file: a word behind a closing quote is part of the value, dropped, or takes the variable with it.
#
# Versions: github.com/docker/cli v29.9.3 (`docker run --env-file`), github.com/compose-spec/compose-go/v2 v2.16.2 (Compose), docker 7.2.0
# and python-dotenv 1.2.4 of Python; Go from the machine.
# Behaviour: docker run knows neither quotes nor comments: all of the line is the value. docker-py is the same, but takes `export A` and
# `A ` for a name, which docker run refuses. Of the two that know quotes, Compose takes what is quoted and drops the rest of
# the line, without a word; python-dotenv leaves out the variable with a warning. A comment after a tab is part of the value for
# Compose alone. `\$A` without quotes keeps the backslash in Compose and puts the variable in behind it; in double quotes python-dotenv
# keeps both characters. `$A` without braces is replaced by Compose alone.
# Guessed: that a word behind the quotes is an error for both, that a tab is as good as a space, and that `\$` stays as it is.
# Seen: for each line what each reader makes of it, with A=1 in the line before.
# What follows: keep to letters, digits and `{}` without quotes where more than one of them reads the file.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS=-modcacherw
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check docker==7.2.0 python-dotenv==1.2.4
cat >look.go <<'GO'
package main

import (
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/docker/cli/pkg/kvfile"
	"github.com/sirupsen/logrus"
)

func missing(string) (string, bool) { return "", false }

func main() {
	logrus.SetOutput(io.Discard)
	list, err := kvfile.Parse(os.Args[1], missing)
	if err != nil {
		fmt.Println("    docker run: refused")
	} else {
		fmt.Printf("    docker run: %q\n", list[1:])
	}
	values, err := dotenv.ReadFile(os.Args[1], missing)
	if err != nil {
		fmt.Println("    compose:    refused")
		return
	}
	delete(values, "A")
	var all []string
	for name, value := range values {
		all = append(all, name+"="+value)
	}
	slices.Sort(all)
	fmt.Printf("    compose:    %q\n", all)
}
GO
cat >look.py <<'PYTHON'
import logging
import sys

from docker.errors import DockerException
from docker.utils import parse_env_file
from dotenv import dotenv_values

logging.disable()
for name, read in ("docker-py", parse_env_file), ("dotenv", dotenv_values):
    try:
        values = dict(read(sys.argv[1]))
    except DockerException:
        print(f"    {name + ':':11} refused")
        continue
    del values["A"]
    print(f"    {name + ':':11} {values}")
PYTHON
go mod init finding 2>/dev/null
go get github.com/docker/cli/pkg/kvfile@v29.9.3+incompatible github.com/compose-spec/compose-go/v2/dotenv@v2.16.2 2>/dev/null
go build -o look .
# shellcheck disable=SC2016 # the lines are for the readers
for line in 'B=plain' 'B="a" b' "B='a'b" "B='it''s'" 'B=a #b' $'B=a\t#b' 'B=\$A' 'B="\$A"' 'B=$A' 'B="${A}"' 'B=$$A' 'export B=1' 'B = 1' \
    'B: 1'; do
    printf '%s\n' A=1 "$line" >one.env
    printf '%q\n' "$line"
    ./look one.env
    venv/bin/python look.py one.env
done | tee seen
diff - seen <<'SEEN'
B=plain
    docker run: ["B=plain"]
    compose:    ["B=plain"]
    docker-py:  {'B': 'plain'}
    dotenv:     {'B': 'plain'}
B=\"a\"\ b
    docker run: ["B=\"a\" b"]
    compose:    ["B=a"]
    docker-py:  {'B': '"a" b'}
    dotenv:     {}
B=\'a\'b
    docker run: ["B='a'b"]
    compose:    ["B=a"]
    docker-py:  {'B': "'a'b"}
    dotenv:     {}
B=\'it\'\'s\'
    docker run: ["B='it''s'"]
    compose:    refused
    docker-py:  {'B': "'it''s'"}
    dotenv:     {}
B=a\ #b
    docker run: ["B=a #b"]
    compose:    ["B=a"]
    docker-py:  {'B': 'a #b'}
    dotenv:     {'B': 'a'}
$'B=a\t#b'
    docker run: ["B=a\t#b"]
    compose:    ["B=a\t#b"]
    docker-py:  {'B': 'a\t#b'}
    dotenv:     {'B': 'a'}
B=\\\$A
    docker run: ["B=\\$A"]
    compose:    ["B=\\1"]
    docker-py:  {'B': '\\$A'}
    dotenv:     {'B': '\\$A'}
B=\"\\\$A\"
    docker run: ["B=\"\\$A\""]
    compose:    ["B=$A"]
    docker-py:  {'B': '"\\$A"'}
    dotenv:     {'B': '\\$A'}
B=\$A
    docker run: ["B=$A"]
    compose:    ["B=1"]
    docker-py:  {'B': '$A'}
    dotenv:     {'B': '$A'}
B=\"\$\{A\}\"
    docker run: ["B=\"${A}\""]
    compose:    ["B=1"]
    docker-py:  {'B': '"${A}"'}
    dotenv:     {'B': '1'}
B=\$\$A
    docker run: ["B=$$A"]
    compose:    ["B=$A"]
    docker-py:  {'B': '$$A'}
    dotenv:     {'B': '$$A'}
export\ B=1
    docker run: refused
    compose:    ["B=1"]
    docker-py:  {'export B': '1'}
    dotenv:     {'B': '1'}
B\ =\ 1
    docker run: refused
    compose:    ["B=1"]
    docker-py:  {'B ': ' 1'}
    dotenv:     {'B': '1'}
B:\ 1
    docker run: refused
    compose:    ["B=1"]
    docker-py:  refused
    dotenv:     {}
SEEN
echo "as it was seen"
