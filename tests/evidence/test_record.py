"""What record.py writes is what truth.py reads."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from evidence import truth
from evidence.neighbours import Neighbours
from evidence.record import arrange, as_row, as_speed, main
from evidence.recordings import clocks, read, schedules
from perfbot.measure.lockstep.plan import PAIRS, Speed

BENCHES = ["dict_count", "regex_find", "text_split"]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("record") / "here.npz"
    assert main(["--output", str(path), "--rounds", "6", "--only", ",".join(BENCHES)]) == 0
    return path


def test_the_layout(file):
    with np.load(file) as recorded:
        assert recorded["benches"].tolist() == recorded["here-d_benches"].tolist() == BENCHES
        wall, cpu = recorded["here-d_w"], recorded["here-d_c"]
        assert wall.shape == cpu.shape == (6, 3, 2, PAIRS)
        assert wall.dtype == np.uint64
        assert (wall > 0).all()
        assert recorded["here-d_start"].shape == (6,)
        assert (recorded["here-d_start"] > 0).all()
        assert recorded["here-d_meas"].shape == recorded["here-d_load"].shape == (6, 3)
        assert (recorded["here-d_discard"] >= 1).all()
        assert (recorded["here-d_loops"] > 1).all()
    assert schedules(file) == ["here-d"]
    assert clocks(file, "here-d") == ["wall", "cpu", "cost"]


def test_it_is_evaluated_by_the_clock_a_run_uses(file, capsys):
    arguments = ["--rounds", str(file), "--size", "3", "--suites", "20", "--effects", "0,900", "--json"]
    tables = {}
    for clock in ([], ["--clock", "wall"], ["--clock", "cost"]):
        assert truth.main([*arguments, *clock]) == 0
        table = json.loads(capsys.readouterr().out)
        assert table["rows"][1]["declared"] == 1.0  # ten times slower
        tables[" ".join(clock)] = table
    assert tables[""] == tables["--clock cost"]
    assert tables["--clock wall"]["clock"] == "wall"


def test_a_clock_that_was_not_recorded_is_refused(recorded, capsys):
    assert truth.main(["--rounds", str(recorded), "--schedule", "own", "--clock", "cpu"]) == 2
    assert "own: was recorded by wall time alone; leave out --clock" in capsys.readouterr().err


def test_a_recording_is_continued_and_others_are_kept(file, tmp_path):
    path = tmp_path / "more.npz"
    path.write_bytes(file.read_bytes())
    only = ["--only", ",".join(BENCHES)]
    assert main(["--output", str(path), "--rounds", "8", *only]) == 0
    assert main(["--output", str(path), "--rounds", "6", "--schedule", "busy-d", "--load", "1", *only]) == 0
    with np.load(file) as before, np.load(path) as after:
        assert (after["here-d_w"][:6] == before["here-d_w"]).all()
        assert (after["here-d_loops"] == before["here-d_loops"]).all()
        assert len(after["here-d_w"]) == len(after["here-d_start"]) == 8
        assert (after["busy-d_load"] == 1).all()
        assert (after["here-d_load"] == 0).all()
    assert read(path, "busy-d").seconds.shape == (6, 3, 2, PAIRS)


def test_other_benchmarks_need_another_schedule(file):
    with pytest.raises(SystemExit, match="choose another --schedule"):
        main(["--output", str(file), "--rounds", "7", "--only", "heap"])


def test_a_suite_of_a_project(tmp_path):
    (tmp_path / "bench.py").write_text("def quick():\n    return sum(range(100))\n\n\nONE = quick\n")
    (tmp_path / "perfbot.toml").write_text(
        '[[suite]]\nname = "own"\nharness = "python"\nfunctions = { quick = "bench:quick" }\n'
    )
    path = tmp_path / "own.npz"
    assert main(["--output", str(path), "--rounds", "2", "--project", str(tmp_path), "--schedule", "x"]) == 0
    assert read(path, "x").seconds.shape == (2, 1, 2, PAIRS)  # nothing is left out: cold calls were thrown away
    with pytest.raises(SystemExit, match="--suite: found 'none', expected one of own"):
        main(["--output", str(path), "--project", str(tmp_path), "--suite", "none"])


def test_calls_are_kept_apart_by_how_they_are_measured():
    speeds = {"short": Speed(1e-5, 1e-5), "medium": Speed(2e-3, 2e-3), "slower": Speed(2.9e-3, 2.9e-3)}
    speeds |= {"long": Speed(0.01, 0.01), "waits": Speed(0.01, 0.001)}
    found = {schedule.name: (schedule.benches, schedule.pairs) for schedule in arrange("here-d", speeds)}
    assert found == {
        "here-d": (("short",), PAIRS),
        "here-medium-d": (("medium", "slower", "waits"), 4),
        "here-long-d": (("long",), 6),
    }
    assert [schedule.name for schedule in arrange("x", speeds)] == ["x", "x-long", "x-medium"]


@pytest.mark.parametrize("speed", [Speed(1.0, 0.5, 2.0, 0.25), Speed(1.0, 0.5, 2.0, None)])
def test_speeds_survive_the_file(speed):
    assert as_speed(as_row(speed)) == speed


def test_neighbours_end_with_their_context():
    with Neighbours() as neighbours:
        neighbours.set(2)
        neighbours.set(1)
        (left,) = neighbours._running
        assert left.poll() is None
    assert left.poll() is not None


def test_neighbours_do_not_outlive_a_killed_recorder(scripts):
    code = "import time\nfrom neighbours import Neighbours\nn = Neighbours()\nn.set(1)\n"
    code += "print(n._running[0].pid, flush=True)\ntime.sleep(60)\n"
    with subprocess.Popen([sys.executable, "-c", code], cwd=scripts, stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    deadline = time.monotonic() + 30
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(pid)


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
