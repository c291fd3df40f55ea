#!/usr/bin/env bash
# A list or a dictionary that is given to a model of the Python client of Kubernetes is copied; what is added to it
# afterwards is not sent. A model that is given to another is not copied.
#
# Versions: kubernetes 37.0.2 (models are pydantic's) against 35.0.0 (they kept what they were given).
# Behaviour: `containers = [a]; spec = V1PodSpec(containers=containers); containers.append(b)` has one container with 37 and
# had two with 35; the same for labels, annotations and env. A change of `a` itself is seen with both. Nothing is said.
# Besides, a label must be a string on construction; put into the model's own dictionary later, a number is sent, with a warning.
# Seen: the lines at the end.
# What follows: complete lists and dictionaries before the model is made, or add to the model's own.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/look.py" <<'PYTHON'
from kubernetes import client

sent = client.ApiClient().sanitize_for_serialization
first = client.V1Container(name="a")
containers, labels = [first], {"app": "a"}
spec = client.V1PodSpec(containers=containers)
metadata = client.V1ObjectMeta(labels=labels)
containers.append(client.V1Container(name="b"))
labels["tier"] = "b"
first.image = "later"
print("containers:", [(one.name, one.image) for one in spec.containers])
print("labels:", metadata.labels)
metadata.labels["count"] = 5
print("a number as a label, afterwards:", sent(metadata)["labels"]["count"])
PYTHON
for version in 35.0.0 37.0.2; do
    python3 -m venv --clear "$folder/venv"
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "kubernetes==$version"
    echo "kubernetes $version"
    "$folder/venv/bin/python" "$folder/look.py"
done | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
kubernetes 35.0.0
containers: [('a', 'later'), ('b', None)]
labels: {'app': 'a', 'tier': 'b'}
a number as a label, afterwards: 5
kubernetes 37.0.2
containers: [('a', 'later')]
labels: {'app': 'a'}
a number as a label, afterwards: 5
SEEN
echo "as it was seen"
