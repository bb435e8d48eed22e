"""pytest suites, collected by pytest itself and entered one by one; this module is the plugin.

Neither pytest-benchmark nor pytest-codspeed is needed, and both are kept from loading: their fixtures, marks, options
and hooks are provided here. What ``addopts`` and ``filterwarnings`` do to a test run has no place in a measurement and
is left out, except for what finds modules and plugins.
"""

from __future__ import annotations

import configparser
import os
import re
import shlex
import sys
import warnings
from functools import partial
from typing import Any, Callable, Dict, Iterator, List, Optional, Set, Tuple

import pytest

from .awaiting import is_coroutine_function
from .channel import Gone
from .plugin_names import stand_in
from .pytest_fixture import BenchmarkFixture
from .session import ABANDONED, CannotStart, Session, Skipped, Told
from .timers import Calls

DISABLED_PLUGINS = (
    "benchmark", "codspeed", "xdist", "xdist.looponfail", "pytest_cov", "randomly", "random_order", "sugar",
    "rerunfailures", "cacheprovider", "flakefinder", "repeat", "html", "json-report", "timeout", "memray",
    "unraisableexception", "threadexception",  # collect garbage, again and again, in the end
)  # fmt: skip
KEPT_OPTIONS = ("--import-mode", "--ds", "--dc", "--pyargs")
OVERRIDDEN = (
    "addopts=", "filterwarnings=ignore", "required_plugins=",
    # Marks and settings of the plugins that are kept away are unknown now, which must not be an error.
    "strict=false", "strict_config=false", "strict_markers=false", "xfail_strict=false", "strict_xfail=false",
)  # fmt: skip
MARKS = ("benchmark", "codspeed_benchmark")
FIXTURES = ("benchmark", "codspeed_benchmark")
FILE_PATTERNS = ("bench_*.py", "*_bench.py", "benchmark_*.py", "*_benchmark.py", "test_*.py", "*_test.py")


class _State:
    session: Session
    adapter: "Adapter"
    names: List[str]
    problems: Dict[str, str]
    left_out: Set[str]
    errors: Dict[str, str]
    skips: Dict[str, str]
    held: Dict[str, bool]
    apart: Dict[str, str]
    """How tests failed that ran in a copy of this process."""


state = _State()


class Adapter:
    """Runs pytest; the scheduler's orders are obeyed inside its run loop."""

    def __init__(self, options: Dict[str, Any]) -> None:
        self._paths: List[str] = options["paths"]
        self._args: List[str] = options.get("args", [])
        self._items: Dict[str, pytest.Item] = {}
        self._root = os.getcwd()

    def start(self, session: Session) -> None:
        state.session, state.adapter = session, self
        state.problems, state.errors, state.skips, state.held = {}, {}, {}, {}
        state.apart = {}
        state.left_out = set()
        if not self._paths:  # pytest without paths would collect the whole checkout
            session.serve(self)
            return
        stand_in()
        code = pytest.main(self._arguments(), plugins=[sys.modules[__name__]])
        if code not in (0, 5):
            raise CannotStart(f"pytest ended with {int(code)}")

    def _arguments(self) -> List[str]:
        off = [word for name in DISABLED_PLUGINS for word in ("-p", "no:" + name)]
        over = [word for setting in OVERRIDDEN for word in ("-o", setting)]
        kept = kept_addopts(configured_addopts(self._root))
        return [
            *off,
            *over,
            "--capture=no",
            "-q",
            "--continue-on-collection-errors",
            *kept,
            *self._args,
            *self._paths,
        ]

    def take(self, items: List[pytest.Item]) -> None:
        """Remember the collected items that are benchmarks, by node id."""
        self._items = {item.nodeid: item for item in items if is_benchmark(item)}

    def collect(self, session: Session) -> None:
        for where, message in state.problems.items():
            session.problem(where, message, "skipped" if where in state.left_out else "error")
        for name, item in self._items.items():
            line = item.location[1]
            path = str(getattr(item, "path", None) or item.fspath)
            session.found(name, os.path.relpath(path, self._root), (line or 0) + 1)

    def run(self, session: Session, names: List[str]) -> None:
        items = [self._items.get(name) for name in names]
        known = [item for item in items if item is not None]
        following = iter([*known[1:], None])
        for name, item in zip(names, items):
            if item is None:
                session.done(name, error="it was collected before, but not this time")
            else:
                upcoming = next(following)
                session.attempt(name, partial(self._enter, item, upcoming))

    @staticmethod
    def _enter(item: pytest.Item, upcoming: Optional[pytest.Item]) -> None:
        state.errors.pop(item.nodeid, None)
        state.skips.pop(item.nodeid, None)
        state.held[item.nodeid] = False
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=upcoming)
        if item.nodeid in state.errors:
            raise BenchmarkFailed(state.apart.pop(item.nodeid, state.errors[item.nodeid]))
        if item.nodeid in state.skips:
            raise Skipped(state.skips[item.nodeid])
        if not state.held[item.nodeid]:
            raise BenchmarkFailed("the test ended without calling its benchmark fixture")


