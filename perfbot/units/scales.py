"""Units of one kind as multiples of their base: durations, sizes, counts, as people and tools spell them."""

from __future__ import annotations

DURATIONS = {
    "d": 86_400.0, "h": 3_600.0, "min": 60.0, "s": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9, "ps": 1e-12,
}  # fmt: skip
"""Seconds in one of each; the order is that of a compound such as ``1h30m``."""

BYTES = {
    "B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
    "KiB": 1024.0, "MiB": 1024.0**2, "GiB": 1024.0**3, "TiB": 1024.0**4,
}  # fmt: skip
"""Bytes in one of each: decimal prefixes are powers of 1000, those with an i powers of 1024."""

MULTIPLES = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}

DURATION_SPELLINGS = {
    "day": "d", "days": "d", "hour": "h", "hours": "h", "hr": "h", "hrs": "h", "m": "min", "mins": "min",
    "minute": "min", "minutes": "min", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "us": "µs", "μs": "µs",
    "usec": "µs", "msec": "ms", "nsec": "ns",
}  # fmt: skip
BYTE_SPELLINGS = {"KB": "kB", "byte": "B", "bytes": "B", "kiB": "KiB"}
