"""Plain functions, ``{"name": "package.module:callable"}``, and statements, ``{"name": "json.loads(DATA)"}``."""

from __future__ import annotations

import importlib
from typing import Any, Callable, Dict, List

from .session import Session
from .timers import Calls


class Adapter:
    """Imports each callable once and calls it without arguments; a statement is the body of one."""

    def __init__(self, options: Dict[str, Any]) -> None:
        self._functions: Dict[str, str] = options["functions"]
        self._statements: Dict[str, str] = options.get("statements", {})
        self._preamble: str = options.get("preamble", "")
        self._made: Dict[str, Callable[[], Any]] = {}

    def start(self, session: Session) -> None:
        session.serve(self)

    def collect(self, session: Session) -> None:
        for name, target in [*self._functions.items(), *self._statements.items()]:
            try:
                code = getattr(self._function(name), "__code__", None)
            except Exception as error:
                what = "make" if name in self._statements else "import"
                session.problem(name, f"cannot {what} {target}: {type(error).__name__}: {error}")
            else:
                session.found(name, line=getattr(code, "co_firstlineno", 0))

    def run(self, session: Session, names: List[str]) -> None:
        for name in names:
            session.attempt(name, lambda name=name: self._enter(session, name))  # type: ignore[misc]

    def _enter(self, session: Session, name: str) -> None:
        session.hold(name, Calls(self._function(name)))

    def _function(self, name: str) -> Callable[[], Any]:
        if name in self._functions:
            return self._resolve(self._functions[name])
        if name not in self._made:
            self._made[name] = function_of(self._statements[name], self._preamble)
        return self._made[name]

    @staticmethod
    def _resolve(target: str) -> Callable[[], Any]:
        module, _, attribute = target.partition(":")
        found: Any = importlib.import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
        if not callable(found):
            raise TypeError(f"{target} is not callable")
        return found  # type: ignore[no-any-return]


def function_of(statement: str, preamble: str) -> Callable[[], Any]:
    """A function with a statement as its body, in which the preamble's names are global; an expression is returned."""
    namespace: Dict[str, Any] = {"__name__": "statement"}
    exec(compile(preamble, "<preamble>", "exec"), namespace)
    try:
        compile(statement, "<statement>", "eval")
    except SyntaxError:
        compile(statement, "<statement>", "exec")  # as written, so that its own error is told
        body = "\n".join("    " + line for line in statement.split("\n"))
    else:
        body = "    return (" + statement + "\n    )"
    exec(compile("def statement():\n" + body + "\n", "<statement>", "exec"), namespace)
    return namespace["statement"]  # type: ignore[no-any-return]
