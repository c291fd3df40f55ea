#!/usr/bin/env bash
# The values that name a subtest become strings on their way from a pytest-xdist worker.
#
# Versions: pytest-xdist 3.8.0 with pytest 9.2.0, whose `subtests` fixture is built in.
# Behaviour: `subtests.test(value=1)` is "(value=1)" in one process and "(value='1')" with `-n`: each value is what repr()
# made of it, so that a string is in quotes twice. It is so in the summary and in `context.kwargs` of the report that a
# plugin of the controller reads; what it compares or counts by these values in one process does not fit with workers.
# Seen: the lines at the end.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pytest==9.2.0 pytest-xdist==3.8.0
cat >"$folder/test_parts.py" <<'PYTHON'
def test_values(subtests):
    for value in (1, "1", None):
        with subtests.test(value=value):
            assert value == 0
PYTHON
for processes in 0 1; do
    echo "-n $processes"
    { "$folder/venv/bin/pytest" -q --tb=no --rootdir "$folder" -p no:cacheprovider -n "$processes" "$folder/test_parts.py" || [ $? = 1 ]; } |
        sed -En 's/^SUBFAILED ?(\(.*\)) .*/\1/p'
done | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
-n 0
(value=1)
(value='1')
(value=None)
-n 1
(value='1')
(value="'1'")
(value='None')
SEEN
echo "as it was seen"
