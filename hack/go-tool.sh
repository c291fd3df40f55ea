#!/usr/bin/env bash
# go-tool.sh PYTHON TOOL ARGUMENT...: run a program that tools/go.mod declares. Go keeps what it built in its own cache.
set -euo pipefail
find='
import sys
from conformance.errors import ConformanceError
from conformance.world.machine import packages
from conformance.world.machine.progress import Progress
try:
    print(packages.go(Progress()))
except ConformanceError as missing:
    sys.exit(f"Go is missing: {missing}")
'
go=$("$1" -c "$find") || exit 2
program=$("$go" -C "$(dirname "$0")/tools" tool -n "$2")
exec "$program" "${@:3}"
