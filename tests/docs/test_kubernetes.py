"""The example Job: what it must agree with itself about, and what must not be in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from perfbot import __version__
from perfbot.shards import parse_shard

FILE = Path(__file__).parents[2] / "docs/examples/kubernetes/perfbot-job.yaml"


@pytest.fixture(scope="module")
def job() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return found


def test_every_shard_is_measured_once(job: dict[str, Any]) -> None:
    spec = job["spec"]
    (measure,) = spec["template"]["spec"]["containers"]
    variables = {one["name"]: one["value"] for one in measure["env"]}
    assert spec["completionMode"] == "Indexed"
    assert spec["completions"] == spec["parallelism"] == int(variables["SHARDS"])
    shards = [parse_shard(f"{index + 1}/{variables['SHARDS']}") for index in range(spec["completions"])]
    assert len({one.index for one in shards}) == spec["completions"]
    assert '--shard "$((JOB_COMPLETION_INDEX + 1))/$SHARDS"' in measure["command"][-1]


def test_pods_can_do_nothing_but_measure(job: dict[str, Any]) -> None:
    pod = job["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    for container in (*pod["initContainers"], *pod["containers"]):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["image"] == f"perfbot:{__version__}"
    assert not re.search(r"secret(Name|KeyRef)|envFrom|hostPath|hostNetwork|privileged", yaml.safe_dump(job))


def test_what_is_mounted_is_there(job: dict[str, Any]) -> None:
    pod = job["spec"]["template"]["spec"]
    volumes = {one["name"] for one in pod["volumes"]}
    mounted = {m["name"] for c in (*pod["initContainers"], *pod["containers"]) for m in c["volumeMounts"]}
    assert mounted == volumes
