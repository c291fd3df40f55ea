#!/usr/bin/env bash
# kustomize drops a patch of a port without a word if the patch writes `protocol: TCP` and the port does not, or the other way round.
#
# Versions: sigs.k8s.io/kustomize/api v0.21.1 and sigs.k8s.io/kustomize/kyaml v0.21.1, of kustomize 5.8.1; beside them
# k8s.io/apimachinery v0.37.2 (strategicpatch), with which the API server and `kubectl patch --local` apply it; Go from the machine.
# Behaviour: TCP is the default, so the port is the same. kustomize finds it by number and protocol as they are written, does not merge,
# and does not add what it did not find either: the name of the patch is nowhere in what it writes, nor is a UDP port beside one that
# has no protocol. The API server looks at the number alone: it merges, and makes UDP of the port that was TCP.
# Guessed: that both merge, and that both keep two ports where the protocols differ.
# Seen: for each port of the pod and each patch the ports after it (number, protocol, name), kustomize first.
# What follows: write `protocol` everywhere or nowhere, and read what is built.
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

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

const head = "apiVersion: v1\nkind: Pod\nmetadata: {name: one}\nspec:\n  "

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func print(text []byte) {
	var pod corev1.Pod
	if err := yaml.Unmarshal(text, &pod); err != nil {
		panic(err)
	}
	for _, port := range pod.Spec.Containers[0].Ports {
		fmt.Printf("    %d/%s %q", port.ContainerPort, port.Protocol, port.Name)
	}
	fmt.Println()
}

func main() {
	base, patch := []byte(head+os.Args[1]), []byte(head+os.Args[2])
	files := filesys.MakeFsInMemory()
	for name, content := range map[string][]byte{"base.yaml": base, "patch.yaml": patch, "kustomization.yaml": []byte("resources: [base.yaml]\npatches: [{path: patch.yaml}]\n")} {
		if err := files.WriteFile(name, content); err != nil {
			panic(err)
		}
	}
	print(must(must(krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, ".")).AsYaml()))
	print(must(strategicpatch.StrategicMergePatch(must(yaml.YAMLToJSON(base)), must(yaml.YAMLToJSON(patch)), corev1.Pod{})))
}
GO
go mod init finding 2>/dev/null
go get sigs.k8s.io/kustomize/api/krusty@v0.21.1 sigs.k8s.io/kustomize/kyaml/filesys@v0.21.1 k8s.io/api/core/v1@v0.37.2 \
    k8s.io/apimachinery/pkg/util/strategicpatch@v0.37.2 sigs.k8s.io/yaml@v1.6.0 2>/dev/null
go build -o look .
while IFS='|' read -r port patch; do
    echo "$port and $patch"
    ./look "containers: [{name: main, image: a, ports: [{$port}]}]" "containers: [{name: main, ports: [{$patch}]}]"
done <<'PATCHES' | tee seen
containerPort: 53|containerPort: 53, name: dns
containerPort: 53|containerPort: 53, protocol: TCP, name: dns
containerPort: 53, protocol: TCP|containerPort: 53, name: dns
containerPort: 53, protocol: TCP|containerPort: 53, protocol: TCP, name: dns
containerPort: 53|containerPort: 53, protocol: UDP, name: dns
containerPort: 53, protocol: TCP|containerPort: 53, protocol: UDP, name: dns
containerPort: 53|containerPort: 54, protocol: UDP, name: dns
PATCHES
diff - seen <<'SEEN'
containerPort: 53 and containerPort: 53, name: dns
    53/ "dns"
    53/ "dns"
containerPort: 53 and containerPort: 53, protocol: TCP, name: dns
    53/ ""
    53/TCP "dns"
containerPort: 53, protocol: TCP and containerPort: 53, name: dns
    53/TCP ""
    53/TCP "dns"
containerPort: 53, protocol: TCP and containerPort: 53, protocol: TCP, name: dns
    53/TCP "dns"
    53/TCP "dns"
containerPort: 53 and containerPort: 53, protocol: UDP, name: dns
    53/ ""
    53/UDP "dns"
containerPort: 53, protocol: TCP and containerPort: 53, protocol: UDP, name: dns
    53/UDP "dns"    53/TCP ""
    53/UDP "dns"
containerPort: 53 and containerPort: 54, protocol: UDP, name: dns
    54/UDP "dns"    53/ ""
    54/UDP "dns"    53/ ""
SEEN
echo "as it was seen"
