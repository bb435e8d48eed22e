"""Plain functions: ``{"name": "package.module:callable"}``."""

from __future__ import annotations

import importlib
from typing import Any, Callable, Dict, List

from .session import Session
from .timers import Calls


class Adapter:
    """Imports each callable once and calls it without arguments."""

    def __init__(self, options: Dict[str, Any]) -> None:
        self._functions: Dict[str, str] = options["functions"]

    def start(self, session: Session) -> None:
        session.serve(self)

    def collect(self, session: Session) -> None:
        for name, target in self._functions.items():
            try:
                code = getattr(self._resolve(target), "__code__", None)
            except Exception as error:
                session.problem(name, f"cannot import {target}: {type(error).__name__}: {error}")
            else:
                session.found(name, line=getattr(code, "co_firstlineno", 0))

    def run(self, session: Session, names: List[str]) -> None:
        for name in names:
            session.attempt(name, lambda name=name: self._enter(session, name))  # type: ignore[misc]

    def _enter(self, session: Session, name: str) -> None:
        session.hold(name, Calls(self._resolve(self._functions[name])))

    @staticmethod
    def _resolve(target: str) -> Callable[[], Any]:
        module, _, attribute = target.partition(":")
        found: Any = importlib.import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
        if not callable(found):
            raise TypeError(f"{target} is not callable")
        return found  # type: ignore[no-any-return]
