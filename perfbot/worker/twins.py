"""The workers of a round, forked from one freshly started interpreter: ``python twins.py orders.json``.

Two processes that the system starts have address spaces laid out differently, and one of them may be slower by a tenth
for its whole life. Forked ones share a layout. So where the system does not let a layout be chosen, this process,
run by the interpreter of both sides in an empty virtual environment, forks once for each, and each fork becomes what a
start in its side's environment would have been: variables, folder, ``sys.path``, prefixes, start-up files.

It then waits for all. To the descriptor ``report`` it writes JSON lines: first ``{"pids": […]}``, then
``{"pid": …, "code": …}`` as each ends (negative for signals).
"""

import json
import os
import site
import sys
from types import TracebackType
from typing import Any, Dict, List, Optional, Type


def become(side: Dict[str, Any], own: str, kept: List[str]) -> None:
    """Turn this fork into the worker of a side, up to the point where its script begins.

    Args:
        own: the prefix that this interpreter was started with.
        kept: variables of this interpreter that the side has, too.
    """
    os.setsid()
    for number in (1, 2):
        os.dup2(side["output"], number)
    os.chdir(side["cwd"])
    variables = {name: os.environ[name] for name in kept if name in os.environ}
    os.environ.clear()
    os.environ.update(side["env"])
    os.environ.update(variables)
    executable, arguments = side["argv"][0], side["argv"][1:]
    sys.executable = executable
    sys.prefix = sys.exec_prefix = os.path.dirname(os.path.dirname(executable))
    standard = [entry for entry in sys.path[1:] if not entry.startswith(own + os.sep)]
    added = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    sys.path[:] = [os.path.dirname(arguments[0]), *added, *standard]
    sys.path_importer_cache.clear()
    for name in ("sitecustomize", "usercustomize"):
        sys.modules.pop(name, None)
    site.PREFIXES = [sys.base_prefix, sys.base_exec_prefix]
    site.ENABLE_USER_SITE = site.USER_SITE = site.USER_BASE = None
    site.main()
    sys.argv[:] = arguments
    if hasattr(sys, "orig_argv"):
        sys.orig_argv[:] = side["argv"]


def run(script: str) -> None:
    """Run a script as the main module."""
    with open(script, "rb") as file:
        code = compile(file.read(), script, "exec")
    module = sys.modules["__main__"].__dict__
    for name in [name for name in module if not name.startswith("__")]:
        del module[name]
    module["__file__"] = script
    module["__doc__"] = None
    exec(code, module)


class Ending:
    """A fork ends where its block does, whatever happens in it: it never goes on as its parent."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], at: Optional[TracebackType]
    ) -> None:
        if kind is not None and error is not None:
            sys.excepthook(kind, error, at)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0 if kind is None else 1)


def main(order: Dict[str, Any]) -> None:
    """Fork all of them and tell how they end."""
    sides: List[Dict[str, Any]] = order["sides"]
    report, own = order["report"], sys.prefix
    pids = []
    for side in sides:
        pid = os.fork()
        if pid:
            pids.append(pid)
            continue
        with Ending():
            os.close(report)
            for fd in {fd for other in sides for fd in other["fds"]} - set(side["fds"]):
                os.close(fd)
            become(side, own, order["kept"])
            os.close(side["output"])
            run(side["argv"][1])
    for fd in {fd for side in sides for fd in side["fds"]} - {report}:
        os.close(fd)
    tell(report, pids=pids)
    for _ in sides:
        pid, status = os.wait()
        code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        tell(report, pid=pid, code=code)


def tell(report: int, **message: Any) -> None:
    """Write one line to whoever started this."""
    os.write(report, json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    with open(sys.argv[1]) as orders:
        told = json.load(orders)
    main(told)
