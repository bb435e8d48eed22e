"""Templates: where they are, and an environment in which they can do nothing but lay out.

They sit in ``templates/`` of the source tree and in ``perfbot/_templates`` of an installed wheel.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

_PACKAGE = Path(__file__).resolve().parent.parent
FOLDERS = (_PACKAGE / "_templates", _PACKAGE.parent / "templates")
"""The wheel's first: beside an installed package, ``templates`` would be anybody's."""


def lay_out(template: str, **view: Any) -> str:
    """Fill a template. Those whose name ends in ``.html.j2`` escape every value by themselves."""
    return environment().get_template(template).render(view)


def pieces(template: str, **view: Any) -> Iterator[str]:
    """What :func:`lay_out` gives, a little at a time: for what is too large to be in memory as a whole."""
    yield from environment().get_template(template).generate(view)


def source(name: str) -> str:
    """A style sheet or script as it stands in the templates' folder."""
    found = environment()
    assert found.loader is not None  # noqa: S101 - for the type checker; it is given below
    return found.loader.get_source(found, name)[0]


@lru_cache
def environment() -> ImmutableSandboxedEnvironment:
    """Where templates run: a missing value is an error, and nothing can be reached or changed."""
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader([folder for folder in FOLDERS if folder.is_dir()]),
        undefined=StrictUndefined,
        auto_reload=False,
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
