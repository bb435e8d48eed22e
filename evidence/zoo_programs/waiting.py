"""Calls that wait: for time, a server, a child, a disk, a lock. A user waits, too, so that all of it is cost."""

from __future__ import annotations

from evidence.zoo_programs.program import SPIN, Program

_SLEEP_AND_COMPUTE = SPIN + "\ndef bench():\n    spin($spin)\n    if $sleep:\n        time.sleep($sleep)\n"

_SERVER = (
    SPIN
    + """
import os
import socket

ours, theirs = socket.socketpair()
if os.fork() == 0:
    ours.close()
    while request := theirs.recv(1):
        spin($served)
        theirs.sendall(request)
    os._exit(0)
theirs.close()

def bench():
    spin($here)
    if $asks:
        ours.sendall(b"x")
        ours.recv(1)
"""
)

_CHILD = (
    SPIN
    + """
import os

def child(seconds):
    process = os.fork()
    if process == 0:
        spin(seconds)
        os._exit(0)
    os.waitpid(process, 0)

def bench():
    spin($here)
    if $child:
        child($child)
"""
)

_SUBPROCESS = """
import subprocess

def bench():
    for _ in range($times):
        subprocess.run(["/bin/sh", "-c", "i=0; while [ $$i -lt 3000 ]; do i=$$((i+1)); done"], check=True)
"""

_FSYNC = """
import os
import tempfile

file = tempfile.NamedTemporaryFile(dir=".")

def bench():
    for _ in range($times):
        os.pwrite(file.fileno(), b"x" * 4096, 0)
        os.fsync(file.fileno())
"""

_READ = """
import os
import tempfile

file = tempfile.NamedTemporaryFile(dir=".")
file.write(b"x" * 400_000)
file.flush()

def bench():
    for _ in range($times):
        os.pread(file.fileno(), 400_000, 0)
"""

_FILES = """
import os
import tempfile

folder = tempfile.mkdtemp(dir=".")

def bench():
    for number in range($times):
        path = os.path.join(folder, str(number))
        with open(path, "w") as file:
            file.write("text")
        os.unlink(path)
"""

_ECHO = """
import socket
import threading

ours, theirs = socket.socketpair()

def serve():
    while request := theirs.recv(64):
        theirs.sendall(request)

threading.Thread(target=serve, daemon=True).start()

def bench():
    for _ in range($times):
        ours.sendall(b"question")
        ours.recv(64)
"""

_TCP = (
    SPIN
    + """
import socket
import threading

listener = socket.create_server(("127.0.0.1", 0))

def serve():
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.recv(64)
            time.sleep($delay)
            connection.sendall(b"answer")

threading.Thread(target=serve, daemon=True).start()

def bench():
    with socket.create_connection(listener.getsockname()) as connection:
        connection.sendall(b"question")
        connection.recv(64)
"""
)

_SELECT = "import select\n\ndef bench():\n    select.select([], [], [], $timeout)\n"

_LOCK = """
import threading
import time

lock = threading.Lock()
wanted = threading.Semaphore(0)
held = threading.Semaphore(0)

def hold():
    while True:
        wanted.acquire()
        with lock:
            held.release()
            time.sleep($hold)

threading.Thread(target=hold, daemon=True).start()

def bench():
    wanted.release()
    held.acquire()
    with lock:
        pass
"""

_FILE_LOCK = (
    SPIN
    + """
import fcntl
import os
import tempfile

path = tempfile.mktemp(dir=".")

def bench():
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        time.sleep($hold)
        spin(0.0005)
"""
)

PROGRAMS: tuple[Program, ...] = (
    Program(
        "waiting/sleeps-after-computing",
        _SLEEP_AND_COMPUTE,
        {"spin": 0.00135, "sleep": 0},
        {"spin": 0.000675, "sleep": 0.003},
        truth=(2.6, 3.1),
    ),
    Program(
        "waiting/computes-after-sleeping",
        _SLEEP_AND_COMPUTE,
        {"spin": 0.0007, "sleep": 0.003},
        {"spin": 0.0014, "sleep": 0},
        truth=(0.33, 0.39),
        equals=False,
    ),
    Program(
        "waiting/sleeps-1ms-more",
        _SLEEP_AND_COMPUTE,
        {"spin": 0.001, "sleep": 0},
        {"spin": 0.001, "sleep": 0.001},
        truth=(1.95, 2.3),
        equals=False,
    ),
    Program(
        "waiting/sleeps-alone",
        _SLEEP_AND_COMPUTE,
        {"spin": 0, "sleep": 0.001},
        {"spin": 0, "sleep": 0.002},
        truth=(1.8, 2.0),
    ),
    Program(
        "waiting/sleeps-half",
        _SLEEP_AND_COMPUTE,
        {"spin": 0.0005, "sleep": 0.004},
        {"spin": 0.0005, "sleep": 0.002},
        truth=(0.54, 0.6),
    ),
    Program(
        "waiting/sleeps-a-tenth-more",
        _SLEEP_AND_COMPUTE,
        {"spin": 0.001, "sleep": 0.010},
        {"spin": 0.001, "sleep": 0.0112},
        truth=(1.09, 1.12),
    ),
    Program(
        "waiting/asks-a-server",
        _SERVER,
        {"here": 0.001, "asks": 0, "served": 0.0015},
        {"here": 0.0005, "asks": 1, "served": 0.0015},
        truth=(1.98, 2.5),
    ),
    Program(
        "waiting/a-server-takes-twice-as-long",
        _SERVER,
        {"here": 0.0002, "asks": 1, "served": 0.001},
        {"served": 0.002},
        truth=(1.6, 1.84),
    ),
    Program(
        "waiting/starts-a-child",
        _CHILD,
        {"here": 0.002, "child": 0},
        {"here": 0.001, "child": 0.003},
        truth=(1.98, 3.0),
        equals=False,
    ),
    Program("waiting/a-child-computes-more", _CHILD, {"here": 0, "child": 0.004}, {"child": 0.008}, truth=(1.6, 2.0)),
    Program("waiting/two-subprocesses", _SUBPROCESS, {"times": 1}, {"times": 2}, truth=(1.9, 2.05)),
    Program("waiting/fsync", _FSYNC, {"times": 2}, {"times": 4}, truth=(1.8, 2.2)),
    Program("waiting/reads-a-file", _READ, {"times": 4}, {"times": 6}, truth=(1.4, 1.55)),
    Program("waiting/makes-files", _FILES, {"times": 10}, {"times": 15}, truth=(1.42, 1.6)),
    Program("waiting/socket-pair", _ECHO, {"times": 10}, {"times": 15}, truth=(1.4, 1.55)),
    Program("waiting/tcp-connections", _TCP, {"delay": 0.001}, {"delay": 0.002}, truth=(1.5, 1.95)),
    Program("waiting/select", _SELECT, {"timeout": 0.002}, {"timeout": 0.0024}, truth=(1.15, 1.21)),
    Program("waiting/a-lock-is-held", _LOCK, {"hold": 0.001}, {"hold": 0.002}, truth=(1.7, 2.0)),
    Program("waiting/a-file-lock", _FILE_LOCK, {"hold": 0.001}, {"hold": 0.0015}, truth=(1.25, 1.35)),
)