class BenchmarkFailed(Told):
    """The test failed; the text is pytest's own report of it."""


def is_benchmark(item: pytest.Item) -> bool:
    """Uses the fixture, or is marked and measured whole."""
    return uses_fixture(item) or is_marked(item)


def uses_fixture(item: pytest.Item) -> bool:
    """Asks for the fixture; an argument of that name that gets its values by ``parametrize`` is none."""
    fixtures = getattr(item, "fixturenames", ())
    given = getattr(getattr(item, "callspec", None), "params", {})
    return any(name in fixtures and name not in given for name in FIXTURES)


def is_marked(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(mark) is not None for mark in MARKS)


def configured_addopts(root: str) -> List[str]:
    """``addopts`` of the checkout's pytest configuration, read as text: pytest itself is told to ignore it."""
    for name, section in (("pytest.ini", "pytest"), ("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            parser.read(os.path.join(root, name), encoding="utf-8")
            return shlex.split(parser.get(section, "addopts"))
        except (configparser.Error, UnicodeDecodeError, ValueError):
            continue
    return _addopts_of_pyproject(os.path.join(root, "pyproject.toml"))


def _addopts_of_pyproject(path: str) -> List[str]:
    """The strings of ``addopts`` in ``[tool.pytest.ini_options]``; Python 3.8 has no TOML reader to ask."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError):
        return []
    section = re.search(r"^\[tool\.pytest(?:\.ini_options)?\]\s*$(.*?)(?=^\[|\Z)", text, re.M | re.S)
    found = section and re.search(r"^addopts\s*=\s*(\[.*?\]|\"\"\".*?\"\"\"|'''.*?'''|[^\n]*)", section[1], re.M | re.S)
    if not found:
        return []
    if found[1].startswith("["):
        return [a or b for a, b in re.findall(r"\"((?:[^\"\\]|\\.)*)\"|'([^']*)'", found[1])]
    try:
        return shlex.split(found[1].strip().strip("\"'"))
    except ValueError:
        return []


def kept_addopts(words: List[str]) -> List[str]:
    """Of ``addopts``, what decides which modules and plugins are found; everything else is for test runs."""
    kept: List[str] = []
    rest = iter(words)
    for word in rest:
        if word.startswith("-p"):
            plugin = word[2:] or next(rest, "")
            if plugin and not plugin.startswith("no:") and plugin.split(".")[0] not in ("xdist", "pytest_cov"):
                kept += ["-p", plugin]
        elif word in KEPT_OPTIONS and word != "--pyargs":
            kept += [word, next(rest, "")]
        elif word.split("=")[0] in KEPT_OPTIONS:
            kept.append(word)
    return kept


class BenchmarkHooks:
    """The hooks of pytest-benchmark that a conftest may implement; perfbot calls none of them."""

    def pytest_benchmark_scale_unit(self, config, unit, benchmarks, best, worst, sort): ...  # type: ignore[no-untyped-def]
    def pytest_benchmark_generate_machine_info(self, config): ...  # type: ignore[no-untyped-def]
    def pytest_benchmark_update_machine_info(self, config, machine_info): ...  # type: ignore[no-untyped-def]
    def pytest_benchmark_generate_commit_info(self, config): ...  # type: ignore[no-untyped-def]
    def pytest_benchmark_update_commit_info(self, config, commit_info): ...  # type: ignore[no-untyped-def]
    def pytest_benchmark_group_stats(self, config, benchmarks, group_by): ...  # type: ignore[no-untyped-def]
    def pytest_benchmark_generate_json(self, config, benchmarks, include_data, machine_info, commit_info): ...  # type: ignore[no-untyped-def]
    def pytest_benchmark_update_json(self, config, benchmarks, output_json): ...  # type: ignore[no-untyped-def]
    def pytest_benchmark_compare_machine_info(self, config, benchmarksession, machine_info, compared_benchmark): ...  # type: ignore[no-untyped-def]


def pytest_addhooks(pluginmanager: Any) -> None:
    pluginmanager.add_hookspecs(BenchmarkHooks)


FLAGS = (
    "--benchmark-enable", "--benchmark-only", "--benchmark-skip", "--benchmark-disable", "--benchmark-verbose",
    "--benchmark-quiet", "--benchmark-disable-gc", "--benchmark-autosave", "--codspeed", "--benchmark-save-data",
    "--benchmark-warmup",
)  # fmt: skip
SETTINGS = (
    "--benchmark-min-rounds", "--benchmark-max-time", "--benchmark-min-time", "--benchmark-timer",
    "--benchmark-calibration-precision", "--benchmark-sort", "--benchmark-group-by", "--benchmark-columns",
    "--benchmark-json", "--benchmark-save", "--benchmark-storage", "--benchmark-compare", "--benchmark-name",
    "--benchmark-warmup-iterations", "--codspeed-warmup-time", "--codspeed-max-time", "--codspeed-max-rounds",
    "--codspeed-mode",
)  # fmt: skip


def pytest_addoption(parser: Any) -> None:
    group = parser.getgroup("perfbot", "options of other benchmark plugins: accepted, without effect")
    for flag in FLAGS:
        group.addoption(flag, action="store_true", default=flag in ("--benchmark-enable", "--codspeed"))
    for setting in SETTINGS:
        group.addoption(setting, default=None)


def pytest_configure(config: Any) -> None:
    for mark in MARKS:
        config.addinivalue_line("markers", mark + ": measured by perfbot")
    for pattern in FILE_PATTERNS:
        config.addinivalue_line("python_files", pattern)
    config.addinivalue_line("python_functions", "bench")


@pytest.fixture
def benchmark(request: Any) -> BenchmarkFixture:
    """pytest-benchmark's and pytest-codspeed's fixture, held while turns are taken."""
    mark = request.node.get_closest_marker("benchmark")
    fixture = BenchmarkFixture(state.session, request.node.nodeid, dict(mark.kwargs) if mark else {})
    request.node.perfbot_fixture = fixture
    return fixture


@pytest.fixture
def codspeed_benchmark(benchmark: BenchmarkFixture) -> BenchmarkFixture:
    """pytest-codspeed's other name for it."""
    return benchmark


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: Any) -> Optional[bool]:
    """Measure a marked test that does not use the fixture, whole; fixtures are set up once."""
    if uses_fixture(pyfuncitem) or not is_marked(pyfuncitem):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    state.held[pyfuncitem.nodeid] = True
    function, run = coroutine_of(pyfuncitem)
    state.session.hold(pyfuncitem.nodeid, Calls(function, (), arguments, run=run))
    return True


def coroutine_of(item: Any) -> Tuple[Any, Optional[Callable[[Any], Any]]]:
    """A marked test, and what runs it where it is a coroutine that pytest-asyncio would run: its own loop.

    pytest-asyncio wraps the test in a function that makes a task of it; what that takes is no part of the test.
    """
    inner = getattr(item.obj, "__wrapped__", None)
    if not type(item).__module__.startswith("pytest_asyncio") or not is_coroutine_function(inner):
        return item.obj, None
    import asyncio  # here, for only suites with coroutines need it

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            loop = asyncio.get_event_loop()
        except RuntimeError:
            return item.obj, None
    return inner, loop.run_until_complete


def pytest_collectreport(report: Any) -> None:
    where = report.nodeid or "collection"
    if report.failed:
        state.problems[where] = str(report.longrepr)
    elif report.skipped and where.endswith(".py"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        state.problems[where] = "left out as a whole: " + reason
        state.left_out.add(where)


def pytest_runtest_logreport(report: Any) -> None:
    if report.failed:
        state.errors[report.nodeid] = report.longreprtext
    elif report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        state.skips[report.nodeid] = reason
    elif report.skipped:
        state.errors[report.nodeid] = "expected to fail, and did: " + str(report.wasxfail)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: Any) -> Iterator[None]:
    """anyio's plugin takes coroutines before anybody else can: to it, a marked one is a plain function."""
    original = getattr(item, "obj", None)
    marked = is_marked(item) and not any(name in getattr(item, "fixturenames", ()) for name in FIXTURES)
    backend = getattr(item, "funcargs", {}).get("anyio_backend")
    if marked and backend is not None and original is not None and is_coroutine_function(original):
        name = backend if isinstance(backend, str) else backend[0]
        if name != "asyncio":
            pytest.skip("it asks for the event loop of " + str(name) + ", and perfbot measures on asyncio's")
        item.obj = _Coroutine(original)
    if state.session.counting and is_benchmark(item):
        item.runtest = partial(_run_apart, item, item.runtest)
    yield
    vars(item).pop("runtest", None)
    if isinstance(getattr(item, "obj", None), _Coroutine):
        item.obj = original
    fixture = getattr(item, "perfbot_fixture", None)
    if fixture is not None and fixture.used:
        state.held[item.nodeid] = True


def _run_apart(item: Any, run: Callable[[], None]) -> None:
    """Run a test, its fixtures set up, in a copy of this process, and end as it did there."""

    def copy() -> Tuple[str, str]:
        try:
            run()
        except pytest.skip.Exception as reason:
            return "", str(reason)
        except Gone:
            os._exit(ABANDONED)
        except BaseException:
            return str(item.repr_failure(pytest.ExceptionInfo.from_current())), ""
        return "", ""

    error, skipped = state.session.apart(copy)
    state.held[item.nodeid] = state.session.held == item.nodeid
    if skipped:
        pytest.skip(skipped)
    if error:
        state.apart[item.nodeid] = error
        raise BenchmarkFailed(error)


class _Coroutine:
    """A coroutine function that does not look like one."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._function(*args, **kwargs)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: Any) -> bool:
    """Instead of running every test: obey the scheduler."""
    state.adapter.take(session.items)
    state.session.serve(state.adapter)
    return True
