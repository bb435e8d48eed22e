"""Programs that wait longer: where they do is to be said."""

from __future__ import annotations

from evidence.why_zoo.case import changed

SLEEP = """
import time


def ask():
    time.sleep(0.001)
    return 1


def work():
    before()
    return after(ask())
"""

QUEUE = """
import threading
import time

LOCK = threading.Lock()
FREE = threading.Event()


def hold(seconds):
    with LOCK:
        FREE.set()
        time.sleep(seconds)


def guarded():
    with LOCK:
        return 1


def work():
    before()
    FREE.clear()
    holder = threading.Thread(target=hold, args=(0.001,))
    holder.start()
    FREE.wait()
    found = guarded()
    holder.join()
    return after(found)
"""

CHILD = """
import subprocess


def count():
    subprocess.run(["sleep", "0.002"], check=True)
    return 1


def work():
    before()
    return after(count())
"""

SOCKET = """
import socket
import threading
import time

HERE, THERE = socket.socketpair()


def serve():
    while True:
        if not THERE.recv(1):
            return
        time.sleep(0.001)
        THERE.sendall(b"x")


threading.Thread(target=serve, daemon=True).start()


def fetch():
    HERE.sendall(b"?")
    return HERE.recv(1)


def work():
    before()
    return after(fetch())
"""

ASYNC = """
import asyncio

LOOP = asyncio.new_event_loop()


async def asked():
    await asyncio.sleep(0.001)
    return 1


async def main():
    return await asked()


def work():
    before()
    return after(LOOP.run_until_complete(main()))
"""

THREADS = """
import threading

FOUND = []


def job(count):
    total = 0
    for number in range(count):
        total += number * 3 % 7
    FOUND[:] = [total]


def work():
    before()
    thread = threading.Thread(target=job, args=(6000,))
    thread.start()
    thread.join()
    return after(FOUND[0])
"""

WAITS = (
    changed("sleep", SLEEP, "sleep(0.001)", "sleep(0.002)", "ask"),
    changed("waits for a lock", QUEUE, "args=(0.001,)", "args=(0.002,)", "guarded"),
    changed("child", CHILD, '"0.002"', '"0.004"', "count", "Popen._try_wait"),
    changed("socket", SOCKET, "sleep(0.001)", "sleep(0.002)", "fetch"),
    changed("async sleep", ASYNC, "sleep(0.001)", "sleep(0.002)", "asked"),
    changed("thread", THREADS, "args=(6000,)", "args=(9000,)", "job"),
)
