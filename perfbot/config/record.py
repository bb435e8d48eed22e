"""The base of every table in the file: frozen, and closed to unknown keys."""

from __future__ import annotations

import os

# A plugin of pydantic that happens to be installed has no business in what decides verdicts, and looking for one reads
# what every installed package says of itself.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A table of the configuration file."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False, validate_default=False
    )
