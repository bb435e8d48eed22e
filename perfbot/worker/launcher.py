"""Runs whole commands for the scheduler and reports what the kernel counted for them.

A process of its own, and a small one: a command's peak memory as the kernel counts it can never be below that of the
process that started it. Orders and answers are JSON lines on stdin and on the descriptor given as first argument.

Order: ``{"core": 1 or -1, "timeout": seconds, "together": true, "look_every": seconds or 0,
"commands": [{"argv", "cwd", "env", "output"}]}``; answer: a list in the same order of ``{"code", "wall", "cpu",
"memory", "queued", "seen", "threads", "ports", "timed_out"}`` (seconds, bytes; queued: seconds in which it and all that
it started could have run, but others had the core; seen: of how large a share of ``cpu`` that is known; threads: how
many were seen; ports: those that they were seen to listen on).
"""

from __future__ import annotations

import json
import math
import os
import select
import signal
import sys
import time
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

KIB = 1024

SEEN_SHARE = 0.2
"""Of the CPU time of a command and its children: what was seen of less says nothing about the rest."""

LISTENS = "0A"
"""The state of a socket that others connect to, in /proc/net/tcp."""

MORE_RARELY = 1.25
"""Of a command's looks, how much later the next one for ports is: a server that lives a fifth of its time is seen."""

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


def ends(families: List["Family"], deadline: float, look_every: float) -> Dict[int, float]:
    """When each of several processes ended; those that still run at the deadline are missing."""
    watched = {os.pidfd_open(family.pid): family for family in families}
    found: Dict[int, float] = {}
    while len(found) < len(families):
        running = [fd for fd, family in watched.items() if family.pid not in found]
        left, waited = max(0.0, deadline - time.monotonic()), own_wait()
        ready = select.select(running, [], [], min(left, look_every))[0]
        late = own_wait() - waited
        found.update((watched[fd].pid, time.monotonic() - late) for fd in ready)
        if not ready and left <= look_every:
            break
        for fd in running if look_every < math.inf else ready:
            watched[fd].look()
    for fd in watched:
        os.close(fd)
    return found


def finish(
    family: "Family", deadline: float, ended: Optional[float] = None, look_every: float = math.inf
) -> Dict[str, Any]:
    """Wait for a command, or end its group at the deadline.

    ``ended``: when it did, where that is known already; ``look_every``: seconds between looks at its children.
    """
    pid = family.pid
    watched = os.pidfd_open(pid)
    timed_out = not family.watch(watched, deadline, look_every)
    seen = time.monotonic()
    if timed_out:
        kill(pid)
    os.close(watched)
    family.look()
    _, status, used = os.wait4(pid, 0)
    cpu = used.ru_utime + used.ru_stime
    waited = family.queued(cpu)
    wall = (ended or seen - family.late) - family.began
    kill(pid)
    _groups.remove(pid)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "wall": wall,
        "cpu": cpu,
        "memory": used.ru_maxrss * KIB,
        "queued": waited,
        "seen": family.share(cpu),
        "threads": len(family.seen),
        "ports": sorted(family.ports),
        "timed_out": timed_out,
    }


