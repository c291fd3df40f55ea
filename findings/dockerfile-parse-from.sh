#!/usr/bin/env bash
# dockerfile-parse misreads a FROM with a default for its argument, and takes `--platform` away when it writes one.
#
# Version: dockerfile-parse 2.0.1 of Python.
# Behaviour: `debian:${VERSION:-12}` is "debian::-12}" without the argument and "debian:12:-12}" with it, an image's name that nobody can pull;
# `$VERSION` is read well. Setting `baseimage` or `parent_images`, as tools do that pin images to digests, writes the line anew and
# leaves out `--platform`: a stage that compiles on the builder's own processor becomes one of the processor that is built for.
# The name of the stage is kept. `baseimage` of a last stage that is built on another one is that stage's name.
# Seen: what is read and what is written.
# What follows: write defaults into ARG lines, and compare the FROM lines before and after.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check dockerfile-parse==2.0.1
cat >look.py <<'PYTHON'
import tempfile

from dockerfile_parse import DockerfileParser


def parsed(text):
    parser = DockerfileParser(path=tempfile.mkdtemp(dir="."))
    parser.content = text
    return parser


for text in (
    "ARG VERSION=12\nFROM debian:$VERSION\n",
    "ARG VERSION=12\nFROM debian:${VERSION:-12}\n",
    "FROM debian:${VERSION:-12}\n",
    "FROM debian:12 AS build\nFROM build\n",
):
    print(repr(text), "read", parsed(text).baseimage)
STAGES = "FROM --platform=$BUILDPLATFORM golang:1 AS build\nFROM --platform=linux/arm64 debian:12 AS run\n"
stages = parsed(STAGES)
print(repr(STAGES), "read", *stages.parent_images)
stages.parent_images = ["golang:2", "debian:13"]
print("written", repr(stages.content))
last = parsed(STAGES)
last.baseimage = "debian:13"
print("written", repr(last.content))
PYTHON
venv/bin/python look.py | tee seen
diff - seen <<'SEEN'
'ARG VERSION=12\nFROM debian:$VERSION\n' read debian:12
'ARG VERSION=12\nFROM debian:${VERSION:-12}\n' read debian:12:-12}
'FROM debian:${VERSION:-12}\n' read debian::-12}
'FROM debian:12 AS build\nFROM build\n' read build
'FROM --platform=$BUILDPLATFORM golang:1 AS build\nFROM --platform=linux/arm64 debian:12 AS run\n' read golang:1 debian:12
written 'FROM golang:2 AS build\nFROM debian:13 AS run\n'
written 'FROM --platform=$BUILDPLATFORM golang:1 AS build\nFROM debian:13 AS run\n'
SEEN
echo "as it was seen"
