"""A shared address-space layout: by real processes, and by what the kernel is asked."""

from __future__ import annotations

import os
import resource
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfbot.model import SIDES
from perfbot.process import Child
from perfbot.runner import address_space
from perfbot.runner.address_space import ALIGNMENT, PADDED_BYTES, PADDING, PAGE, STACK_BYTES, Layout, can_share
from tests.workers import Sides, take

ENV = {"PATH": os.environ["PATH"]}
ADDRESSES = """
import re
maps = open("/proc/self/maps").read()
def where(name):
    return next((line.split("-")[0] for line in maps.splitlines() if re.search(name, line)), "")
stack = open("/proc/self/stat").read().rsplit(")", 1)[1].split()[25]
print(where("/python"), where("libc"), where("\\\\[heap"), hex(int(stack)))
"""

shared = pytest.mark.skipif(not can_share(), reason="the system does not let layouts be shared (seccomp)")


def addresses(folder: Path, drawn: Layout | None, env: dict[str, str] = ENV) -> tuple[str, ...]:
    """Where program, C library, heap and stack of a fresh interpreter begin."""
    child = Child([sys.executable, "-I", "-S", "-c", ADDRESSES], cwd=folder, env=env, layout=drawn)
    assert child.wait(60) == 0, child.output()
    found = tuple(child.output().split())
    child.kill()
    return found


@shared
class TestProcesses:
    def test_the_same_draw_is_the_same_layout(self, tmp_path: Path) -> None:
        first, second = (addresses(tmp_path, Layout(7)) for _ in range(2))
        assert len(first) == 4
        assert first == second

    def test_the_length_of_the_environment_makes_no_difference(self, tmp_path: Path) -> None:
        assert addresses(tmp_path, Layout(7), {**ENV, "SIDE": "base"}) == addresses(
            tmp_path, Layout(7), {**ENV, "SIDE": "head, which is longer"}
        )

    def test_another_draw_moves_libraries_and_stack(self, tmp_path: Path) -> None:
        layouts = [addresses(tmp_path, Layout(seed)) for seed in range(4)]
        assert len({libc for _, libc, _, _ in layouts}) == 4
        assert len({int(stack, 16) % PAGE for *_, stack in layouts}) > 1

    def test_without_a_draw_the_system_draws(self, tmp_path: Path) -> None:
        assert addresses(tmp_path, None) != addresses(tmp_path, None)


NOTES_WHERE = """
import os
for line in open("/proc/self/maps"):
    if "libc" in line:
        break
with open(os.environ["LOG"], "a") as file:
    file.write(line.split("-")[0] + chr(10))
def work():
    sum(range(100))
"""
LOGS_WHERE = "grep -m1 libc /proc/self/maps | cut -d- -f1 >> $LOG"


@shared
@pytest.mark.parametrize(
    ("files", "suite"),
    [
        ({"shop.py": NOTES_WHERE}, 'harness = "python"\nfunctions = { work = "shop:work" }'),
        ({}, f"harness = \"command\"\ncommands = {{ work = '{LOGS_WHERE}' }}"),
    ],
    ids=["workers", "commands"],
)
def test_both_sides_of_a_round_are_alike_and_the_next_round_is_not(
    files: dict[str, str], suite: str, tmp_path: Path
) -> None:
    sides = Sides(tmp_path, Path(sys.executable))
    sides.write(files)
    session = sides.suite(suite)
    seen = []
    take(session, rounds=1)
    for index in range(1, 4):
        sides.log.unlink()
        list(session.measure_round(index, ["work"], float("inf")))
        seen.append(sides.logged())
    assert [len(lines) for lines in seen] == [len(SIDES)] * 3
    assert all(base == head for base, head in seen)
    assert len({base for base, _ in seen}) == 3


