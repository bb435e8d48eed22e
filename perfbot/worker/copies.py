"""A worker as it was before any benchmark ran, kept aside; what needs a clean process runs in a copy of it."""

from __future__ import annotations

import json
import os
import socket
import sys
from typing import Any, Callable, Dict

from .channel import Gone
from .session import Skipped, error_text

Perform = Callable[[Dict[str, Any]], Any]


class CopyFailed(Exception):
    """What ran in the copy failed there; the text is its traceback."""


class Copies:
    """Forks once, early; each :meth:`run` is answered by a fresh fork of that process.

    Args:
        perform: does what an order asks for, in the copy; orders and results are JSON.
    """

    def __init__(self, perform: Perform) -> None:
        here, there = socket.socketpair()
        sys.stdout.flush()
        sys.stderr.flush()
        if os.fork() == 0:
            here.close()
            _serve(there, perform)
            os._exit(0)
        there.close()
        self._orders = here.makefile("w")
        self._answers = here.makefile("r")

    def run(self, **order: Any) -> Any:
        """The result of one order.

        Raises:
            Skipped: what ran there asked not to be run.
            CopyFailed: it failed, or its process died.
        """
        self._orders.write(json.dumps(order) + "\n")
        self._orders.flush()
        line = self._answers.readline()
        if not line:
            raise Gone("the process that makes copies is gone")
        answer = json.loads(line)
        if "skipped" in answer:
            raise Skipped(answer["skipped"])
        if "error" in answer:
            raise CopyFailed(answer["error"])
        return answer["result"]


def _serve(there: socket.socket, perform: Perform) -> None:
    for line in there.makefile("r"):
        child = os.fork()
        if child == 0:
            there.sendall(json.dumps(_answer(perform, json.loads(line))).encode() + b"\n")
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        if status:
            ending = "was killed by signal {}".format(status & 0x7F) if status & 0x7F else "left by itself"
            there.sendall(json.dumps({"error": "its process " + ending}).encode() + b"\n")


def _answer(perform: Perform, order: Dict[str, Any]) -> Dict[str, Any]:
    try:
        return {"result": perform(order)}
    except Skipped as reason:
        return {"skipped": str(reason)}
    except (Exception, SystemExit) as error:
        return {"error": error_text(error)}
