#!/usr/bin/env bash
# venv.sh FOLDER --install|--no-install: the virtual environment, from the lock with its hashes.
set -euo pipefail
venv=$1
install=$2
python=$(command -v python3.11 || command -v python3 || true)
if [[ -z $python ]] || ! "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    command="apt-get update && apt-get install -y --no-install-recommends python3 python3-venv"
    if [[ $install != --install || $(id -u) != 0 ]]; then
        echo "Python 3.11 with venv is missing. Remedy: $command" >&2
        exit 2
    fi
    echo "installing Debian packages: python3 python3-venv"
    bash -c "export DEBIAN_FRONTEND=noninteractive; $command" >/dev/null
    python=/usr/bin/python3
fi
if ! [[ -x $venv/bin/python ]] || ! "$venv/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    rm -rf "$venv"
    "$python" -m venv "$venv"
fi
echo "virtual environment $venv: installing from requirements.lock (about 30 s)"
"$venv/bin/pip" install -q --require-hashes -r requirements.lock
"$venv/bin/pip" install -q --no-deps --no-build-isolation -e .
touch "$venv/bin/.installed"
