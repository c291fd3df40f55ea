#!/usr/bin/env bash
# as-root.sh SCRIPT: run a step's script as root. Building the world needs that; the user of GitHub's runners is not root.
set -euo pipefail
command=(bash -euo pipefail "$1")
[[ $(id -u) == 0 ]] || command=(sudo --preserve-env "${command[@]}")
exec "${command[@]}"
