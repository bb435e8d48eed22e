"""What installers say that they did."""

from __future__ import annotations

import re

_BY_PIP = re.compile(r"^Successfully installed (.+)$", re.MULTILINE)
_BY_UV = re.compile(r"^Installed (\d+) packages?\b", re.MULTILINE)


def installed(output: str) -> int:
    """How many packages pip or uv say that they installed."""
    return sum(len(names.split()) for names in _BY_PIP.findall(output)) + sum(map(int, _BY_UV.findall(output)))
