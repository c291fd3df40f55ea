#!/usr/bin/env bash
# composerize, which turns a `docker run` into a Compose file, loses `readonly` of a mount, lets Compose fill in variables that were for the
# container, and writes keys that Compose does not know.
#
# Versions: composerize 1.7.6 of npm; github.com/compose-spec/compose-go/v2 v2.16.2, with which Docker Compose reads what it wrote, beside it;
# Node.js and Go from the machine.
# Behaviour: options that it does not know are named in a comment. These are known: `readonly` of --mount is dropped without a word, so that the
# container can write to the host's folder. A `$` in a command stays alone, where Compose wants `$$`: `echo $HOME`, in quotes for the shell of the
# container, prints the home of whoever starts Compose. `src`, `dst` and `tmpfs-size`, Docker's short names, are copied and refused, as are
# --volumes-from as `volume_from` and the seconds of --stop-timeout without a unit. An empty --entrypoint, which switches the image's off, is
# named as unknown and left out.
# Guessed: that what it knows becomes what Compose has for it, and that Compose takes all that it writes.
# Seen: for each command what the comment names as ignored, and the service that Compose reads, or why it refuses the file, with HOME=/home/host.
# What follows: compare `docker compose config` with the command before you start it.
# shellcheck disable=SC2016 # $HOME is for the container
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS=-modcacherw
npm install --silent --no-fund --no-audit composerize@1.7.6 >/dev/null
cat >look.go <<'GO'
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

func main() {
	content, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	details := types.ConfigDetails{
		WorkingDir:  "/",
		ConfigFiles: []types.ConfigFile{{Filename: "compose.yaml", Content: content}},
		Environment: types.Mapping{"HOME": "/home/host"},
	}
	project, err := loader.LoadWithContext(context.Background(), details, func(o *loader.Options) { o.SetProjectName("p", true) })
	if err != nil {
		fmt.Println("    refused:", err)
		return
	}
	for _, service := range project.Services {
		service.Networks = nil
		text, err := json.Marshal(service)
		if err != nil {
			panic(err)
		}
		fmt.Printf("    %s\n", text)
	}
}
GO
cat >write.js <<'JS'
console.log(require('composerize')(process.argv[2]).replace('name: <your project name>\n', ''));
JS
go mod init finding 2>/dev/null
go get github.com/compose-spec/compose-go/v2/loader@v2.16.2 2>/dev/null
go build -o look .
while read -r command; do
    echo "$command"
    node write.js "docker run $command" >compose.yaml
    sed -n 's/^# --/    ignored: --/p' compose.yaml
    ./look <compose.yaml
done <<'COMMANDS' | tee seen
--mount type=bind,source=/a,target=/b,readonly i
--mount type=bind,src=/a,dst=/b i
--mount type=tmpfs,target=/b,tmpfs-size=64m i
-v /a:/b:ro i
i sh -c 'echo $HOME'
-e 'A=$HOME' i
--health-cmd 'test -d $HOME' i
--volumes-from a:ro i
--stop-timeout 30 i
--entrypoint '' i ls
--annotation a=b i
-m 512m --memory-swap 1g --cpus 1.5 i
COMMANDS
diff - seen <<'SEEN'
--mount type=bind,source=/a,target=/b,readonly i
    {"command":null,"entrypoint":null,"image":"i","volumes":[{"type":"bind","source":"/a","target":"/b"}]}
--mount type=bind,src=/a,dst=/b i
    refused: service volume services.i.volumes.[0] is missing a mount target
--mount type=tmpfs,target=/b,tmpfs-size=64m i
    refused: validating compose.yaml: services.i.volumes.0 additional properties 'tmpfs-size' not allowed
-v /a:/b:ro i
    {"command":null,"entrypoint":null,"image":"i","volumes":[{"type":"bind","source":"/a","target":"/b","read_only":true,"bind":{}}]}
i sh -c 'echo $HOME'
    {"command":["sh","-c","echo /home/host"],"entrypoint":null,"image":"i"}
-e 'A=$HOME' i
    {"command":null,"entrypoint":null,"environment":{"A":"/home/host"},"image":"i"}
--health-cmd 'test -d $HOME' i
    {"command":null,"entrypoint":null,"image":"i","healthcheck":{"test":["CMD-SHELL","test -d /home/host"]}}
--volumes-from a:ro i
    refused: validating compose.yaml: services.i.volume_from false schema
--stop-timeout 30 i
    refused: decoding failed due to the following error(s):

'services[i].stop_grace_period' time: missing unit in duration "30"
--entrypoint '' i ls
    ignored: --entrypoint=
    {"command":["ls"],"entrypoint":null,"image":"i"}
--annotation a=b i
    ignored: --annotation=a=b
    {"command":null,"entrypoint":null,"image":"i"}
-m 512m --memory-swap 1g --cpus 1.5 i
    {"deploy":{"resources":{"limits":{"cpus":1.5,"memory":"536870912"}},"placement":{}},"command":null,"entrypoint":null,"image":"i","memswap_limit":"1073741824"}
SEEN
echo "as it was seen"
