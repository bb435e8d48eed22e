"""Checks exchanges against an API description (OpenAPI 3): path, query, request body, response body.

Works on the project's own short descriptions in ``tests/contracts`` and on a forge's official one.
"""

from __future__ import annotations

import copy
import functools
import json
import re
from pathlib import Path
from typing import Any

import jsonschema

FOLDER = Path(__file__).parents[1] / "contracts"


@functools.cache
def shared(file: Path, **options: Any) -> Contract:
    """One description for all fakes of a process: what was right once is not checked again."""
    return Contract(file, **options)


class Contract:
    """One description.

    Args:
        prefix: part of the request's path that the description leaves out, or the other way round.
        official: exchanges with paths that it does not describe are no violations, and answers may leave out
            what it requires (a fake sends only what perfbot reads).
        ignore: property names whose described type is known to be wrong.
        skip: pattern of "METHOD path" that is known to be described wrongly.
    """

    def __init__(
        self,
        file: Path,
        *,
        prefix: str = "",
        official: bool = False,
        ignore: tuple[str, ...] = (),
        skip: str = "$^",
    ) -> None:
        self._document = _normal(json.loads(file.read_text("utf-8")), ignore)
        self._seen: set[tuple[str, str]] = set()
        self._validators: dict[str, Any] = {}
        self._official = official
        self._skip = re.compile(skip)
        self._name = file.name
        self._paths = sorted(
            ((_pattern(prefix + path), operations) for path, operations in self._document["paths"].items()),
            key=lambda item: item[0].pattern.count("[^/]+"),
        )

    def violations(
        self, method: str, path: str, query: dict[str, str], data: Any, status: int, answer: Any
    ) -> list[str]:
        """What is wrong with one exchange, in words; nothing when all is well."""
        where = f"{self._name}: {method} {path} → {status}"
        operation = None if self._skip.search(f"{method} {path}") else self._operation(method, path)
        if operation is None:
            return [] if self._official else [f"{where}: not described"]
        found = [f"{where}: unknown query parameter {name}" for name in query if name not in self._query(operation)]
        body = operation.get("requestBody")
        if data is not None and body is not None:
            found += self._invalid(where, "request", body["content"]["application/json"]["schema"], data)
        elif data and body is None:
            found.append(f"{where}: a body nobody described")
        responses = operation["responses"]
        if str(status) not in responses and status < 400:
            found.append(f"{where}: status not described")
        content = responses.get(str(status), {}).get("content", {}).get("application/json")
        if content and answer is not None:
            found += self._invalid(where, "response", content["schema"], answer)
        return found

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        for pattern, operations in self._paths:
            if pattern.fullmatch(path) and method.lower() in operations:
                return dict(operations[method.lower()])
        return None

    def _query(self, operation: dict[str, Any]) -> set[str]:
        shared = self._document.get("components", {}).get("parameters", {})
        parameters = [
            shared[p["$ref"].rpartition("/")[2]] if "$ref" in p else p for p in operation.get("parameters", [])
        ]
        return {p["name"] for p in parameters if p.get("in") == "query"}

    def _invalid(self, where: str, part: str, schema: dict[str, Any], data: Any) -> list[str]:
        key = f"{id(schema)} {part}"
        text = json.dumps(data, sort_keys=True)
        if (key, text) in self._seen:
            return []
        if key not in self._validators:
            whole = {**schema, "components": self._document.get("components", {})}
            if self._official and part == "response":
                whole = _optional(whole)
            self._validators[key] = jsonschema.Draft202012Validator(whole)
        errors = list(self._validators[key].iter_errors(data))
        if not errors:
            self._seen.add((key, text))
        return [f"{where}: {part}: {'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in errors]


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]+\})", path)
    return re.compile("".join(_part(p) for p in parts))


def _optional(node: Any) -> Any:
    """The same schema without required properties, and so without alternatives that exclude each other."""
    if isinstance(node, list):
        return [_optional(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        "anyOf" if k == "oneOf" else k: _optional(v)
        for k, v in node.items()
        if not (k == "required" and isinstance(v, list))
    }


def _part(text: str) -> str:
    if text == "{path}":
        return ".+"
    return "[^/]+" if text.startswith("{") else re.escape(text)


def _normal(node: Any, ignore: tuple[str, ...]) -> Any:
    """OpenAPI 3.0's ``nullable`` as JSON Schema has it; properties with wrong types are freed."""
    if isinstance(node, list):
        return [_normal(item, ignore) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _normal(value, ignore) for key, value in copy.copy(node).items()}
    if isinstance(node.get("properties"), dict):
        for name in ignore:
            if name in node["properties"]:
                node["properties"][name] = {}
    if node.pop("nullable", False) is True:
        return {"anyOf": [node, {"type": "null"}]}
    return node