@shared
def test_threads_keep_the_stacks_that_they_would_have_had(tmp_path: Path) -> None:
    sides = Sides(tmp_path, Path(sys.executable))
    code = "import os, threading\nopen(os.environ['LOG'], 'a').write(f'{threading.stack_size()}\\n')\n"
    sides.write({"shop.py": code + "def work():\n    sum(range(100))\n"})
    take(sides.suite('harness = "python"\nfunctions = { work = "shop:work" }'))
    assert set(sides.logged()) == {str(address_space.THREAD_STACK)}


def test_a_draw_leaves_nothing_behind(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_STACK), address_space._personality(address_space.ASK)
    with pytest.raises(FileNotFoundError):
        Child(["/no/such/program"], cwd=tmp_path, env=ENV, layout=Layout(1))
    addresses(tmp_path, Layout(1))
    assert (resource.getrlimit(resource.RLIMIT_STACK), address_space._personality(address_space.ASK)) == before


@pytest.fixture
def asked_again() -> Iterator[None]:
    """What the system lets is found out anew, in the test and after it."""
    can_share.cache_clear()
    yield
    can_share.cache_clear()


@pytest.mark.usefixtures("asked_again")
def test_a_system_that_refuses_gets_its_own_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = resource.getrlimit(resource.RLIMIT_STACK)
    monkeypatch.setattr(address_space, "_call", lambda: lambda persona: 0 if persona == address_space.ASK else -1)
    assert not can_share()
    assert Layout(1).padded(["program"], ENV) == ENV
    with Layout(1).drawn():
        assert resource.getrlimit(resource.RLIMIT_STACK) == before
    assert len(addresses(tmp_path, Layout(1))) == 4


@pytest.mark.usefixtures("asked_again")
def test_elsewhere_than_on_linux_nothing_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address_space, "_call", lambda: None)
    assert not can_share()


@shared
def test_a_hard_limit_below_the_draw_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usual, change = resource.getrlimit(resource.RLIMIT_STACK), resource.setrlimit

    def refuse(which: int, limits: tuple[int, int]) -> None:
        if limits != usual:
            raise ValueError("not allowed to raise maximum limit")
        change(which, limits)

    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert addresses(tmp_path, Layout(1)) == addresses(tmp_path, Layout(1))


@shared
def test_a_few_bytes_more_are_not_a_page_more_in_any_draw() -> None:
    for seed in range(500):
        one, other = (Layout(seed).padded(["python"], {"SIDE": "x" * many}) for many in (3000, 3018))
        assert len(one[PADDING]) == len(other[PADDING]) + 18


@shared
@given(
    seed=st.integers(min_value=0, max_value=2**64),
    words=st.lists(st.text("ab é", max_size=30), min_size=1),
    env=st.dictionaries(st.text("abc", min_size=1, max_size=8), st.text("ab é", max_size=300)),
)
def test_what_lies_above_the_stack_is_equally_long(seed: int, words: list[str], env: dict[str, str]) -> None:
    def length(argv: list[str], env: dict[str, str]) -> int:
        texts = [argv[0], *argv, *(f"{name}={value}" for name, value in env.items())]
        return sum(len(text.encode()) + 1 for text in texts)

    drawn = Layout(seed)
    assert length(words, drawn.padded(words, env)) % PAGE == length(["x"], drawn.padded(["x"], {})) % PAGE
    assert length(words, drawn.padded(words, env)) % ALIGNMENT == 0
    assert len(drawn.padded(words, env)[PADDING]) < PADDED_BYTES
    assert STACK_BYTES[0] <= drawn.stack_limit < STACK_BYTES[1]
    assert drawn.stack_limit % PAGE == 0


@shared
def test_starts_in_several_threads_do_not_mix(tmp_path: Path) -> None:
    seeds = (1, 2, 1, 2)
    found: dict[int, tuple[str, ...]] = {}

    def start(at: int) -> None:
        found[at] = addresses(tmp_path, Layout(seeds[at]))

    threads = [threading.Thread(target=start, args=(at,)) for at in range(len(seeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] == found[2] != found[1] == found[3]
