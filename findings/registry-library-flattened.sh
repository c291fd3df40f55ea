#!/usr/bin/env bash
# `crane flatten` and `crane export` take another file's text for a hard link, an older file for a newer one, and lose a folder that its layer
# removes and makes anew.
#
# Versions: github.com/google/go-containerregistry v0.22.1 (pkg/v1/mutate, which both commands call), github.com/moby/go-archive v0.3.3, with
# which the Docker Engine unpacks layers, beside it; Go from the machine.
# Behaviour: layers are read from the last one down, and what was written or removed is not written again. If one of two names of a file
# (`perl` and `perl5.36.0` are) was changed in a later layer, both have the new text; if it was removed, the other one is a link to nothing,
# and the archive is refused. So is one with a link to a file of an earlier layer, which stands in front of the file. A file that was
# written by way of a link to its folder (`lib/b`, as Debian's packages of old have it, with `lib` -> `usr/lib`) is lost, and the older
# `usr/lib/b` is there. A whiteout takes away what its own layer writes behind it; it holds for the layers below in the OCI specification.
# Guessed: that the archive has the files that a container sees.
# Seen: for each image, its layers parted by `|`, the files that a container has, then those of the flattened image.
# What follows: take the files from a container (`docker export`), or let a builder copy them out of the image (`COPY --from`).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS='-modcacherw -trimpath'
cat >look.go <<'GO'
package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	archive "github.com/moby/go-archive"
)

func packed(items, content string) []byte {
	var buffer bytes.Buffer
	writer := tar.NewWriter(&buffer)
	for _, item := range strings.Fields(items) {
		header := &tar.Header{Name: item, Mode: 0o755, Typeflag: tar.TypeReg}
		if name, target, is := strings.Cut(item, "=>"); is {
			header.Name, header.Linkname, header.Typeflag = name, target, tar.TypeLink
		} else if name, target, is := strings.Cut(item, "->"); is {
			header.Name, header.Linkname, header.Typeflag = name, target, tar.TypeSymlink
		} else if strings.HasSuffix(item, "/") {
			header.Typeflag = tar.TypeDir
		}
		text := ""
		if header.Typeflag == tar.TypeReg {
			text = content
		}
		header.Size = int64(len(text))
		if err := writer.WriteHeader(header); err != nil {
			panic(err)
		}
		if _, err := io.WriteString(writer, text); err != nil {
			panic(err)
		}
	}
	if err := writer.Close(); err != nil {
		panic(err)
	}
	return buffer.Bytes()
}

func unpacked(archives ...[]byte) string {
	root, err := os.MkdirTemp(".", "root")
	if err != nil {
		panic(err)
	}
	for _, layer := range archives {
		if _, err := archive.UnpackLayer(root, bytes.NewReader(layer), nil); err != nil {
			return "refused"
		}
	}
	names := "nothing"
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		name, err := filepath.Rel(root, path)
		if entry.IsDir() {
			name += "/"
		} else if entry.Type() == fs.ModeSymlink {
			name += "->"
		} else if text, err := os.ReadFile(path); err == nil {
			name += "=" + string(text)
		}
		names = strings.TrimPrefix(names+" "+name, "nothing ")
		return err
	})
	if err != nil {
		panic(err)
	}
	return names
}

func main() {
	for _, layers := range [][]string{
		{"b/ b/old", "b/ b/.wh..wh..opq b/new"},
		{"b/ b/old", ".wh.b b/ b/new"},
		{"b/ b/old", ".wh.b", "b/ b/new"},
		{"f h=>f"},
		{"f", "h=>f"},
		{"f h=>f", ".wh.f"},
		{"f h=>f", ".wh.h"},
		{"f h=>f", "f"},
		{"f h=>f", "h"},
		{"usr/ usr/lib/ lib->usr/lib", "lib/b"},
		{"usr/ usr/lib/ lib->usr/lib usr/lib/b", "lib/b"},
	} {
		image := empty.Image
		var archives [][]byte
		for number, items := range layers {
			data := packed(items, fmt.Sprint("layer", number))
			archives = append(archives, data)
			layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil })
			if err != nil {
				panic(err)
			}
			if image, err = mutate.AppendLayers(image, layer); err != nil {
				panic(err)
			}
		}
		flat, err := io.ReadAll(mutate.Extract(image))
		if err != nil {
			panic(err)
		}
		fmt.Println(strings.Join(layers, " | "), ":", unpacked(archives...), ": flattened:", unpacked(flat))
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/google/go-containerregistry/pkg/v1/tarball@v0.22.1 github.com/moby/go-archive@v0.3.3 2>/dev/null
go build -o look .
./look | tee seen
diff - seen <<'SEEN'
b/ b/old | b/ b/.wh..wh..opq b/new : b/ b/new=layer1 : flattened: b/ b/new=layer1
b/ b/old | .wh.b b/ b/new : b/ b/new=layer1 : flattened: nothing
b/ b/old | .wh.b | b/ b/new : b/ b/new=layer2 : flattened: b/ b/new=layer2
f h=>f : f=layer0 h=layer0 : flattened: f=layer0 h=layer0
f | h=>f : f=layer0 h=layer0 : flattened: refused
f h=>f | .wh.f : h=layer0 : flattened: refused
f h=>f | .wh.h : f=layer0 : flattened: f=layer0
f h=>f | f : f=layer1 h=layer0 : flattened: f=layer1 h=layer1
f h=>f | h : f=layer0 h=layer1 : flattened: f=layer0 h=layer1
usr/ usr/lib/ lib->usr/lib | lib/b : lib-> usr/ usr/lib/ usr/lib/b=layer1 : flattened: lib-> usr/ usr/lib/
usr/ usr/lib/ lib->usr/lib usr/lib/b | lib/b : lib-> usr/ usr/lib/ usr/lib/b=layer1 : flattened: lib-> usr/ usr/lib/ usr/lib/b=layer0
SEEN
echo "as it was seen"
