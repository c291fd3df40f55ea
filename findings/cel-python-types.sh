#!/usr/bin/env bash
# Expressions that the API server of Kubernetes evaluates, as in admission policies, are errors to cel-python, or have other values.
#
# Versions: cel-python 0.5.0; github.com/google/cel-go v0.29.2, which k8s.io/apiserver v0.37.2 requires; Go from the machine.
# Behaviour: to CEL an integer and a number with a fraction are compared by value, and values of different types are not equal. cel-python
# has an error for both, as for `object.share == 0` of a share of 0.5, and also for `!= null`. `string(true)` is "True", a timestamp
# as text loses its fraction, not-a-number equals itself. Durations in days, which are an error in CEL, are taken.
# Seen: for each expression cel-go's answer and cel-python's.
# What follows: a rule that was tried out with cel-python alone was not tried out.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS=-modcacherw
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check cel-python==0.5.0
cat >look.go <<'GO'
package main

import (
	"fmt"
	"os"

	"github.com/google/cel-go/cel"
)

func main() {
	env, err := cel.NewEnv(cel.Variable("object", cel.DynType))
	if err != nil {
		panic(err)
	}
	object := map[string]any{"replicas": 3, "share": 0.5}
	for _, text := range os.Args[1:] {
		ast, issues := env.Compile(text)
		if issues.Err() != nil {
			panic(issues.Err())
		}
		program, err := env.Program(ast)
		if err != nil {
			panic(err)
		}
		if value, _, err := program.Eval(map[string]any{"object": object}); err != nil {
			fmt.Println("an error")
		} else {
			fmt.Println(value.Value())
		}
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/google/cel-go/cel@v0.29.2 2>/dev/null
go build -o look .
cat >look.py <<'PYTHON'
import subprocess

import celpy

EXPRESSIONS = (
    "object.replicas > 2",
    "object.replicas > 2.5",
    "object.share == 0",
    "object.replicas in [3.0]",
    "object.replicas == 'a'",
    "object.replicas != null",
    "string(true)",
    "string(timestamp('2026-01-01T00:00:00.5Z'))",
    "0.0 / 0.0 == 0.0 / 0.0",
    "duration('1d') == duration('24h')",
)
environment = celpy.Environment()
given = {"object": celpy.json_to_cel({"replicas": 3, "share": 0.5})}
by_go = subprocess.check_output(["./look", *EXPRESSIONS], text=True).splitlines()
for expression, beside in zip(EXPRESSIONS, by_go, strict=True):
    try:
        value = environment.program(environment.compile(expression)).evaluate(given)
    except celpy.CELEvalError:
        value = "an error"
    if isinstance(value, celpy.celtypes.BoolType):
        value = str(value).lower()
    print(f"{expression}: {beside}, and {value}")
PYTHON
venv/bin/python look.py | tee seen
diff - seen <<'SEEN'
object.replicas > 2: true, and true
object.replicas > 2.5: true, and an error
object.share == 0: false, and an error
object.replicas in [3.0]: true, and an error
object.replicas == 'a': false, and an error
object.replicas != null: true, and an error
string(true): true, and True
string(timestamp('2026-01-01T00:00:00.5Z')): 2026-01-01T00:00:00.5Z, and 2026-01-01T00:00:00Z
0.0 / 0.0 == 0.0 / 0.0: false, and true
duration('1d') == duration('24h'): an error, and true
SEEN
echo "as it was seen"
