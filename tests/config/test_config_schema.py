"""The published schema and the documentation agree with what is read."""

import re
import tomllib
from pathlib import Path

import jsonschema
import pytest

from perfbot import config
from perfbot.config.schema import schema, schema_text
from perfbot.errors import ConfigError

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "configuration.md"
EXAMPLES = re.findall(r"^```toml\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def test_the_published_schema_is_current():
    """Write it anew: python -m perfbot.config > docs/config-schema.json."""
    assert (DOCS / "config-schema.json").read_text("utf-8") == schema_text()


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.strip().splitlines()[-1])
def test_every_documented_example_is_read_and_fits_the_schema(example):
    assert config.parse(example, "docs/configuration.md").where
    jsonschema.validate(tomllib.loads(example), schema())


def test_the_documentation_has_examples():
    assert len(EXAMPLES) >= 8


@pytest.mark.parametrize("text", ["[run]\nbudget = 3", "[gate]\nzzz = 1", '[[suite]]\nname = "a"\nharness = "x"'])
def test_what_is_refused_does_not_fit_the_schema(text):
    with pytest.raises(ConfigError):
        config.parse(text, "perfbot.toml")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(text), schema())


def keys():
    found = schema()
    tables = [("", found), *found["$defs"].items()]
    return sorted({key for _, table in tables for key in table.get("properties", {})})


@pytest.mark.parametrize("key", keys())
def test_every_key_is_documented(key):
    assert f"`{key}`" in PAGE.read_text("utf-8") or f"[{key}]" in PAGE.read_text("utf-8")


def test_every_default_is_what_one_could_write():
    text = schema_text()
    assert '"default": "10 min"' in text
    assert not re.search(r'"default": (null|600)', text)
