#!/usr/bin/env bash
# lightkube cannot read quantities that the API server gives, such as the CPU time that the metrics server measures.
#
# Versions: lightkube 1.0.1 with lightkube-models 1.37.0.8; kubernetes 37.0.2 of Python beside it.
# Behaviour: `parse_quantity` of lightkube.utils.quantity knows the suffix m, and neither n nor u: the usual "123456789n" of a PodMetrics
# object is an error. So is an exponent with a large E ("1E3"), which the API server returns as it got it; "1e3" is read. What is finer
# than a thousandth is rounded up to one, so that 0.1m and 1m are equal to it.
# Seen: the lines at the end, lightkube's value first.
# What follows: read what is measured with another library.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check kubernetes==37.0.2 lightkube==1.0.1 lightkube-models==1.37.0.8
cat >"$folder/look.py" <<'PYTHON'
from kubernetes import utils
from lightkube.utils import quantity

for text in "250m", "123456789n", "1500u", "1e3", "1E3", "1Ki", "0.1m":
    try:
        read = quantity.parse_quantity(text)
    except ValueError as error:
        read = error
    print(f"{text}: {read}, and {utils.parse_quantity(text):f}")
print("0.1m equals 1m:", quantity.equals_canonically({"cpu": "0.1m"}, {"cpu": "1m"}))
PYTHON
"$folder/venv/bin/python" -W ignore "$folder/look.py" | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
250m: 0.250, and 0.250
123456789n: Invalid unit suffix: n, and 0.123456789
1500u: Invalid unit suffix: u, and 0.001500
1e3: 1000.000, and 1000
1E3: Invalid unit suffix: E3, and 1000
1Ki: 1024.000, and 1024
0.1m: 0.001, and 0.0001
0.1m equals 1m: True
SEEN
echo "as it was seen"
