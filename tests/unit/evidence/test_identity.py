"""Who a container is, by what was read of it."""

from __future__ import annotations

import json

from conformance.evidence.identity import container_of, parsed
from conformance.evidence.items import Evidence


def test_the_innermost_container_is_named_by_its_path() -> None:
    outer, inner = "a" * 64, "b" * 64
    assert container_of({"cgroup": f"3:cpu:/x/cri-containerd-{outer}.scope/docker/{inner}\n"}) == inner
    assert container_of({"cgroup": f"0::/system.slice/docker-{inner}.scope"}) == inner
    assert container_of({"cgroup": "0::/init.scope"}) == ""


def test_an_engines_null_list_is_not_there() -> None:
    body = json.dumps({"Config": {"Env": None}, "Mounts": None, "Id": "a"})
    evidence = Evidence("a#1", "a", "inspect", "daemon", {}, {"status": 200, "body": body}, began=0, seconds=0, at=None)
    assert parsed(evidence) == {"Config": {}, "Id": "a"}
