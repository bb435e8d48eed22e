"""What can go wrong, named by its consequence.

::

    PerfbotError              exit code, and a text that says what, why and the next command
    ├── UsageError            2  the command line, or the place it was typed in
    │   └── ConfigError       2  perfbot.toml: file, key, what was expected
    ├── MeasureError          3  nothing to judge: no verdict may come of it
    │   ├── ChangeError       3  base or head cannot be found or reached
    │   ├── SetupError        3  a side could not be prepared
    │   └── ReportError       3  a report that cannot be believed
    ├── Interrupted           3  stopped by a signal; what was measured is kept
    └── PublishError          4  measured, but not told
        └── StoreError        4  measured, but not kept

Exit codes: 0 pass, 1 the gate failed, 2 usage or configuration, 3 could not measure or judge, 4 measured but
could not publish or store.
"""

from __future__ import annotations

from typing import Literal

PASS, GATE_FAILED, USAGE, NOT_MEASURED, NOT_PUBLISHED = range(5)
INTERRUPTED = 130
"""Stopped by Ctrl-C, as shells say it; what was measured until then is kept."""


class PerfbotError(Exception):
    """Anything perfbot says to a person instead of showing a traceback.

    Args:
        message: what happened and why, one paragraph.
        hint: what to type or change next; may be empty.
        output: the end of a process's output that explains it; may be empty.
    """

    exit_code = NOT_MEASURED

    def __init__(self, message: str, *, hint: str = "", output: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.output = output

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class UsageError(PerfbotError):
    """The command line asks for something that cannot be."""

    exit_code = USAGE


class ConfigError(UsageError):
    """The configuration says something that cannot be; the message names file, key and what was expected."""


class MeasureError(PerfbotError):
    """Nothing can be judged.

    Args:
        side: on which it lies, where that is known.
    """

    def __init__(
        self, message: str, *, hint: str = "", output: str = "", side: Literal["", "base", "head", "both"] = ""
    ) -> None:
        super().__init__(message, hint=hint, output=output)
        self.side = side


class ChangeError(MeasureError):
    """Base or head cannot be found, reached or told apart."""


class SetupError(MeasureError):
    """A side's checkout or environment could not be prepared."""


class ReportError(MeasureError):
    """A report that is damaged, foreign, or contradicts itself."""


class Interrupted(PerfbotError):
    """A signal ended the run; partial results were written. No MeasureError: those cost one suite, this all."""


class PublishError(PerfbotError):
    """The forge could not be told; report and comment are kept as files."""

    exit_code = NOT_PUBLISHED


class StoreError(PublishError):
    """The history could not be written or read."""
