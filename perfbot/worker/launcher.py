"""Runs whole commands for the scheduler and reports what the kernel counted for them.

A process of its own, and a small one: a command's peak memory as the kernel counts it can never be below that of the
process that started it. Orders and answers are JSON lines on stdin and on the descriptor given as first argument.

Order: ``{"core": 1 or -1, "timeout": seconds, "together": true, "commands": [{"argv", "cwd", "env", "output"}]}``;
answer: a list in the same order of ``{"code", "wall", "cpu", "memory", "queued", "timed_out"}`` (seconds, bytes;
queued: seconds in which the process could have run, but others had the core).
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from typing import Any, Dict, List, Optional

KIB = 1024

_groups: List[int] = []


def spawn(command: Dict[str, Any]) -> int:
    """Start a command in a process group of its own; its output goes to a file, or nowhere."""
    os.chdir(command["cwd"])
    output = command.get("output") or os.devnull
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    argv = command["argv"]
    reset = [signal.SIGTERM, signal.SIGINT, signal.SIGPIPE]
    pid = os.posix_spawnp(argv[0], argv, command["env"], file_actions=actions, setpgroup=0, setsigdef=reset)
    _groups.append(pid)
    return pid


def ends(pids: List[int], deadline: float) -> Dict[int, float]:
    """When each of several processes ended; those that still run at the deadline are missing."""
    watched = {os.pidfd_open(pid): pid for pid in pids}
    found: Dict[int, float] = {}
    while len(found) < len(pids):
        running = [fd for fd, pid in watched.items() if pid not in found]
        ready = select.select(running, [], [], max(0.0, deadline - time.monotonic()))[0]
        if not ready:
            break
        found.update((watched[fd], time.monotonic()) for fd in ready)
    for fd in watched:
        os.close(fd)
    return found


def finish(pid: int, began: float, deadline: float, ended: Optional[float] = None) -> Dict[str, Any]:
    """Wait for a command, or end its group at the deadline. ``ended``: when it did, where that is known already."""
    watched = os.pidfd_open(pid)
    timed_out = not select.select([watched], [], [], max(0.0, deadline - time.monotonic()))[0]
    if timed_out:
        kill(pid)
    os.close(watched)
    waited = queued(pid)
    _, status, used = os.wait4(pid, 0)
    wall = (ended or time.monotonic()) - began
    kill(pid)
    _groups.remove(pid)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "wall": wall,
        "cpu": used.ru_utime + used.ru_stime,
        "memory": used.ru_maxrss * KIB,
        "queued": waited,
        "timed_out": timed_out,
    }


def queued(pid: int) -> float:
    """Seconds that a process which has ended, but was not waited for, spent without a core though it could run."""
    try:
        with open("/proc/{}/schedstat".format(pid)) as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


def kill(group: int) -> None:
    """End a whole process group."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def perform(order: Dict[str, Any]) -> List[Dict[str, Any]]:
    """Run the commands of one order, at once or one after the other."""
    cores = {order["core"]} if order["core"] >= 0 else order["cores"]
    try:
        os.sched_setaffinity(0, cores)
    except OSError:
        pass
    if not order["together"]:
        return [attempt(command, order["timeout"]) for command in order["commands"]]
    began = time.monotonic()
    pids: List[Any] = [start(command) for command in order["commands"]]
    deadline = began + order["timeout"]
    ended = ends([pid for pid in pids if not isinstance(pid, dict)], deadline)
    return [pid if isinstance(pid, dict) else finish(pid, began, deadline, ended.get(pid)) for pid in pids]


def attempt(command: Dict[str, Any], timeout: float) -> Dict[str, Any]:
    """Run one command alone."""
    began = time.monotonic()
    pid = start(command)
    return pid if isinstance(pid, dict) else finish(pid, began, began + timeout)


def start(command: Dict[str, Any]) -> Any:
    """The process id, or an answer that says why there is none."""
    try:
        return spawn(command)
    except OSError as error:
        text = "cannot run {}: {}".format(command["argv"][0], error.strerror)
        return {"code": 127, "wall": 0.0, "cpu": 0.0, "memory": 0, "queued": 0.0, "timed_out": False, "error": text}


def stop(number: int, frame: Optional[Any]) -> None:
    """The scheduler wants this to end: take the commands along."""
    for group in _groups:
        kill(group)
    os._exit(128 + number)


def main() -> None:
    """Obey until stdin ends."""
    signal.signal(signal.SIGTERM, stop)
    for fd in map(int, sys.argv[1:3]):
        os.set_inheritable(fd, False)  # commands must neither answer in this process's place nor keep the pipes open
    answers = os.fdopen(int(sys.argv[1]), "w")
    for line in os.fdopen(int(sys.argv[2])):
        answers.write(json.dumps(perform(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
