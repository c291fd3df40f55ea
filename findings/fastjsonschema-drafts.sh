#!/usr/bin/env bash
# fastjsonschema takes a schema of draft 2020-12 and checks it as one of draft 7: what is newer is passed over in silence.
#
# Versions: fastjsonschema 2.22.3, jsonschema 4.26.0 beside it for the right answer.
# Behaviour: `prefixItems`, `dependentRequired`, `unevaluatedProperties`, `minContains` and any keyword beside a `$ref`
# are not looked at, although `$schema` names the draft that has them; compile() neither refuses nor warns. A document that
# the schema forbids is returned as valid.
# Seen: "<keyword>: jsonschema refuses, fastjsonschema accepts" for each of the five.
# What follows: a schema that is checked with it must keep to draft 7's keywords, and a test must hold it there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check fastjsonschema==2.22.3 jsonschema==4.26.0
cat >"$folder/look.py" <<'PYTHON'
import warnings

import fastjsonschema
import jsonschema

warnings.simplefilter("error")
DRAFT = "https://json-schema.org/draft/2020-12/schema"
CASES = {
    "prefixItems": ({"prefixItems": [{"type": "string"}]}, [1]),
    "dependentRequired": ({"dependentRequired": {"memory": ["unit"]}}, {"memory": 1}),
    "unevaluatedProperties": ({"unevaluatedProperties": False}, {"memory": 1}),
    "minContains": ({"contains": {"type": "integer"}, "minContains": 2}, [1]),
    "beside $ref": ({"$defs": {"name": {"type": "string"}}, "$ref": "#/$defs/name", "maxLength": 3}, "worker"),
}
for name, (schema, document) in CASES.items():
    schema = {"$schema": DRAFT, **schema}
    right = jsonschema.Draft202012Validator(schema).is_valid(document)
    try:
        fastjsonschema.compile(schema)(document)
        fast = True
    except fastjsonschema.JsonSchemaValueException:
        fast = False
    said = {True: "accepts", False: "refuses"}
    print(f"{name}: jsonschema {said[right]}, fastjsonschema {said[fast]}")
PYTHON
"$folder/venv/bin/python" "$folder/look.py" | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
prefixItems: jsonschema refuses, fastjsonschema accepts
dependentRequired: jsonschema refuses, fastjsonschema accepts
unevaluatedProperties: jsonschema refuses, fastjsonschema accepts
minContains: jsonschema refuses, fastjsonschema accepts
beside $ref: jsonschema refuses, fastjsonschema accepts
SEEN
echo "as it was seen"
