#!/usr/bin/env bash
# act, with which workflows of GitHub are tried out, evaluates `.*` of an object, comparisons in a row and numbers otherwise than GitHub.
#
# Versions: github.com/nektos/act v0.2.89 (pkg/exprparser); @actions/expressions 0.3.61 of npm, GitHub's own library, beside it; Go and Node.js
# from the machine.
# Behaviour: `.*` of a JSON object gives nulls instead of the properties of its values, so that looking for 'failure' in what was read with
# fromJSON is false where it is true; of a list it works. An item without the property is null in act and left out by GitHub. `1 < 2 == true` is false in act. Comparing two lists or two objects is an error in act and false for GitHub, `+1` and `.5`
# cannot be read, and text with a sign, a point first or last, or 0o is no number. toJSON sorts keys and writes `<` as \u003c.
# Guessed: that only toJSON's order and escapes differ.
# Seen: for each expression what act and GitHub's library give.
# What follows: read a workflow's `if` that passed under act once more if it has one of these.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS=-modcacherw
npm install --silent --no-audit --no-fund @actions/expressions@0.3.61
cat >look.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/nektos/act/pkg/exprparser"
	"github.com/nektos/act/pkg/model"
)

func main() {
	environment := exprparser.EvaluationEnvironment{Github: &model.GithubContext{}}
	value, err := exprparser.NewInterpeter(&environment, exprparser.Config{Context: "job"}).Evaluate(os.Args[1], exprparser.DefaultStatusCheckNone)
	if err != nil {
		fmt.Println("an error")
		return
	}
	text, isText := value.(string)
	if !isText {
		plain, err := json.Marshal(value)
		if err != nil {
			panic(err)
		}
		text = string(plain)
	}
	fmt.Printf("%q\n", text)
}
GO
cat >look.mjs <<'JS'
import { Evaluator, Lexer, Parser, data } from "@actions/expressions";

try {
    const expression = new Parser(new Lexer(process.argv[2]).lex().tokens, [], []).parse();
    console.log(JSON.stringify(new Evaluator(expression, new data.Dictionary()).evaluate().coerceString()));
} catch {
    console.log("an error");
}
JS
go mod init finding 2>/dev/null
go get github.com/nektos/act/pkg/exprparser@v0.2.89 2>/dev/null
go build -o look .
while read -r expression; do
    act=$(./look "$expression") github=$(node look.mjs "$expression")
    if test "$act" = "$github"; then
        echo "$expression: both $act"
    else
        echo "$expression: act $act, GitHub $github"
    fi
done <<'EXPRESSIONS' | tee seen
contains(fromJSON('[{"result": "failure"}]').*.result, 'failure')
contains(fromJSON('{"build": {"result": "failure"}}').*.result, 'failure')
toJSON(fromJSON('[{"name": "a"}, {}]').*.name)
1 < 2 == true
fromJSON('[1]') == fromJSON('[1]')
fromJSON('{}') != fromJSON('{}')
fromJSON('[1, 2]')['1']
+1 == 1
'+1' == 1
'.5' == 0.5
'1.' == 1
'0o17' == 15
'0x1F' == 31
format('{0}', 0.00001)
toJSON(fromJSON('{"b": "<", "a": "&"}'))
'abc' == 'ABC'
'' == 0
EXPRESSIONS
diff - seen <<'SEEN'
contains(fromJSON('[{"result": "failure"}]').*.result, 'failure'): both "true"
contains(fromJSON('{"build": {"result": "failure"}}').*.result, 'failure'): act "false", GitHub "true"
toJSON(fromJSON('[{"name": "a"}, {}]').*.name): act "[\n  \"a\",\n  null\n]", GitHub "[\n  \"a\"\n]"
1 < 2 == true: act "false", GitHub "true"
fromJSON('[1]') == fromJSON('[1]'): act an error, GitHub "false"
fromJSON('{}') != fromJSON('{}'): act an error, GitHub "true"
fromJSON('[1, 2]')['1']: act "[null,null]", GitHub "2"
+1 == 1: act an error, GitHub "true"
'+1' == 1: act "false", GitHub "true"
'.5' == 0.5: act "false", GitHub "true"
'1.' == 1: act "false", GitHub "true"
'0o17' == 15: act "false", GitHub "true"
'0x1F' == 31: both "true"
format('{0}', 0.00001): act "1E-05", GitHub "0.00001"
toJSON(fromJSON('{"b": "<", "a": "&"}')): act "{\n  \"a\": \"\\u0026\",\n  \"b\": \"\\u003c\"\n}", GitHub "{\n  \"b\": \"<\",\n  \"a\": \"&\"\n}"
'abc' == 'ABC': both "true"
'' == 0: both "true"
SEEN
echo "as it was seen"
