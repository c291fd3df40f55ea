"""What a run looks at before its first leg."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.errors import NoCluster
from conformance.run.preflight import _address

INTERNAL = {"type": "InternalIP", "address": "172.18.0.2"}


def a_node(**status: Any) -> Any:
    return {"metadata": {"name": "a"}, "status": status}


def test_a_node_without_an_address_is_named() -> None:
    assert _address(a_node(addresses=[{**INTERNAL, "type": "Hostname", "address": "a"}, INTERNAL])) == "172.18.0.2"
    for nowhere in (a_node(), a_node(addresses=[]), a_node(addresses=[{**INTERNAL, "type": "ExternalIP"}])):
        with pytest.raises(NoCluster) as refused:
            _address(nowhere)
        assert refused.value.sentence == "Node a has no InternalIP."
