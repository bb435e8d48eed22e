"""The report as a file, and how much of anything one may hold."""

from perfbot.report.document import (
    MAX_BYTES,
    dumps,
    loads,
    read,
    read_bytes,
    schema,
    write,
    write_text,
)

__all__ = ["MAX_BYTES", "dumps", "loads", "read", "read_bytes", "schema", "write", "write_text"]
