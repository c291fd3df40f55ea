#!/usr/bin/env bash
# Buildah and Podman write another configuration of an image than BuildKit from the same Dockerfile, and one that Docker 29's types cannot read
# where it has a range of ports.
#
# Versions: github.com/openshift/imagebuilder v1.2.22, with which Buildah reads a Dockerfile; github.com/moby/buildkit v0.34.2
# (frontend/dockerfile/dockerfile2llb) beside it; github.com/moby/moby/api v1.57.0, Docker's own types of a configuration; Go from the machine.
# Behaviour: `EXPOSE 90-92` is one port "90-92/tcp", where BuildKit has three; Docker's types refuse it, and the configuration with it. A CMD
# without brackets is for /bin/sh, whatever SHELL said before. Of `ARG A=a B=$A` the second is empty. A line that ends with two
# backslashes, as a path of Windows may, swallows the next one. A directive `escape` behind `syntax` is a comment.
# Guessed: that both write the same, as a Dockerfile that Docker's own reference describes means one thing.
# Seen: for each Dockerfile the fields that imagebuilder and BuildKit fill, and whether Docker's types can read them.
# What follows: write ports one by one, and CMD as a list.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS=-modcacherw
cat >look.go <<'GO'
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/fsouza/go-dockerclient"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/moby/api/types/container"
	"github.com/openshift/imagebuilder"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func byImagebuilder(text string) any {
	node := must(imagebuilder.ParseDockerfile(strings.NewReader(text)))
	builder := imagebuilder.NewBuilder(nil)
	must(builder.From(node))
	builder.RunConfig = docker.Config{}
	for _, child := range node.Children {
		step := builder.Step()
		if err := step.Resolve(child); err != nil {
			return "refused"
		}
		if err := builder.Run(step, imagebuilder.NoopExecutor, false); err != nil {
			return "refused"
		}
	}
	return builder.Config()
}

func byBuildKit(text string) any {
	return must(dockerfile2llb.Dockerfile2LLB(context.Background(), []byte(text), dockerfile2llb.ConvertOpt{})).Image.Config
}

func show(name string, config any) {
	text := must(json.Marshal(config))
	fields := map[string]any{}
	if json.Unmarshal(text, &fields) != nil {
		fmt.Println("   ", name, config)
		return
	}
	shown := map[string]any{}
	for _, field := range []string{"Cmd", "Env", "ExposedPorts"} {
		if list, ok := fields[field].([]any); ok && field == "Env" && strings.HasPrefix(fmt.Sprint(list[0]), "PATH=") {
			fields[field] = list[1:]
		}
		if value := fields[field]; value != nil && fmt.Sprint(value) != "[]" {
			shown[field] = value
		}
	}
	read := "read"
	if json.Unmarshal(text, &container.Config{}) != nil {
		read = "not read"
	}
	fmt.Printf("    %s %s, %s\n", name, strings.ReplaceAll(string(must(json.Marshal(shown))), `\u0026`, "&"), read)
}

func main() {
	for _, lines := range []string{
		"FROM scratch\nEXPOSE 80 8080/udp",
		"FROM scratch\nEXPOSE 90-92",
		"FROM scratch\nSHELL [\"/bin/bash\", \"-ec\"]\nCMD serve",
		"FROM scratch\nARG A=a\nARG B=$A\nENV C=$B",
		"FROM scratch\nARG A=a B=$A\nENV C=$B",
		"FROM scratch\nENV A=C:\\\\\nENV B=b",
		"# escape=`\nFROM scratch\nCMD one `\n  && two",
		"# syntax=docker/dockerfile:1\n# escape=`\nFROM scratch\nCMD one `\n  && two",
	} {
		fmt.Printf("%q\n", lines)
		show("imagebuilder", byImagebuilder(lines+"\n"))
		show("BuildKit", byBuildKit(lines+"\n"))
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/openshift/imagebuilder@v1.2.22 github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb@v0.34.2 \
    github.com/moby/moby/api/types/container@v1.57.0 2>/dev/null
go build -o look .
./look | tee seen
diff - seen <<'SEEN'
"FROM scratch\nEXPOSE 80 8080/udp"
    imagebuilder {"ExposedPorts":{"80/tcp":{},"8080/udp":{}}}, read
    BuildKit {"ExposedPorts":{"80/tcp":{},"8080/udp":{}}}, read
"FROM scratch\nEXPOSE 90-92"
    imagebuilder {"ExposedPorts":{"90-92/tcp":{}}}, not read
    BuildKit {"ExposedPorts":{"90/tcp":{},"91/tcp":{},"92/tcp":{}}}, read
"FROM scratch\nSHELL [\"/bin/bash\", \"-ec\"]\nCMD serve"
    imagebuilder {"Cmd":["/bin/sh","-c","serve"]}, read
    BuildKit {"Cmd":["/bin/bash","-ec","serve"]}, read
"FROM scratch\nARG A=a\nARG B=$A\nENV C=$B"
    imagebuilder {"Env":["C=a"]}, read
    BuildKit {"Env":["C=a"]}, read
"FROM scratch\nARG A=a B=$A\nENV C=$B"
    imagebuilder {"Env":["C="]}, read
    BuildKit {"Env":["C=a"]}, read
"FROM scratch\nENV A=C:\\\\\nENV B=b"
    imagebuilder {"Env":["A=C:ENV","B=b"]}, read
    BuildKit {"Env":["A=C:\\","B=b"]}, read
"# escape=`\nFROM scratch\nCMD one `\n  && two"
    imagebuilder {"Cmd":["/bin/sh","-c","one   && two"]}, read
    BuildKit {"Cmd":["/bin/sh","-c","one   && two"]}, read
"# syntax=docker/dockerfile:1\n# escape=`\nFROM scratch\nCMD one `\n  && two"
    imagebuilder {"Cmd":["/bin/sh","-c","one `"]}, read
    BuildKit {"Cmd":["/bin/sh","-c","one   && two"]}, read
SEEN
echo "as it was seen"
