"""The example Job against the official client's models, which are generated from the API's own description."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

FILE = Path(__file__).parents[2] / "docs/examples/kubernetes/perfbot-job.yaml"
pytestmark = pytest.mark.external

SCALARS = {"str": str, "int": int, "bool": bool, "float": (int, float)}


def problems(kind: str, value: Any, place: str) -> list[str]:
    """What the API would refuse: unknown fields, wrong types, what is required and missing."""
    from kubernetes import client  # only in the external part

    if listed := re.fullmatch(r"[Ll]ist\[(.+)\]", kind):
        return [p for index, one in enumerate(value) for p in problems(listed[1], one, f"{place}[{index}]")]
    if mapped := re.fullmatch(r"[Dd]ict[(\[](\w+), (.+)[)\]]", kind):
        return [p for key, one in value.items() for p in problems(mapped[2], one, f"{place}.{key}")]
    if kind in SCALARS:
        return [] if isinstance(value, SCALARS[kind]) else [f"{place}: {value!r} is no {kind}"]
    if kind in ("object", "datetime"):
        return []
    model = getattr(client, kind)
    if not isinstance(value, dict):
        return [f"{place}: {value!r} is no {kind}"]
    by_key = {key: name for name, key in model.attribute_map.items()}
    found = [f"{place}.{key}: {kind} has no such field" for key in value if key not in by_key]
    known = {by_key[key]: one for key, one in value.items() if key in by_key}
    try:
        model(**known)
    except (ValueError, TypeError) as error:
        found.append(f"{place}: {error}")
    return found + [
        p for name, one in known.items() for p in problems(model.openapi_types[name], one, f"{place}.{name}")
    ]


def test_the_job_is_one_that_the_api_takes() -> None:
    assert problems("V1Job", yaml.safe_load(FILE.read_text()), "job") == []


def test_mistakes_would_be_seen() -> None:
    job = yaml.safe_load(FILE.read_text())
    job["spec"]["paralelism"] = 4
    job["spec"]["template"]["spec"]["containers"][0].pop("name")
    job["spec"]["completions"] = "four"
    text = "\n".join(problems("V1Job", job, "job"))
    assert "paralelism: V1JobSpec has no such field" in text
    assert "containers.0.name" in text
    assert "spec.completions" in text
