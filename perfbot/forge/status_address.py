"""The order of runs in a status' address: commit statuses have no field of their own for it.

It is the address' fragment, which no server sees and no page minds.
"""

from __future__ import annotations

from perfbot.forge.order import RunOrder, read_order

LONGEST = 255
"""Characters of an address; GitLab refuses more."""

_SIGN = "perfbot-run="


def with_order(url: str, order: RunOrder | None) -> str:
    """The address with the order in it; as it is where it would become too long or there is none."""
    if not url or order is None:
        return url[:LONGEST] if len(url) <= LONGEST else ""
    address = f"{url.partition('#')[0]}#{_SIGN}{order}"
    return address if len(address) <= LONGEST else url if len(url) <= LONGEST else ""


def order_in(url: str) -> RunOrder | None:
    """The order in an address."""
    _, _, fragment = url.partition("#")
    return read_order(fragment.removeprefix(_SIGN)) if fragment.startswith(_SIGN) else None
