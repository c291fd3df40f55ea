#!/usr/bin/env bash
# check-shell.sh --install|--no-install: check every shell script of the repository.
set -euo pipefail
if ! command -v shellcheck >/dev/null; then
    command="apt-get update && apt-get install -y --no-install-recommends shellcheck"
    if [[ $1 != --install || $(id -u) != 0 ]]; then
        echo "shellcheck is missing. Remedy: $command" >&2
        exit 2
    fi
    echo "installing Debian packages: shellcheck"
    bash -c "export DEBIAN_FRONTEND=noninteractive; $command" >/dev/null
fi
git ls-files -z -- '*.sh' .ci/run '*/httpd-foreground' | xargs -0 shellcheck