class Family:
    """A process, its threads and all that descends from it: how long they could have run while others had the core.

    The kernel forgets that of a process once its parent has waited for it, so they are looked at while they live.
    """

    def __init__(self, pid: int, began: float) -> None:
        self.pid = pid
        self.began = began
        self.seen: Dict[str, Tuple[int, int]] = {}
        self.late = 0.0
        """Seconds that this process itself had to wait for a core before it saw the end."""
        self.ports: Set[int] = set()
        self._looks, self._next_search = 0, 1

    def watch(self, end: int, deadline: float, look_every: float) -> bool:
        """Look now and then until it ends; False where it did not by the deadline."""
        while True:
            left, waited = max(0.0, deadline - time.monotonic()), own_wait()
            if select.select([end], [], [], min(left, look_every))[0]:
                self.late = own_wait() - waited
                return True
            if left <= look_every:
                return False
            self.look()

    def look(self) -> None:
        """Remember what each thread has used and waited so far, in nanoseconds; ever more rarely, ports as well."""
        first = str(self.pid)
        try:
            used, waited = read("/proc/{}/schedstat".format(first))[:2]
            self.seen[first] = int(used), int(waited)
        except (OSError, ValueError):
            return
        processes = {}
        for process, thread in threads_of(first):
            processes[process] = True
            try:
                used, waited = read("/proc/{}/task/{}/schedstat".format(process, thread))[:2]
                self.seen[thread] = int(used), int(waited)
            except (OSError, ValueError):
                continue
        self._looks += 1
        if self._looks >= self._next_search:
            self._next_search = math.ceil(MORE_RARELY * self._looks)
            self.ports |= listening(list(processes))

    def queued(self, cpu: float) -> float:
        """Seconds, all together. What nobody saw of ``cpu`` seconds that they used waited as much as what was seen."""
        waited, share = sum(one for _, one in self.seen.values()) / 1e9, self.share(cpu)
        return waited * max(1.0, 1 / share) if share > SEEN_SHARE else waited

    def share(self, cpu: float) -> float:
        """How much was seen of so many seconds that they used."""
        used = sum(one for one, _ in self.seen.values()) / 1e9
        return used / cpu if cpu > 0 else 0.0


def threads_of(pid: str) -> Iterator[Tuple[str, str]]:
    """A process and one of its threads, of it and of all that descends from it, as far as the system tells."""
    rest = [pid]
    while rest:
        process = rest.pop()
        folder = "/proc/{}/task".format(process)
        try:
            threads = os.listdir(folder)
        except OSError:
            continue
        for thread in threads:
            yield process, thread
            try:
                rest += read("{}/{}/children".format(folder, thread))
            except OSError:
                continue


def ports_of(pid: int) -> List[int]:
    """The ports on which a process and all that descends from it listen."""
    return sorted(listening(list({process: True for process, _ in threads_of(str(pid))})))


def listening(pids: List[str]) -> Set[int]:
    """The ports on which some processes listen, as far as the system tells."""
    sockets = {socket for pid in pids for socket in sockets_of(pid)}
    found: Set[int] = set()
    for table in ("tcp", "tcp6") if sockets else ():
        try:
            with open("/proc/{}/net/{}".format(pids[0], table)) as file:
                rows = [line.split() for line in file][1:]
        except OSError:
            continue
        found |= {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == LISTENS and row[9] in sockets}
    return found


def sockets_of(pid: str) -> Set[str]:
    """The inodes of a process's sockets."""
    folder = "/proc/{}/fd".format(pid)
    found: Set[str] = set()
    try:
        descriptors = os.listdir(folder)
    except OSError:
        return found
    for descriptor in descriptors:
        try:
            target = os.readlink("{}/{}".format(folder, descriptor))
        except OSError:
            continue
        if target.startswith("socket:["):
            found.add(target[len("socket:[") : -1])
    return found


def own_wait() -> float:
    """Seconds that this process could have run, but others had the core."""
    try:
        return int(read("/proc/self/schedstat")[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def read(path: str) -> List[str]:
    """The words of a file."""
    with open(path) as file:
        return file.read().split()


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
        return [attempt(command, order["timeout"], order["look_every"] or math.inf) for command in order["commands"]]
    began = time.monotonic()
    started: List[Any] = [start(command) for command in order["commands"]]
    deadline = began + order["timeout"]
    ended = ends([one for one in started if not isinstance(one, dict)], deadline, order["look_every"] or math.inf)
    return [one if isinstance(one, dict) else finish(one, deadline, ended.get(one.pid)) for one in started]


def attempt(command: Dict[str, Any], timeout: float, look_every: float) -> Dict[str, Any]:
    """Run one command alone."""
    one = start(command)
    return one if isinstance(one, dict) else finish(one, one.began + timeout, look_every=look_every)


def start(command: Dict[str, Any]) -> Any:
    """What was started, or an answer that says why nothing was."""
    began = time.monotonic()
    try:
        return Family(spawn(command), began)
    except OSError as error:
        text = "cannot run {}: {}".format(command["argv"][0], error.strerror)
        nothing = dict.fromkeys(("wall", "cpu", "queued", "seen"), 0.0)
        return {**nothing, "code": 127, "memory": 0, "threads": 0, "ports": [], "timed_out": False, "error": text}


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
