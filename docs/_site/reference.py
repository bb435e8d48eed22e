"""Reference pages out of the code itself, made while the site is built."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from perfbot.cli import main as command_line
from perfbot.config.schema import schema_text
from perfbot.service.api import openapi


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages to those that are written by hand."""
    docs = Path(config.docs_dir)
    pages = {
        "reference/cli.md": cli(),
        "reference/configuration-keys.md": configuration(),
        "reference/http-api.md": http(),
        "reference/python-api.md": PYTHON,
        "adr/index.md": decisions(docs / "adr"),
    }
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    files.append(File.generated(config, "llms.txt", content=llms(docs, config)))
    return files


def llms(docs: Path, config: MkDocsConfig) -> str:
    """The pages for programs that read: titles, addresses, and the first sentence of each (llmstxt.org)."""
    lines = [f"# {config.site_name}", "", f"> {config.site_description}", ""]
    lines.append(
        "Coding agents: `perfbot init --agents` writes a skill, `perfbot mcp` serves tools. Measure with "
        "`perfbot run --dirty --only GLOB`, check claims with `perfbot verify CLAIM --dirty`."
    )
    for folder, title in ((docs, "Documentation"), (docs / "how-to", "How to"), (docs / "migrate", "Coming from")):
        lines += ["", f"## {title}", ""]
        for page in sorted(folder.glob("*.md")):
            text = page.read_text("utf-8")
            name = next((line[2:] for line in text.splitlines() if line.startswith("# ")), page.stem)
            address = page.relative_to(docs).with_suffix("").as_posix()
            lines.append(f"- [{name}]({config.site_url or ''}{address}/): {_first_sentence(text)}")
    return "\n".join(lines) + "\n"


def _first_sentence(text: str) -> str:
    paragraphs = (one.strip() for one in re.split(r"\n\s*\n", text))
    first = next((one for one in paragraphs if one and one[0] not in "#|`!<-"), "")
    return re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", " ".join(first.split())).split(". ")[0].rstrip(".") + "."


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links to the source, which stand relative in the repository, lead there from the site, too."""
    del files
    up = "../" * (page.file.src_uri.count("/") + 1)
    return re.sub(rf"\]\({re.escape(up)}(?=[\w.])", f"]({config.repo_url}/blob/main/", markdown)


PYTHON = """# Python API

::: perfbot.api
"""


def cli() -> str:
    """What every verb's ``--help`` says."""
    parts = ["# Command line\n", f"```text\n{command_line.__doc__}```\n"]
    for verb in command_line.VERBS:
        asked = [sys.executable, "-m", "perfbot", verb, "--help"]
        environ = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
        said = subprocess.run(asked, env=environ, capture_output=True, text=True, check=True).stdout
        parts.append(f"## perfbot {verb}\n\n```text\n{said}```\n")
    return "\n".join(parts)


def configuration() -> str:
    """Every key of perfbot.toml, from the schema that editors use."""
    schema: dict[str, Any] = json.loads(schema_text())
    parts = ["# Configuration, every key\n", "Explained with examples in [Configuration](../configuration.md).\n"]
    for name, part in schema["$defs"].items():
        if part.get("properties"):
            parts.append(f"## {name}\n\n{_plain(part.get('description', ''))}\n")
            parts.append("| Key | Type | Default | Meaning |\n|:--|:--|:--|:--|")
            parts.extend(_rows(part))
            parts.append("")
    return "\n".join(parts)


def _rows(part: Mapping[str, Any]) -> Iterator[str]:
    for key, value in part["properties"].items():
        default = "" if "default" not in value else f"`{json.dumps(value['default'], ensure_ascii=False)}`"
        yield f"| `{key}` | {_kind(value)} | {default} | {_plain(value.get('description', ''))} |"


def _kind(value: Mapping[str, Any]) -> str:
    if "enum" in value or "const" in value:
        return ", ".join(f"`{one}`" for one in value.get("enum", [value.get("const")]))
    if "$ref" in value:
        return f"`{str(value['$ref']).rsplit('/', 1)[-1]}`"
    if "anyOf" in value:
        return " or ".join(_kind(one) for one in value["anyOf"])
    if value.get("type") == "array":
        return f"list of {_kind(value.get('items', {})) or 'values'}"
    return str(value.get("type", ""))


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("``", "`")).replace("|", "\\|").strip()


def http() -> str:
    """The addresses that programs use, from their description."""
    parts = [
        "# HTTP API\n",
        "Of `perfbot serve`; a token goes into `Authorization: Bearer`. The same as OpenAPI: `/api/v1/openapi.json`.\n",
    ]
    for path, methods in openapi()["paths"].items():
        for method, about in methods.items():
            parts.append(f"## `{method.upper()} {path}`\n\n{about['summary']}.\n")
            if about["parameters"]:
                parts.append("| Parameter | In | |\n|:--|:--|:--|")
                parts.extend(
                    f"| `{one['name']}` | {one['in']} | {_plain(one['description'])} |" for one in about["parameters"]
                )
                parts.append("")
            parts.append("| Answer | |\n|:--|:--|")
            parts.extend(f"| {code} | {answer['description']} |" for code, answer in about["responses"].items())
            parts.append("")
    return "\n".join(parts)


def _parameter(one: Mapping[str, Any]) -> str:
    return f"| `{one['name']}` | {one['in']} | {_plain(one['description'])} |"


def decisions(folder: Path) -> str:
    """The records of decisions, by number."""
    rows = []
    for file in sorted(folder.glob("[0-9]*.md")):
        title = file.read_text("utf-8").splitlines()[0].lstrip("# ")
        rows.append(f"- [{title}]({file.name})")
    return "\n".join(
        ["# Decisions\n", "What was decided, and why; each can be undone by a better reason.\n", *rows, ""]
    )
