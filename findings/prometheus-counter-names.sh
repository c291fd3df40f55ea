#!/usr/bin/env bash
# The parser of Prometheus' Python client adds "_total" to the name of a counter without it, and takes a counter's exemplar for its time.
#
# Version: prometheus-client 0.26.0 of Python.
# Behaviour: text_string_to_metric_families() writes samples of the text format anew as OpenMetrics has them. cAdvisor and kubelet call a
# counter `container_memory_failcnt`; who looks for a sample of that name finds none, it is `container_memory_failcnt_total`. Where the
# counter comes with a second series (`_created`), the family is left empty and both are families of unknown type. A number
# behind an exemplar becomes the sample's time. Lines without a TYPE before them keep their names, and so do gauges called `..._total`.
# Guessed: that samples keep the names that they have in the text, and that an exemplar is refused in this format.
# Seen: for each text the families with their types, then the samples.
# What follows: compare names without "_total" on both sides, and look for what is expected, not at what is left after a filter.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check prometheus-client==0.26.0
cat >look.py <<'PYTHON'
from prometheus_client.parser import text_string_to_metric_families

for text in (
    '# TYPE container_memory_failcnt counter\ncontainer_memory_failcnt{id="/"} 3\n',
    'container_memory_failcnt{id="/"} 3\n',
    "# TYPE pulls counter\npulls_total 3\npulls_created 1600000000\n",
    "# TYPE pulls_total counter\npulls_total 3\n",
    "# TYPE pulls_total gauge\npulls_total 3\n",
    '# TYPE pulls_total counter\npulls_total 3 # {trace="a"} 1 1600000000\n',
    "# TYPE pulls_total counter\npulls_total 3 1600000000000\n",
):
    print(repr(text))
    for family in text_string_to_metric_families(text):
        print(f"    {family.type} {family.name}:", *(f"{one.name} {one.value} at {one.timestamp}" for one in family.samples))
PYTHON
venv/bin/python look.py | tee seen
diff - seen <<'SEEN'
'# TYPE container_memory_failcnt counter\ncontainer_memory_failcnt{id="/"} 3\n'
    counter container_memory_failcnt: container_memory_failcnt_total 3 at None
'container_memory_failcnt{id="/"} 3\n'
    unknown container_memory_failcnt: container_memory_failcnt 3 at None
'# TYPE pulls counter\npulls_total 3\npulls_created 1600000000\n'
    counter pulls:
    unknown pulls_total: pulls_total 3 at None
    unknown pulls_created: pulls_created 1600000000 at None
'# TYPE pulls_total counter\npulls_total 3\n'
    counter pulls: pulls_total 3 at None
'# TYPE pulls_total gauge\npulls_total 3\n'
    gauge pulls_total: pulls_total 3 at None
'# TYPE pulls_total counter\npulls_total 3 # {trace="a"} 1 1600000000\n'
    counter pulls: pulls_total 3 at 1600000.0
'# TYPE pulls_total counter\npulls_total 3 1600000000000\n'
    counter pulls: pulls_total 3 at 1600000000.0
SEEN
echo "as it was seen"
