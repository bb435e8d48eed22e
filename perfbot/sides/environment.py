"""One environment a side: made by uv or by venv and pip, filled by the set-up commands, kept until they change.

Set-up runs code of the change, so it sees an allow-listed environment, a home of its own, and the user's package
indexes where they hold no credentials. An environment counts only once it is noted (:mod:`perfbot.sides.kept`): what a
killed run left, and what anybody changed since, is made anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from perfbot.errors import SetupError
from perfbot.model import Side
from perfbot.process import Finished, run, scrubbed_environment
from perfbot.sides.cache import Checkout, Slot, remove_tree
from perfbot.sides.contents import Contents
from perfbot.sides.kept import before_set_up, clear, note, reusable
from perfbot.sides.package_indexes import find_indexes, holds_credentials
from perfbot.sides.pythons import asked_of_uv, find_python, program_of


@dataclass(frozen=True, slots=True)
class Environment:
    """Where one side's code runs.

    Attributes:
        python: the interpreter to run workers with; None when the suites need none.
        bin: the folder of the environment's programs; None likewise.
        home: HOME of everything that runs for this side.
        variables: what a process needs to run in it (PATH, VIRTUAL_ENV, the toolchains' folders); to be added to
            :func:`perfbot.process.scrubbed_environment`.
        reused: an earlier run made it.
        seconds: wall time this call took.
    """

    side: Side
    python: Path | None
    bin: Path | None
    home: Path
    variables: Mapping[str, str]
    reused: bool
    seconds: float


class OnStep(Protocol):
    """Told when a command of set-up ended: side, command, wall time, and how many packages it installed."""

    def __call__(self, side: Side, command: str, seconds: float, packages: int, *, ok: bool) -> None: ...


def _untold(side: Side, command: str, seconds: float, packages: int, *, ok: bool) -> None: ...


_BY_PIP = re.compile(r"^Successfully installed (.+)$", re.MULTILINE)
_BY_UV = re.compile(r"^Installed (\d+) packages?\b", re.MULTILINE)


def installed(output: str) -> int:
    """How many packages pip or uv say that they installed."""
    return sum(len(names.split()) for names in _BY_PIP.findall(output)) + sum(map(int, _BY_UV.findall(output)))


def recipe(
    setup: Sequence[str],
    *,
    python: str | None,
    needs_python: bool,
    requires: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
    directory: str = ".",
) -> str:
    """What an environment is made from, as a text: equal texts, equal environments (of the same commit)."""
    interpreter = (python or f"{sys.executable} {sys.version}") if needs_python else ""
    where = [directory] if setup and directory != "." else []
    return json.dumps([list(setup), interpreter, list(requires), sorted((variables or {}).items()), *where])


def prepare(
    checkout: Checkout,
    *,
    setup: Sequence[str],
    python: str | None,
    needs_python: bool,
    timeout: float,
    on_line: Callable[[str], None],
    on_step: OnStep = _untold,
    requires: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
    directory: str = ".",
    at_desk: bool = False,
) -> Environment:
    """The environment of one side, made or found. Safe to call for both sides at once.

    Args:
        setup: shell commands, run in ``directory``, in the environment.
        python: version ("3.12") or path of the interpreter; None is the one that runs perfbot.
        needs_python: whether to make a virtual environment at all.
        requires: packages that must be there after set-up; those that cannot be imported are installed.
        variables: what the configuration adds to the environment.
        environ: perfbot's own environment (default: the process's).
        directory: of the checkout, where set-up runs.
        timeout: seconds for all of set-up.
        at_desk: many uses in a row, on one's own machine: bytecode is made now, and a glance does before each use.
        on_line: told each command (``base: $ pip install .``) and each line of its output (``base: …``).
        on_step: told how each command ended.

    Raises:
        SetupError: a command failed or ran out of time; ``output`` holds the end of what it said.
    """
    started = time.monotonic()
    text = recipe(
        setup, python=python, needs_python=needs_python, requires=requires, variables=variables, directory=directory
    )
    stamp = hashlib.sha256(f"{checkout.slot.folder}\0{text}".encode()).hexdigest()
    outer, slot = os.environ if environ is None else environ, checkout.slot
    inner = {**_lasting(slot, outer, needs_python=needs_python), **(variables or {})}
    how = reusable(slot, stamp, checkout.files, quick=at_desk) if not needs_python or _python(slot).exists() else ""
    setting_up = _SetUp(checkout, outer, inner, started + timeout, on_line, on_step, directory)
    before = None if how else setting_up.everything(setup, python, requires, needs_python=needs_python)
    if not how or (at_desk and how == "compared"):  # what somebody wrote since may be bytecode that was missing
        if at_desk and needs_python:
            setting_up.compile(requires)
        note(slot, stamp, checkout.files, before)
    python_of, bin_of = (_python(slot), _bin(slot)) if needs_python else (None, None)
    return Environment(checkout.side, python_of, bin_of, slot.home, inner, bool(how), time.monotonic() - started)


def repeat(
    checkout: Checkout,
    *,
    setup: Sequence[str],
    variables: Mapping[str, str],
    timeout: float,
    on_line: Callable[[str], None],
    on_step: OnStep = _untold,
    environ: Mapping[str, str] | None = None,
    directory: str = ".",
) -> None:
    """Run the set-up's commands once more, in the environment that they made, for files that were changed since.

    Args:
        variables: of that :class:`Environment`.

    Raises:
        SetupError: a command failed or ran out of time.
    """
    outer = os.environ if environ is None else environ
    setting_up = _SetUp(checkout, outer, variables, time.monotonic() + timeout, on_line, on_step, directory)
    for line in setup:
        setting_up.command(line)


def _bin(slot: Slot) -> Path:
    return slot.env / "bin"


def _python(slot: Slot) -> Path:
    return _bin(slot) / "python"


def _lasting(slot: Slot, environ: Mapping[str, str], *, needs_python: bool) -> dict[str, str]:
    """What set-up and measured code both need: the environment first on PATH, and toolchains found through HOME."""
    found = {"PYTHONNOUSERSITE": "1", **_toolchains(slot, environ)}
    if needs_python:
        path = environ.get("PATH", os.defpath)
        found |= {"PATH": f"{_bin(slot)}{os.pathsep}{path}", "VIRTUAL_ENV": os.fspath(slot.env)}
    return found


def _toolchains(slot: Slot, environ: Mapping[str, str]) -> dict[str, str]:
    home = Path(environ.get("HOME") or Path.home())
    kept = {name: environ[name] for name in ("RUSTUP_HOME", "GOROOT", "JAVA_HOME") if environ.get(name)}
    if "RUSTUP_HOME" not in kept and (home / ".rustup").is_dir():
        kept["RUSTUP_HOME"] = os.fspath(home / ".rustup")
    downloads = slot.downloads
    return {
        **kept,
        "CARGO_HOME": os.fspath(downloads / "cargo"),
        "GOMODCACHE": os.fspath(downloads / "go"),
        "GOCACHE": os.fspath(downloads / "go-build"),
        "npm_config_cache": os.fspath(downloads / "npm"),
    }


def find_uv(environ: Mapping[str, str]) -> str:
    """uv on PATH or beside the interpreter that runs perfbot; empty when absent, or ``PERFBOT_INSTALLER=pip``."""
    if environ.get("PERFBOT_INSTALLER") == "pip":
        return ""
    beside = Path(sys.executable).parent / "uv"
    return shutil.which("uv", path=environ.get("PATH")) or (os.fspath(beside) if beside.is_file() else "")


OLDEST_PYTHON = (3, 8)
"""That workers run on."""

ADVICE = {
    "No module named 'pkg_resources'": (
        "New versions of setuptools no longer bring pkg_resources. Give the suite an old one: "
        """setup = ["pip install 'setuptools<81' wheel", "pip install --no-build-isolation ."]"""
    ),
}
"""What to do about a failed set-up that says this: commits grow old while their tools go on."""

_PIP_INSTALL = re.compile(r"(?:python3? -m )?pip3? install(?=\s)")


class _SetUp:
    """One side's set-up, from an empty folder."""

    def __init__(
        self,
        checkout: Checkout,
        environ: Mapping[str, str],
        lasting: Mapping[str, str],
        deadline: float,
        on_line: Callable[[str], None],
        on_step: OnStep,
        directory: str,
    ) -> None:
        self.checkout = checkout
        self.folder = checkout.path / directory
        self.slot = checkout.slot
        self.environ = environ
        self.deadline = deadline
        self.uv = find_uv(environ)
        self._on_line = on_line
        self._on_step = on_step
        indexes = find_indexes(environ)
        self.withheld = indexes.withheld
        extra = {**indexes.variables, **self._installers(needs_python="VIRTUAL_ENV" in lasting), **lasting}
        self.variables = scrubbed_environment(environ, self.slot.home, extra)

    def _installers(self, *, needs_python: bool) -> dict[str, str]:
        home = Path(self.environ.get("HOME") or Path.home())
        pythons = self.environ.get("UV_PYTHON_INSTALL_DIR") or os.fspath(home / ".local/share/uv/python")
        downloads = self.slot.downloads
        return {
            "PIP_CACHE_DIR": os.fspath(downloads / "pip"),
            "UV_CACHE_DIR": os.fspath(downloads / "uv"),
            "UV_PYTHON_INSTALL_DIR": pythons if Path(pythons).is_dir() else os.fspath(downloads / "python"),
            # Hard links would let one side's code change the other side's packages through the cache.
            "UV_LINK_MODE": "copy",
            "UV_PROJECT_ENVIRONMENT": os.fspath(self.slot.env),
            # A pip from further down PATH must not install into the machine's own Python.
            **({"PIP_REQUIRE_VIRTUALENV": "1"} if needs_python else {}),
        }

    def everything(
        self, setup: Sequence[str], python: str | None, requires: Sequence[str], *, needs_python: bool
    ) -> Contents:
        """From whatever an earlier run left to a complete environment; the commit's own files as they were before."""
        clear(self.slot, self.checkout.files)
        before = before_set_up(self.slot, self.checkout.files)
        self.fill_home()
        if self.withheld:
            self.say(f"withheld from set-up, because they hold credentials: {', '.join(self.withheld)}")
        if needs_python:
            self.create(python)
        for line in setup:
            self.command(line)
        if needs_python:
            self.require(requires)
        return before

    def say(self, line: str) -> None:
        """Tell progress."""
        self._on_line(f"{self.checkout.side}: {line}")

    def fill_home(self) -> None:
        """A home with what tools refuse to work without: git's trust in the work tree, and uv's settings."""
        self.slot.home.mkdir(exist_ok=True)
        (self.slot.home / ".gitconfig").write_text("[safe]\n\tdirectory = *\n")
        home = Path(self.environ.get("HOME") or Path.home())
        settings = Path(self.environ.get("XDG_CONFIG_HOME") or home / ".config") / "uv" / "uv.toml"
        if settings.is_file() and not holds_credentials(settings.read_text("utf-8", "replace")):
            copy = self.slot.home / ".config" / "uv" / "uv.toml"
            copy.parent.mkdir(parents=True)
            shutil.copyfile(settings, copy)

    def create(self, python: str | None) -> None:
        """An empty virtual environment with pip in it."""
        asked = asked_of_uv(python, self.environ) if python and self.uv else python or sys.executable
        ways = self._by_uv(asked) if self.uv else [[self.interpreter(python), "-m", "venv"]]
        for argv in ways:
            remove_tree(self.slot.env)
            done = self.run([*argv, os.fspath(self.slot.env)], cwd=self.slot.folder)
            if done.ok:
                self.check_version()
                return
        failure = self.failed(shlex.join(argv), done)
        if python is not None:
            failure.hint = f'Install Python "{python}", or give the path of one: python = "/…/bin/python"'
        raise failure

    def check_version(self) -> None:
        """Refuse a Python that workers do not run on, before anything is installed for it."""
        settings = (self.slot.env / "pyvenv.cfg").read_text("utf-8")
        found = re.search(r"^version(?:_info)? *= *(\d+)\.(\d+)", settings, re.MULTILINE)
        if found and (int(found[1]), int(found[2])) < OLDEST_PYTHON:
            oldest = ".".join(map(str, OLDEST_PYTHON))
            message = f"set-up failed on {self.checkout.side}: Python {found[1]}.{found[2]} is older than {oldest}"
            raise SetupError(message, hint=f'Write python = "{oldest}", or a later one, in the [[suite]].')

    def _by_uv(self, python: str) -> list[list[str]]:
        """With pip in it; without where pip cannot be had from the indexes, since uv can do its work."""
        argv = [self.uv, "venv", "--quiet", "--no-project", "--python", python]
        return [[*argv, "--seed"], argv]

    def interpreter(self, python: str | None) -> str:
        """The program that a version or a path means, without uv to look for it."""
        if python is None:
            return sys.executable
        found = find_python(python, self.environ)
        if found is None:
            message = f"set-up failed on {self.checkout.side}: there is no {program_of(python)} on PATH."
            raise SetupError(message, hint="Install it, or install uv, which fetches interpreters: pip install uv")
        return found

    def command(self, line: str) -> None:
        """One line of set-up, told in one line when it ended."""
        began = time.monotonic()
        done = self._carry_out(line)
        seconds = time.monotonic() - began
        self._on_step(self.checkout.side, line, seconds, installed(done.output), ok=done.ok)
        if not done.ok:
            raise self.failed(line, done)

    def _carry_out(self, line: str) -> Finished:
        """pip's installs go through uv, which is faster and takes the same options."""
        by_uv = _PIP_INSTALL.sub(f"{shlex.quote(self.uv)} pip install", line, count=1) if self._uv_may(line) else line
        done = self.shell(by_uv, shown=line if by_uv == line else f"uv pip install{_PIP_INSTALL.sub('', line, 1)}")
        has_pip = (_bin(self.slot) / "pip").exists()
        if by_uv != line and not done.ok and has_pip and "unexpected argument" in done.output:
            self.say("uv does not know an option of this line, so pip runs it")
            done = self.shell(line, shown=line)
        return done

    def _uv_may(self, line: str) -> bool:
        return bool(self.uv) and self.slot.env.is_dir() and _PIP_INSTALL.match(line) is not None

    def require(self, requires: Sequence[str]) -> None:
        """Install what measuring needs and set-up did not bring."""
        missing = self.missing(requires)
        if missing:
            self.say(f"set-up did not bring {', '.join(missing)}: installing")
            self.command(f"pip install {shlex.join(missing)}")

    def compile(self, requires: Sequence[str]) -> None:
        """Make bytecode of environment and tree, and pytest's own of its plugins; what does not compile stays so."""
        python, home = os.fspath(_python(self.slot)), self.slot.home
        argv = [python, "-m", "compileall", "-q", "-j", "0", ".", os.fspath(self.slot.env / "lib")]
        self.run(argv, cwd=self.checkout.path, silent=True)
        if "pytest" in requires:
            self.run([python, "-m", "pytest", "-q", "--co", "-p", "no:cacheprovider", "."], cwd=home, silent=True)

    def missing(self, requires: Sequence[str]) -> list[str]:
        """Those of the requirements whose module cannot be found."""
        modules = {re.split(r"[^\w.-]", name, maxsplit=1)[0].replace("-", "_"): name for name in requires}
        if not modules:
            return []
        code = "import importlib.util, sys\nfor n in sys.argv[1:]:\n if not importlib.util.find_spec(n): print(n)"
        argv = [os.fspath(_python(self.slot)), "-I", "-c", code, *modules]
        done = self.run(argv, cwd=self.slot.folder, silent=True)
        if not done.ok:
            raise self.failed("python -c 'import …'", done)
        return [modules[name] for name in done.output.split() if name in modules]

    def shell(self, line: str, *, shown: str) -> Finished:
        """Run a line by the shell, in the suite's folder of the checkout."""
        self.say(f"$ {shown}")
        if not self.folder.is_dir():
            where = self.folder.relative_to(self.checkout.path)
            raise SetupError(f'set-up failed on {self.checkout.side}: the folder "{where}" (`directory`) is not there')
        return self.run(line, cwd=self.folder)

    def run(self, command: Sequence[str] | str, *, cwd: Path, silent: bool = False) -> Finished:
        """Run a command within what is left of the time."""
        left = max(self.deadline - time.monotonic(), 0.1)
        return run(command, cwd=cwd, env=self.variables, timeout=left, on_line=None if silent else self.say)

    def failed(self, command: str, done: Finished) -> SetupError:
        """The error for a command that did not end well."""
        message = f"set-up failed on {self.checkout.side}: `{command}` {done.ending}"
        hint = next((advice for sign, advice in ADVICE.items() if sign in done.output), "")
        if self.withheld:
            hint = f"These hold credentials and were withheld from set-up: {', '.join(self.withheld)}"
        return SetupError(message, hint=hint, output=done.output)
