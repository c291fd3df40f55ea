#!/usr/bin/env bash
# Two readers of image names look for `localhost/app`, as Podman and Buildah name what they build, on Docker Hub.
#
# Versions: oras 0.2.43 of Python; docker-parse-image 3.0.1 of npm; github.com/distribution/reference v0.6.0, with which Docker and containerd read
# names, beside them; Go and Node.js from the machine.
# Behaviour: to oras a name's first part is a registry only if it has a point or a colon; without a port localhost is somebody's name on Docker
# Hub. So it is for docker-parse-image, if the name has two parts. An image without an owner is not in `library` for oras, which asks for
# docker.io/app, and is in `library` of any registry for docker-parse-image, also of registry.k8s.io, which has none. To the latter a digest is
# a tag, so that it makes app:sha256:... of app@sha256:..., and a name with two owners, as projects in groups have, is null.
# Guessed: that all three mean the same image with each of these names.
# Seen: for each name what each makes of it, with DIGEST for a digest.
# What follows: write localhost:5000 or another name with its port, and `docker.io/library/`; leave names to the registry's own client.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS=-modcacherw
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check oras==0.2.43
npm install --silent --no-audit --no-fund docker-parse-image@3.0.1
cat >look.go <<'GO'
package main

import (
	_ "crypto/sha256"
	"fmt"
	"os"

	"github.com/distribution/reference"
)

func main() {
	for _, name := range os.Args[1:] {
		named, err := reference.ParseNormalizedNamed(name)
		if err != nil {
			panic(err)
		}
		fmt.Println(reference.TagNameOnly(named))
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/distribution/reference@v0.6.0 2>/dev/null
go build -o by-go .
cat >by-python.py <<'PYTHON'
import sys

from oras.container import Container

for name in sys.argv[1:]:
    print(Container(name).uri)
PYTHON
cat >by-node.js <<'JS'
const parse = require('docker-parse-image');
for (const name of process.argv.slice(2)) {
  const image = parse(name);
  console.log(image && `${image.fullname} of ${image.registry ? 'that registry' : 'no registry'}`);
}
JS
digest=sha256:$(printf '%064d' 0)
names=(app localhost/app localhost/org/app:1 localhost:5000/app "ghcr.io/org/app@$digest" ghcr.io/org/group/app:1 registry.k8s.io/pause:3.10)
./by-go "${names[@]}" >distribution
venv/bin/python by-python.py "${names[@]}" >oras
node by-node.js "${names[@]}" >docker-parse-image
for line in "${!names[@]}"; do
    echo "${names[line]}"
    for reader in distribution oras docker-parse-image; do
        echo "    $reader: $(sed -n "$((line + 1))p" "$reader")"
    done
done | sed "s/$digest/DIGEST/" | tee seen
diff - seen <<'SEEN'
app
    distribution: docker.io/library/app:latest
    oras: docker.io/app:latest
    docker-parse-image: library/app:latest of no registry
localhost/app
    distribution: localhost/app:latest
    oras: docker.io/localhost/app:latest
    docker-parse-image: localhost/app:latest of no registry
localhost/org/app:1
    distribution: localhost/org/app:1
    oras: docker.io/localhost/org/app:1
    docker-parse-image: localhost/org/app:1 of that registry
localhost:5000/app
    distribution: localhost:5000/app:latest
    oras: localhost:5000/app:latest
    docker-parse-image: localhost:5000/library/app:latest of that registry
ghcr.io/org/app@DIGEST
    distribution: ghcr.io/org/app@DIGEST
    oras: ghcr.io/org/app@DIGEST
    docker-parse-image: ghcr.io/org/app:DIGEST of that registry
ghcr.io/org/group/app:1
    distribution: ghcr.io/org/group/app:1
    oras: ghcr.io/org/group/app:1
    docker-parse-image: null
registry.k8s.io/pause:3.10
    distribution: registry.k8s.io/pause:3.10
    oras: registry.k8s.io/pause:3.10
    docker-parse-image: registry.k8s.io/library/pause:3.10 of that registry
SEEN
echo "as it was seen"
