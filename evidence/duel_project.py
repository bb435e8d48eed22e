"""The repository that ``duel.py`` lets all tools loose on: ten benchmarks, one commit that changes six of them.

Each benchmark does the same work for a number of items; a change is more or fewer items. How much that is of all
instructions is counted, not assumed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from perfbot.git.command import Git

ITEMS = 200

CHANGES: Mapping[str, float] = {
    "counting": 0.025,
    "writing_json": 0.05,
    "matching": 0.025,
    "joining": 0.05,
    "methods": 0.10,
    "hashing": -0.10,
    "sorting": 0.0,
    "packing": 0.0,
    "copying": 0.0,
    "chaining": 0.0,
}
"""Every benchmark, and the share of its items that the branch ``changed`` adds."""

BRANCHES = ("main", "changed", "same")
"""``same`` differs from ``main`` by a comment."""

WORK = '''\
"""Ten pieces of work{remark}."""

import copy
import hashlib
import itertools
import json
import re
import struct

COUNTS = {counts}
WORDS = [f"word{{n * 7919 % 1009}}" for n in range(400)]
RECORDS = [{{"id": n * 7919 % 1009, "name": word, "price": n + 0.5}} for n, word in enumerate(WORDS)]
BLOCKS = [word.encode() * 40 for word in WORDS]
PATTERN = re.compile(r"([a-z]+)(\\d)(\\d*)")
RECORD = struct.Struct("<IdH")


class Account:
    """Something with a balance."""

    def __init__(self, owner):
        self.owner = owner
        self.balance = 0

    def deposit(self, amount):
        """Add to it."""
        self.balance += amount
        return self.balance


def counting():
    found = {{}}
    for word in WORDS[:COUNTS["counting"]]:
        key = word[:5]
        found[key] = found.get(key, 0) + len(word)
    return found


def writing_json():
    return [json.dumps(record) for record in RECORDS[:COUNTS["writing_json"]]]


def matching():
    return [PATTERN.match(word).group(2) for word in WORDS[:COUNTS["matching"]]]


def joining():
    return [f"{{record['id']:>6d}} {{record['name']:<9}} {{record['price']:8.2f}}"
            for record in RECORDS[:COUNTS["joining"]]]


def methods():
    total = 0
    for word in WORDS[:COUNTS["methods"]]:
        account = Account(word)
        total += account.deposit(len(word)) + account.deposit(1)
    return total


def hashing():
    return [hashlib.sha1(block).digest() for block in BLOCKS[:COUNTS["hashing"]]]


def sorting():
    return sorted(RECORDS[:COUNTS["sorting"]], key=lambda record: (record["name"], record["id"]))


def packing():
    data = b"".join(RECORD.pack(n, n / 3, n % 9) for n in range(COUNTS["packing"]))
    return sum(fields[2] for fields in RECORD.iter_unpack(data))


def copying():
    return [copy.copy(record) for record in RECORDS[:COUNTS["copying"]]]


def chaining():
    numbers = itertools.chain.from_iterable((n, n * n) for n in range(COUNTS["chaining"]))
    return sum(number % 7 for number in numbers)
'''

FUNCTIONS = ", ".join(f'{name} = "work:{name}"' for name in CHANGES)

FILES: Mapping[str, str] = {
    "perfbot.toml": f"""\
[gate]
threshold = "2%"

[[suite]]
name = "work"
harness = "python"
functions = {{ {FUNCTIONS} }}
setup = []
""",
    "counted.toml": f"""\
[[suite]]
name = "work"
harness = "python"
functions = {{ {FUNCTIONS} }}
setup = []
metrics = ["instructions"]
""",
    "for_pytest/test_work.py": """\
import pytest

import work


@pytest.mark.parametrize("name", sorted(work.COUNTS))
def test_work(benchmark, name):
    benchmark(getattr(work, name))
""",
    "for_pyperf/bench_work.py": """\
import sys

sys.path.insert(0, ".")
import pyperf
import work

runner = pyperf.Runner(program_args=(__file__,))
for name in sorted(work.COUNTS):
    runner.bench_func(name, getattr(work, name))
""",
    "for_asv/__init__.py": "",
    "for_asv/benchmarks.py": """\
import work


"""
    + "\n\n".join(f"def time_{name}():\n    work.{name}()\n" for name in CHANGES),
    "asv.conf.json": json.dumps(
        {
            "version": 1,
            "project": "work",
            "repo": ".",
            "branches": ["main"],
            "environment_type": "virtualenv",
            "benchmark_dir": "for_asv",
            "env_dir": "../asv/env",
            "results_dir": "../asv/results",
            "html_dir": "../asv/html",
            "build_command": [],
            "install_command": ["in-dir={build_dir} python install.py"],
            "uninstall_command": ["return-code=any python -c pass"],
        },
        indent=1,
    ),
    "install.py": '''\
"""Put work.py into the environment that runs this, and nothing that was compiled from another one."""

import pathlib
import shutil
import sysconfig

target = pathlib.Path(sysconfig.get_paths()["purelib"])
shutil.rmtree(target / "__pycache__", ignore_errors=True)
shutil.copy("work.py", target)
''',
    "command.py": '''\
"""One benchmark as a command: ``command.py NAME CALLS``."""

import sys

import work

function = getattr(work, sys.argv[1])
for _ in range(int(sys.argv[2])):
    function()
''',
}


def counts(branch: str) -> dict[str, int]:
    """Items of each benchmark on a branch."""
    return {name: round(ITEMS * (1 + share * (branch == "changed"))) for name, share in CHANGES.items()}


def build(folder: Path) -> None:
    """Make the repository ``folder/repo``, and beside it a checkout of every branch."""
    repo = folder / "repo"
    repo.mkdir(parents=True)
    git = Git(repo, identity())
    git.text("init", "--quiet", "--initial-branch=main")
    for name, text in FILES.items():
        (repo / name).parent.mkdir(exist_ok=True)
        (repo / name).write_text(text)
    for branch in BRANCHES:
        if branch != "main":
            git.text("switch", "--quiet", "--create", branch, "main")
        remark = {"main": "", "changed": ", some of it changed", "same": ", as it was"}[branch]
        (repo / "work.py").write_text(WORK.format(counts=json.dumps(counts(branch)), remark=remark))
        git.text("add", "--all")
        git.text("commit", "--quiet", "--message", f"Branch {branch}")
    for branch in BRANCHES:
        git.text("worktree", "add", "--quiet", "--detach", str(folder / branch), branch)


def identity() -> dict[str, str]:
    """Git's environment: nobody's own configuration."""
    person = {"NAME": "perfbot duel", "EMAIL": "duel@localhost", "DATE": "2026-01-01T12:00:00Z"}
    known = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in person.items()}
    return known | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
