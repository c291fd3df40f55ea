#!/usr/bin/env bash
# Hera, the Python SDK of Argo Workflows, refuses memory in bytes or decimal units, and gives a container the text "null" for a variable of None.
#
# Versions: hera 7.1.0 of Python; kubernetes 37.0.2 of Python beside it, which reads quantities as the API server does.
# Behaviour: Resources takes memory and storage with Ki to Ei alone. "128974848", "129e6" and "1G", the other ways in which Kubernetes' own pages
# write the same size, are a ValueError, and so are CPUs with an exponent or in u and n. A whole number of bytes is a TypeError about
# expected strings for memory, while one of CPUs is taken. Values of Env and Parameter are made JSON where they are no strings: None is not
# left out but "null", a text that is not empty.
# Guessed: that every quantity that the API server takes is taken, and that None is no value.
# Seen: for each quantity what Hera makes of it as memory and as CPU, then the number; then what the container's variables are.
# What follows: write memory with Mi or Gi, and leave an Env out where there is no value.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check hera==7.1.0 kubernetes==37.0.2
cat >look.py <<'PYTHON'
from hera.workflows import Container, Env, Parameter, Resources, Workflow
from kubernetes import utils


def taken(**request):
    try:
        built = Resources(**request).build()
    except (ValueError, TypeError) as error:
        return type(error).__name__
    return next(iter(built.requests.values())).root


for quantity in "123Mi", "1.5Gi", "128974848", 128974848, "129e6", "129M", "1G", "128974848000m", "500m", 0.5, "5e-1", "500000u":
    print(f"{quantity!r}: memory {taken(memory_request=quantity)}, CPU {taken(cpu_request=quantity)}; {utils.parse_quantity(quantity):f}")
values = {"text": "a", "truth": True, "half": 0.5, "none": None, "list": [1, None]}
with Workflow(name="a", entrypoint="a", arguments=[Parameter(name=name, value=value) for name, value in values.items()]) as workflow:
    Container(name="a", image="a", env=[Env(name=name, value=value) for name, value in values.items()])
spec = workflow.to_dict()["spec"]
print("variables:", {each["name"]: each.get("value") for each in spec["templates"][0]["container"]["env"]})
print("parameters:", {each["name"]: each.get("value") for each in spec["arguments"]["parameters"]})
PYTHON
venv/bin/python -W ignore look.py | tee seen
diff - seen <<'SEEN'
'123Mi': memory 123Mi, CPU ValueError; 128974848
'1.5Gi': memory 1.5Gi, CPU ValueError; 1610612736.0
'128974848': memory ValueError, CPU 128974848; 128974848
128974848: memory TypeError, CPU 128974848; 128974848
'129e6': memory ValueError, CPU ValueError; 129000000
'129M': memory ValueError, CPU 129M; 129000000
'1G': memory ValueError, CPU 1G; 1000000000
'128974848000m': memory ValueError, CPU 128974848000m; 128974848.000
'500m': memory ValueError, CPU 500m; 0.500
0.5: memory TypeError, CPU 0.5; 0.5
'5e-1': memory ValueError, CPU ValueError; 0.5
'500000u': memory ValueError, CPU ValueError; 0.500000
variables: {'text': 'a', 'truth': 'true', 'half': '0.5', 'none': 'null', 'list': '[1, null]'}
parameters: {'text': 'a', 'truth': 'true', 'half': '0.5', 'none': 'null', 'list': '[1, null]'}
SEEN
echo "as it was seen"
