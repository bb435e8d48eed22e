"""Suites of varied benchmarks, drawn by seed: what ``edits.py`` makes its irrelevant edits to.

Each benchmark is a small function of one of some fifty characters, with sizes of its own; a suite of eighty has each
of them once or twice. They lie in a few modules, with data beside them, as suites do.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from random import Random

from evidence.edits_functions import FUNCTIONS, IMPORTS

CHARACTERS: Mapping[str, str] = {
    text.partition("(")[0]: "def " + text for text in ("\n" + FUNCTIONS).split("\ndef ")[1:]
}
"""Functions by character."""

DATA = r"""WORDS = [f"{chr(97 + number % 26)}{chr(97 + number % 7)}{number * 31 % 97}" for number in range($words)]
TEXT = " ".join(WORDS * 4)
DATA = bytes(number * number % 251 for number in range($bytes))
PACKED = zlib.compress(TEXT.encode())
ROWS = [
    {"id": number * 7919 % 1009, "name": word, "price": number / 8, "tags": WORDS[:3]}
    for number, word in enumerate(WORDS[:150])
]
DOCUMENT = json.dumps(ROWS[:$rows])
TABLE = "\n".join(f"{number},name {number},{number / 3:.2f}" for number in range($rows))
NUMBERS = [f"{number / 7:.5f}" for number in range($rows)]
SORTED = list(range(0, 4000, 3))
SHUFFLED = [number * 7919 % 4001 for number in range(4000)]
SQUARE = [[row * column % 10 for column in range(9)] for row in range(9)]
PATTERN = re.compile(r"([a-f])(\w)(\d+)")
RECORD = struct.Struct("<IdH")
TEMPLATE = string.Template("$$name costs $$price")
DAY = dt.date(2026, 1, 1)
Point = collections.namedtuple("Point", "x y")


@dataclasses.dataclass(frozen=True)
class Shape:
    width: int
    height: int


class Account:
    def __init__(self):
        self.total = 0

    def add(self, amount):
        self.total += amount


SHAPE = Shape(1, 2)
"""

MODULES = 4


def _sizes(rng: Random) -> dict[str, int]:
    return {
        "few": rng.randint(3, 20),
        "rows": rng.randint(20, 150),
        "many": rng.randint(100, 1500),
        "small": rng.randint(40, 900),
        "large": rng.randint(300, 3000),
        "deep": rng.randint(100, 700),
        "fib": rng.randint(8, 15),
        "big": rng.choice((100_000, 400_000, 1_500_000)),
        "words": rng.randint(150, 400),
        "bytes": rng.randint(600, 4000),
    }


def suite(size: int, seed: int, harness: str = "python") -> dict[str, str]:
    """The files of a suite: modules, perfbot.toml, and a test file where pytest runs it.

    Args:
        size: how many benchmarks.
        harness: ``python`` or ``pytest``.
    """
    rng = Random(seed)
    wanted = [
        name for _ in range(size // len(CHARACTERS) + 1) for name in rng.sample(sorted(CHARACTERS), len(CHARACTERS))
    ]
    modules: dict[str, list[str]] = {f"shop_{number}": [] for number in range(min(MODULES, size))}
    names: list[tuple[str, str]] = []
    for number, character in enumerate(wanted[:size]):
        module = f"shop_{number % len(modules)}"
        name = f"{character}_{number}"
        body = string.Template(CHARACTERS[character]).substitute(_sizes(rng))
        modules[module].append(body.replace(f"def {character}(", f"def {name}(", 1))
        names.append((module, name))
    files = {
        f"{module}.py": "\n\n".join([IMPORTS + string.Template(DATA).substitute(_sizes(rng)), *functions])
        for module, functions in modules.items()
    }
    return {**files, **_harness(names, harness), "requirements.txt": "", "install.py": INSTALL}


def _harness(names: list[tuple[str, str]], harness: str) -> dict[str, str]:
    setup = 'setup = ["python install.py"]\n'
    if harness == "python":
        functions = ", ".join(f'{name} = "{module}:{name}"' for module, name in names)
        table = f"functions = {{ {functions} }}\n"
        return {"perfbot.toml": f'[[suite]]\nname = "shop"\nharness = "python"\n{setup}{table}'}
    imports = "".join(f"import {module}\n" for module in sorted({module for module, _ in names}))
    tests = "".join(f"\n\ndef test_{name}(benchmark):\n    benchmark({module}.{name})\n" for module, name in names)
    config = f'[[suite]]\nname = "shop"\nharness = "pytest"\n{setup}paths = ["test_shop.py"]\n'
    return {"perfbot.toml": config, "test_shop.py": imports + tests}


INSTALL = '''\
"""Puts what requirements.txt names into the environment: packages of one empty module, of no use to anybody."""

import pathlib
import sysconfig

target = pathlib.Path(sysconfig.get_paths()["purelib"])
for name in pathlib.Path("requirements.txt").read_text().split():
    (target / name).mkdir(exist_ok=True)
    (target / name / "__init__.py").write_text("")
    about = target / f"{name}-1.0.dist-info"
    about.mkdir(exist_ok=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\\nName: {name}\\nVersion: 1.0\\n")
'''
