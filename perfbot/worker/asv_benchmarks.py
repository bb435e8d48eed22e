"""asv's benchmarks, found the way asv finds them: by the names of functions and methods in a package of modules.

asv itself is not needed. Attributes are looked up on the function, then its class, then its module, as asv's
documentation describes.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
import os
import pkgutil
import re
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

KINDS = tuple(
    (kind, re.compile(r"(?:{0}[A-Z_]|{1}_).+".format(camel, kind)))
    for camel, kind in (
        ("Time", "time"),
        ("Timeraw", "timeraw"),
        ("Mem", "mem"),
        ("PeakMem", "peakmem"),
        ("Track", "track"),
    )
)

ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+(?=>$)")
"""In the text of an object without a text of its own; differs from process to process."""


class AsvCase:
    """One benchmark with one choice of its parameters.

    Attributes:
        name: as asv writes it: ``module.Class.time_x(1, 'a')``.
        kind: time, timeraw, mem, peakmem or track.
        params: the chosen values.
        file, line: where the function is defined; ``file`` absolute.
    """

    def __init__(self, name: str, kind: str, bind: "Callable[[], Bound]", params: Tuple[Any, ...]) -> None:
        self.name = name
        self.kind = kind
        self.bind = bind
        self.params = params
        self.file, self.line = "", 0

    def locate(self, function: Callable[..., Any]) -> "AsvCase":
        """Remember where a function is defined, below its decorators."""
        code = getattr(inspect.unwrap(function), "__code__", None)
        if code is not None:
            self.file, self.line = os.path.abspath(code.co_filename), code.co_firstlineno
        return self


class Bound:
    """A function with everything that asv attaches to it, on an instance of its own where it is a method."""

    def __init__(self, function: Callable[..., Any], sources: Sequence[Any]) -> None:
        self.function = function
        self._sources = sources
        self.setups = list(self._hooks("setup"))[::-1]
        self.teardowns = list(self._hooks("teardown"))
        self.setup_cache: Optional[Callable[[], Any]] = self.get("setup_cache", None)

    def get(self, name: str, default: Any) -> Any:
        """An attribute of the function, its instance or its module."""
        found = (getattr(source, name, None) for source in self._sources)
        return next((value for value in found if value is not None), default)

    def _hooks(self, name: str) -> Iterator[Callable[..., Any]]:
        """Functions of a name in any case (``setUp``), the innermost first."""
        for source in self._sources:
            for attribute in dir(source):
                if attribute.lower() == name and getattr(source, attribute) is not None:
                    yield getattr(source, attribute)
                    break


def modules(package: str, problem: Callable[[str, str], None], names: Optional[Sequence[str]] = None) -> Iterator[Any]:
    """A package's modules, itself first; one that cannot be imported is told and left out.

    Args:
        names: of benchmarks; modules that none of them can be in are not imported.
    """
    try:
        module = importlib.import_module(package)
    except (Exception, SystemExit) as error:
        problem(package, "{}: {}".format(type(error).__name__, error))
        return
    yield module
    for found in sorted(pkgutil.iter_modules(getattr(module, "__path__", ()), package + "."), key=lambda m: m.name):
        inside = found.name.partition(".")[2] + "."
        if names is None or any(name.startswith(inside) for name in names):
            yield from modules(found.name, problem, names)


def cases(module: Any, problem: Callable[[str, str], None]) -> Iterator[AsvCase]:
    """The benchmarks of one module, in the order of its source."""
    prefix = module.__name__.split(".")[1:]
    for name, found in list(vars(module).items()):
        if name.startswith("_"):
            continue
        if inspect.isfunction(found):
            yield from _guarded(module, None, found.__name__, found, prefix, problem)
        elif inspect.isclass(found) and not inspect.isabstract(found):
            for attribute, member in _members(found):
                yield from _guarded(module, found, attribute, member, prefix, problem)


def _members(kind: type) -> List[Tuple[str, Callable[..., Any]]]:
    return [(name, member) for name, member in inspect.getmembers(kind, inspect.isroutine) if _kind(member, name)]


def _kind(function: Any, name: str) -> str:
    if getattr(function, "skip_benchmark", False):
        return ""
    search = str(getattr(function, "benchmark_name", name)).split(".")[-1]
    return next((kind for kind, pattern in KINDS if pattern.match(search)), "")


def _guarded(
    module: Any,
    owner: Optional[type],
    attribute: str,
    function: Callable[..., Any],
    prefix: List[str],
    problem: Callable[[str, str], None],
) -> Iterator[AsvCase]:
    """Cases of one function; a class that cannot be made, or parameters that are none, cost this function alone."""
    kind = _kind(function, attribute)
    if not kind:
        return
    path = [*prefix, owner.__name__, attribute] if owner else [*prefix, attribute]
    name = str(getattr(function, "benchmark_name", ".".join(path)))

    def bind() -> Bound:
        if owner is None:
            return Bound(function, (function, module))
        instance = owner()
        method = getattr(instance, attribute)
        return Bound(method, (method, instance, module))

    try:
        for text, params in _choices(bind()):
            yield AsvCase(name + text, kind, bind, params).locate(function)
    except (Exception, SystemExit) as error:
        problem(name, "{}: {}".format(type(error).__name__, error))


def _choices(bound: Bound) -> Iterator[Tuple[str, Tuple[Any, ...]]]:
    """Every combination of a benchmark's parameters that it does not skip, and how asv writes it."""
    given = bound.get("params", [])
    axes = list(given.values()) if isinstance(given, dict) else list(given)
    if not axes:
        yield "", ()
        return
    if not isinstance(axes[0], (list, tuple)):
        axes = [axes]
    skipped = [tuple(params) for params in bound.get("skip_params", [])]
    texts = [_distinct([ADDRESS.sub("", repr(value)) for value in axis]) for axis in axes]
    for text, params in zip(itertools.product(*texts), itertools.product(*axes)):
        if params not in skipped:
            yield "({})".format(", ".join(text)), params


def _distinct(texts: List[str]) -> List[str]:
    """Number those that occur more than once."""
    counts: Dict[str, int] = {}
    numbered = []
    for text in texts:
        number = counts.get(text, 0)
        counts[text] = number + 1
        numbered.append("{} ({})".format(text, number) if texts.count(text) > 1 else text)
    return numbered
