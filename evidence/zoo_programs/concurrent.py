"""Threads, pools, tasks and processes side by side."""

from __future__ import annotations

from evidence.zoo_programs.program import SPIN, WORK, Program

_POOL_SLEEPS = """
import concurrent.futures
import time

pool = concurrent.futures.ThreadPoolExecutor($workers)

def bench():
    list(pool.map(time.sleep, [0.002] * 4))
"""

_POOL_COMPUTES = (
    SPIN
    + """
import concurrent.futures

pool = concurrent.futures.ThreadPoolExecutor(4)

def bench():
    list(pool.map(spin, [$each] * 4))
"""
)

_POOL_WORKS = (
    WORK
    + """
import concurrent.futures

pool = concurrent.futures.ThreadPoolExecutor(2)

def bench():
    list(pool.map(work, [$each] * 2))
"""
)

_WORKER = (
    SPIN
    + """
import queue
import threading

asked = queue.Queue()
answered = queue.Queue()

def serve():
    while True:
        spin(asked.get())
        answered.put(True)

threading.Thread(target=serve, daemon=True).start()

def bench():
    asked.put($seconds)
    answered.get()
"""
)

_LEAVES = (
    WORK
    + """
import queue
import threading

left = queue.Queue(1)

def work_off():
    while True:
        work(left.get())

threading.Thread(target=work_off, daemon=True).start()

def bench():
    if $later:
        left.put($later)
    work(10_000)
"""
)

_POLLS = (
    WORK
    + """
import threading
import time

def poll():
    while $items:
        work($items)
        time.sleep(0.002)

for _ in range(2):
    threading.Thread(target=poll, daemon=True).start()

def bench():
    work(2_000)
"""
)

_STARTS = """
import threading

def bench():
    threads = [threading.Thread(target=int) for _ in range($threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""

_BACKGROUND = (
    WORK
    + """
import threading
import time

def tick():
    while True:
        time.sleep(0.02)
        work(1000)

threading.Thread(target=tick, daemon=True).start()

def bench():
    work($items)
"""
)

_CONTENDED = (
    WORK
    + """
import threading

lock = threading.Lock()
go = threading.Barrier(3)
done = threading.Barrier(3)

def contend():
    while True:
        go.wait()
        for _ in range(20):
            with lock:
                work($each)
        done.wait()

for _ in range(2):
    threading.Thread(target=contend, daemon=True).start()

def bench():
    go.wait()
    done.wait()
"""
)

_TASKS = (
    WORK
    + """
import asyncio

loop = asyncio.new_event_loop()

async def task():
    await asyncio.sleep(0)
    work(200)

async def main():
    await asyncio.gather(*(task() for _ in range($tasks)))

def bench():
    loop.run_until_complete(main())
"""
)

_ASYNC_SLEEPS = """
import asyncio

loop = asyncio.new_event_loop()

async def together():
    await asyncio.gather(*(asyncio.sleep(0.002) for _ in range(3)))

async def one_by_one():
    for _ in range(3):
        await asyncio.sleep(0.002)

def bench():
    loop.run_until_complete($way())
"""

_ASYNC_RUN = """
import asyncio

async def main():
    await asyncio.sleep($seconds)

def bench():
    asyncio.run(main())
"""

_ASYNC_SERVER = """
import asyncio
import time

loop = asyncio.new_event_loop()

async def serve(reader, writer):
    while await reader.readline():
        end = time.thread_time() + $each
        while time.thread_time() < end:
            pass
        writer.write(b"answer\\n")

server = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0))
port = server.sockets[0].getsockname()[1]
reader, writer = loop.run_until_complete(asyncio.open_connection("127.0.0.1", port))

async def ask():
    for _ in range(3):
        writer.write(b"question\\n")
        await reader.readline()

def bench():
    loop.run_until_complete(ask())
"""

_FORKS = (
    SPIN
    + """
import os

def bench():
    children = []
    for _ in range(2):
        process = os.fork()
        if process == 0:
            spin($each)
            os._exit(0)
        children.append(process)
    for process in children:
        os.waitpid(process, 0)
"""
)

PROGRAMS: tuple[Program, ...] = (
    Program("concurrent/a-pool-sleeps", _POOL_SLEEPS, {"workers": 4}, {"workers": 2}, (1.7, 2.0)),
    Program("concurrent/a-pool-computes", _POOL_COMPUTES, {"each": 0.001}, {"each": 0.0015}, (1.4, 1.55)),
    Program("concurrent/a-pool-works", _POOL_WORKS, {"each": 20_000}, {"each": 26_000}, (1.22, 1.35)),
    Program("concurrent/a-worker-thread", _WORKER, {"seconds": 0.001}, {"seconds": 0.002}, (1.8, 2.0)),
    Program("concurrent/leaves-work-to-a-thread", _LEAVES, {"later": 0}, {"later": 10_000}, (1.7, 2.2)),
    Program("concurrent/beside-threads-that-poll", _POLLS, {"items": 0}, {"items": 200_000}, (2.0, 3.6)),
    Program("concurrent/starts-threads", _STARTS, {"threads": 4}, {"threads": 8}, (1.7, 2.2)),
    Program("concurrent/beside-a-ticking-thread", _BACKGROUND, {"items": 20_000}, {"items": 24_000}, (1.17, 1.22)),
    Program("concurrent/a-contended-lock", _CONTENDED, {"each": 500}, {"each": 750}, (1.3, 1.6)),
    Program("concurrent/tasks", _TASKS, {"tasks": 50}, {"tasks": 75}, (1.4, 1.55)),
    Program("concurrent/sleeps-together", _ASYNC_SLEEPS, {"way": "one_by_one"}, {"way": "together"}, (0.31, 0.4)),
    Program("concurrent/an-event-loop-a-call", _ASYNC_RUN, {"seconds": 0.002}, {"seconds": 0.003}, (1.3, 1.5)),
    Program("concurrent/an-async-server", _ASYNC_SERVER, {"each": 0.0003}, {"each": 0.0006}, (1.55, 2.0)),
    Program("concurrent/two-children-at-once", _FORKS, {"each": 0.004}, {"each": 0.006}, (1.3, 1.55)),
)
