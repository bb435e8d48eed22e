"""Shell programs whose work is a number of loops: suites that need no environment, and are read in a line."""

from __future__ import annotations

from pathlib import Path

from tests.repositories import Repository

SPIN = "i=0; while [ $i -lt {} ]; do i=$((i+1)); done\n"
"""To be filled with how many."""

QUICK = """\
[run]
budget = "60 s"

[gate]
threshold = "60%"
confirm = "no"

[why]
enabled = false

[[suite]]
name = "programs"
harness = "command"
"""
"""Whatever is three times slower is found after six rounds; commands are to follow."""

SLOWER = QUICK + 'commands = { slower = "sh slower.sh" }\n'


def three_times_slower(folder: Path) -> Repository:
    """Two commits, of which the second makes the only program three times as slow."""
    repository = Repository(folder)
    repository.commit({"perfbot.toml": SLOWER, "slower.sh": ". ./program.sh\n", "program.sh": SPIN.format(3000)})
    repository.commit({"program.sh": SPIN.format(9000)})
    return repository
