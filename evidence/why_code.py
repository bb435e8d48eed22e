"""Public code to make slower, and benchmarks of it: modules of the standard library and packages, copied.

Each benchmark runs code of one of them alone, so a change in one of them has no part in the others.
"""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

SOURCES = {
    "difflib": ("lib_difflib.py",), "textwrap": ("lib_textwrap.py",), "configparser": ("lib_configparser.py",),
    "argparse": ("lib_argparse.py",), "tokenize": ("lib_tokenize.py",), "fractions": ("lib_fractions.py",),
    "packaging": ("lib_packaging",), "markdown_it": ("lib_markdown_it",), "yaml": ("lib_yaml",),
    "pprint": ("lib_pprint.py",),
}  # fmt: skip
"""What is copied, by the module that it is taken from, under names of its own: imports find installed ones first."""

BENCH = """
import io
import lib_argparse, lib_configparser, lib_difflib, lib_fractions, lib_pprint, lib_textwrap, lib_tokenize
import lib_markdown_it, lib_yaml
from lib_packaging.requirements import Requirement
from lib_packaging.specifiers import SpecifierSet
from lib_packaging.version import Version

OLD = ["line %d of %s" % (n, "ab" * (n % 5)) for n in range(60)]
NEW = [line.replace("7", "x") for line in OLD if not line.endswith("ab")]
INI = "\\n".join("[part%d]\\nname = value%d\\nother: %d\\n" % (n, n, n) for n in range(12))
TEXT = "It was the best of times, it was the worst of times, it was the age of wisdom. " * 12
CODE = "def f(x):\\n    return [y * 2 for y in range(x) if y % 3]\\n" * 8
YAML = "items:\\n" + "".join("  - {name: n%d, size: %d, tags: [a, b]}\\n" % (n, n) for n in range(6))
MARKDOWN = "# Title\\n\\nSome *emphasised* text with [a link](https://example.org) and `code`.\\n\\n- one\\n" * 3
ROWS = [{"name": "n%d" % n, "tags": ["a" * n, {"b": n}]} for n in range(12)]
parser = lib_argparse.ArgumentParser()
parser.add_argument("files", nargs="*")
parser.add_argument("--size", type=int, default=1)
parser.add_argument("--verbose", "-v", action="store_true")
markdown = lib_markdown_it.MarkdownIt()

def b_difflib():
    return list(lib_difflib.unified_diff(OLD, NEW))

def b_configparser():
    parser = lib_configparser.ConfigParser()
    parser.read_string(INI)
    return parser

def b_textwrap():
    return lib_textwrap.wrap(TEXT, 40)

def b_argparse():
    return parser.parse_args(["a", "b", "--size", "3", "-v"])

def b_tokenize():
    return list(lib_tokenize.generate_tokens(io.StringIO(CODE).readline))

def b_fractions():
    F = lib_fractions.Fraction
    return sum((F(n, n + 1) * F("%d/7" % n) for n in range(1, 20)), F(0))

def b_packaging():
    wanted = SpecifierSet(">=1.0,!=1.1", prereleases=True)
    return Requirement("name[extra]>=1.2,<3; python_version > '3.8'"), Version("1.2.3rc1") in wanted

def b_markdown():
    return markdown.render(MARKDOWN)

def b_yaml():
    return lib_yaml.load(YAML, Loader=lib_yaml.SafeLoader)

def b_pprint():
    return lib_pprint.pformat(ROWS)
"""

BENCHMARKS = {
    "b_difflib": "lib_difflib.py", "b_configparser": "lib_configparser.py", "b_textwrap": "lib_textwrap.py",
    "b_argparse": "lib_argparse.py", "b_tokenize": "lib_tokenize.py", "b_fractions": "lib_fractions.py",
    "b_packaging": "lib_packaging/", "b_markdown": "lib_markdown_it/", "b_yaml": "lib_yaml/",
    "b_pprint": "lib_pprint.py",
}  # fmt: skip
"""Each with what its files begin with."""


def copy_code(tree: Path) -> None:
    """Make a side's folder: the sources, and the benchmarks."""
    tree.mkdir(parents=True, exist_ok=True)
    for module, (name,) in SOURCES.items():
        found = importlib.util.find_spec(module)
        if found is None or found.origin is None:
            raise SystemExit(f"{module} is not installed")
        origin = Path(found.origin)
        if name.endswith(".py"):
            shutil.copy(origin, tree / name)
        else:
            shutil.copytree(origin.parent, tree / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    (tree / "bench.py").write_text(BENCH)
