"""Results of one name that stand in different files, folders or places of a file are told apart, or refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from perfbot.measure.processes.tools import Reported, Written
from tests.tool_outputs import results, sound


def text(tool: str, written: str) -> dict[str, Reported]:
    """The results in a text, by name."""
    return results(tool, [Written("f", written.encode())])


def test_criterion_directories_of_one_name_are_refused() -> None:
    name, estimates = b'{"full_id": "a/b"}', b'{"median": {"point_estimate": 5}}'
    written = [
        Written(f"target/criterion/{folder}/new/{file}", data)
        for folder in ("x", "y")
        for file, data in (("benchmark.json", name), ("estimates.json", estimates))
    ]
    (one,) = results("criterion", written).values()
    assert "target/criterion/x/new/estimates.json and target/criterion/y/new/estimates.json" in one.trouble


def vitest_file(path: str, value: float) -> dict[str, Any]:
    """One file's part of vitest's output."""
    return {"filepath": path, "groups": [{"fullName": "g", "benchmarks": [{"name": "x", "median": value}]}]}


def test_vitest_groups_of_one_name_are_told_apart_by_their_files() -> None:
    files = [vitest_file("/work/a/x.bench.ts", 1), vitest_file("/work/b/x.bench.ts", 10)]
    found = sound(text("vitest", json.dumps({"files": files})))
    assert {name: one["time"][0] for name, one in found.items()} == {
        "a/x.bench.ts: g > x": pytest.approx(1e-3),
        "b/x.bench.ts: g > x": pytest.approx(10e-3),
    }


def test_benchmarkdotnet_parameters_that_the_name_does_not_hold() -> None:
    one = {"Type": "C", "Method": "A", "Statistics": {"Median": 1}}
    both = [{**one, "Parameters": f"N={n}"} for n in (1, 2)]
    found = sound(text("benchmarkdotnet", json.dumps({"Benchmarks": both})))
    assert list(found) == ["C.A [N=1]", "C.A [N=2]"]


def test_wrk2s_second_distribution_is_of_other_latencies() -> None:
    lines = "Running 1s test @ http://h/x\n 50.000%    1.05ms\n 50.000%  500.00us\nRequests/sec: 9\n"
    assert sound(text("wrk", lines))["/x"]["latency_p50"][0] == pytest.approx(1.05e-3)


def test_criterion_numbers_directories_of_one_name() -> None:
    """As it does for two benchmarks of one name in one program; a name that ends so itself is no second one."""
    written = [
        Written(f"target/criterion/{folder}/new/{file}", json.dumps(data).encode())
        for folder, name, value in (("a b", "a/b", 5), ("a b_2", "a/b", 50), ("c_2", "c_2", 7))
        for file, data in (
            ("benchmark.json", {"full_id": name, "directory_name": folder}),
            ("estimates.json", {"median": {"point_estimate": value}}),
        )
    ]
    found = {name: one["time"][0] for name, one in sound(results("criterion", written)).items()}
    assert found == pytest.approx({"a/b": 5e-9, "a/b [2]": 50e-9, "c_2": 7e-9})
