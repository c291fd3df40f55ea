#!/usr/bin/env bash
# act.sh PYTHON: run the workflow's job of this machine's own world once, for real, in a copy of the checkout.
# (act's own --dryrun holds back containers only: a job on the machine itself would run all the same.)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# act fetches every action that a job names, also for steps that it skips. Uploading is GitHub's alone: an empty action
# takes its place, so that nothing is fetched.
printf 'name: empty\ndescription: never run\nruns: {using: composite, steps: []}\n' >"$folder/action.yml"
upload=$(grep -oE 'actions/upload-artifact@[0-9a-f]{40}' .github/workflows/conformance.yml | sort -u)
# The job calls make itself: it must not take this make's flags for its own.
world=$("$1" -c 'from conformance.world.uml.world import version; print(version(open("/proc/mounts").read()))')
unset MAKEFLAGS MFLAGS MAKELEVEL
bash hack/go-tool.sh "$1" act pull_request --job world --matrix "world:$world" --platform ubuntu-latest=-self-hosted \
    --action-cache-path "$folder/cache" --local-repository "$upload=$folder"
