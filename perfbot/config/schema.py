"""The JSON schema of perfbot.toml, for editors."""

from __future__ import annotations

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import WithDefaultSchema

from perfbot.config.document import Document


class _AsWritten(GenerateJsonSchema):
    """Shows the defaults of quantities as one writes them."""

    def default_schema(self, schema: WithDefaultSchema) -> JsonSchemaValue:
        found = super().default_schema(schema)
        serialization: Any = schema["schema"].get("serialization", {})
        if found.get("default") is not None and "function" in serialization:
            found["default"] = serialization["function"](schema["default"])
        return found


def schema() -> dict[str, Any]:
    """Draft 2020-12, of what one can write: TOML has no null, and quantities are texts with a unit."""
    found: dict[str, Any] = _tidy(Document.model_json_schema(schema_generator=_AsWritten))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "perfbot.toml", **found}


def schema_text() -> str:
    """The schema as docs/config-schema.json holds it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _tidy(node: Any) -> Any:
    """Without titles that repeat the key, empty defaults, and alternatives to null."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if isinstance(node, str):
        return node.replace("``", "`")
    if not isinstance(node, dict):
        return node
    kept = {key: _tidy(value) for key, value in node.items() if not _noise(key, value)}
    if "discriminator" in kept:
        return _by_key(kept)
    choices = [choice for choice in kept.pop("anyOf", []) if choice != {"type": "null"}]
    return {**(choices[0] if len(choices) == 1 else {"anyOf": choices} if choices else {}), **kept}


def _by_key(node: dict[str, Any]) -> dict[str, Any]:
    """Alternatives that one key tells apart, as conditions: an editor then names the key that is wrong."""
    key, mapping = node["discriminator"]["propertyName"], node["discriminator"]["mapping"]
    kinds: dict[str, list[str]] = {}
    for value, kind in mapping.items():
        kinds.setdefault(kind, []).append(value)
    rules = [
        {"if": {"properties": {key: {"enum": values}}, "required": [key]}, "then": {"$ref": kind}}
        for kind, values in kinds.items()
    ]
    rest = {name: value for name, value in node.items() if name not in ("discriminator", "oneOf")}
    allowed = {"type": "object", "required": [key], "properties": {key: {"enum": sorted(mapping)}}}
    return {**rest, **allowed, "allOf": rules}


def _noise(key: str, value: Any) -> bool:
    if key == "default":
        return not value or isinstance(value, dict)
    return key == "title" and isinstance(value, str)
