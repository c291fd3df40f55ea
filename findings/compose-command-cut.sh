#!/usr/bin/env bash
# Compose drops the rest of a `command` or `entrypoint` from the first `&`, `;`, `|`, `<` or `>` that is not in quotes, without a word.
#
# Versions: github.com/compose-spec/compose-go/v2 v2.16.2, with which Docker Compose reads its files; docker 7.2.0 of Python, which splits a
# command as Docker Compose 1 did, beside it; Go from the machine.
# Behaviour: a command that is one string is cut into words, and no shell is started. Where a shell would end the command, reading ends:
# `curl http://app/?a=1&b=2` asks for `a=1` alone, and `--filter=size>10` is not there at all. What stands behind is not looked at; its
# quotes may be open. A parenthesis refuses the file. In double quotes a backslash goes away before every letter: "a\nb" is `anb`.
# Guessed: that such signs are letters like others, as for docker-py, as there is no shell.
# Seen: for each command the words of Compose, then docker-py's.
# What follows: write commands as lists, and look at `docker compose config`.
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
	"encoding/json"
	"os"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

func main() {
	words := []any{}
	for _, command := range os.Args[1:] {
		text, _ := json.Marshal(map[string]any{"name": "finding", "services": map[string]any{"one": map[string]any{"image": "i", "command": command}}})
		file := types.ConfigFile{Filename: "compose.yaml", Content: text}
		project, err := loader.LoadWithContext(context.Background(), types.ConfigDetails{WorkingDir: ".", ConfigFiles: []types.ConfigFile{file}})
		if err != nil {
			words = append(words, "refused")
		} else {
			words = append(words, project.Services["one"].Command)
		}
	}
	_ = json.NewEncoder(os.Stdout).Encode(words)
}
GO
go mod init finding 2>/dev/null
go get github.com/compose-spec/compose-go/v2/loader@v2.16.2 2>/dev/null
go build -o look .
cat >look.py <<'PYTHON'
import json
import subprocess

from docker.utils import split_command

COMMANDS = (
    "curl http://app/?a=1&b=2",
    "watch --filter=size>10 --all",
    "server --greeting <hello> --port 80",
    "mysqld --sql-mode=A;B --port=80",
    "sh -c true; echo 'an open quote",
    "sh -c 'true; echo done'",
    "tool --match=(a|b)",
    'printf "a\\nb"',
    "printf 'a\\nb'",
    "find . -name *.py #all",
)
by_compose = json.loads(subprocess.check_output(["./look", *COMMANDS], text=True))
for command, words in zip(COMMANDS, by_compose, strict=True):
    try:
        beside = split_command(command)
    except ValueError:
        beside = "refused"
    print(f"{command}\n    {words}\n    {beside}")
PYTHON
venv/bin/python look.py | tee seen
diff - seen <<'SEEN'
curl http://app/?a=1&b=2
    ['curl', 'http://app/?a=1']
    ['curl', 'http://app/?a=1&b=2']
watch --filter=size>10 --all
    ['watch', '--filter=size']
    ['watch', '--filter=size>10', '--all']
server --greeting <hello> --port 80
    ['server', '--greeting']
    ['server', '--greeting', '<hello>', '--port', '80']
mysqld --sql-mode=A;B --port=80
    ['mysqld', '--sql-mode=A']
    ['mysqld', '--sql-mode=A;B', '--port=80']
sh -c true; echo 'an open quote
    ['sh', '-c', 'true']
    refused
sh -c 'true; echo done'
    ['sh', '-c', 'true; echo done']
    ['sh', '-c', 'true; echo done']
tool --match=(a|b)
    refused
    ['tool', '--match=(a|b)']
printf "a\nb"
    ['printf', 'anb']
    ['printf', 'a\\nb']
printf 'a\nb'
    ['printf', 'a\\nb']
    ['printf', 'a\\nb']
find . -name *.py #all
    ['find', '.', '-name', '*.py', '#all']
    ['find', '.', '-name', '*.py', '#all']
SEEN
echo "as it was seen"
