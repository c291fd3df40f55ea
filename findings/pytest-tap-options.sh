#!/usr/bin/env bash
# With pytest-tap installed, pytest 9.2 does not start, whether TAP is asked for or not.
#
# Versions: pytest-tap 3.5 with pytest 9.2.0 and 9.1.1.
# Behaviour: pytest-tap keeps its old option `--tap-stream` beside `--tap`, and both store under one name, which pytest 9.2 refuses for
# options that do not say so. A plugin is loaded because it is installed: every run ends with the error before a test is
# collected, `pytest --version` works. pytest 9.1.1 takes both options.
# Seen: the lines at the end.
# What follows: pin pytest below 9.2, or run with `-p no:tap`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/test_passes.py" <<'PYTHON'
def test_passes():
    pass
PYTHON
for version in 9.1.1 9.2.0; do
    python3 -m venv --clear "$folder/venv"
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "pytest==$version" pytest-tap==3.5
    for plugins in "" "-p no:tap"; do
        status=0
        # shellcheck disable=SC2086 # several words
        "$folder/venv/bin/pytest" -q $plugins --rootdir "$folder" -p no:cacheprovider "$folder/test_passes.py" >"$folder/said" 2>&1 || status=$?
        echo "pytest $version $plugins: exit status $status, $(grep -oE '[0-9]+ passed|ValueError: .* already used' "$folder/said")"
    done
done | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
pytest 9.1.1 : exit status 0, 1 passed
pytest 9.1.1 -p no:tap: exit status 0, 1 passed
pytest 9.2.0 : exit status 3, ValueError: option dest 'tap_stream' already used
pytest 9.2.0 -p no:tap: exit status 0, 1 passed
SEEN
echo "as it was seen"
