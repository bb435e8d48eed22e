"""Real tools of other languages, each with a small suite whose head does five times the work."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from perfbot.harness.registry import HARNESSES
from perfbot.measure.session import Measured
from perfbot.process import run
from tests.workers import Sides, Taken, take

pytestmark = [pytest.mark.external, pytest.mark.timeout(600)]

MODULES = Path(os.environ.get("PERFBOT_NODE_MODULES", "node_modules"))

CPP_WORK = """\
#pragma once
inline long work(int n) {
  long s = 0;
  for (int i = 0; i < n * FACTOR; ++i) { s += i * 7 % 13; asm volatile("" : "+r"(s)); }
  return s;
}
"""

GO = """\
package words

import "testing"

var sink int

func work(n int) int {
	s := 0
	for i := 0; i < n*factor; i++ {
		s += i * i % 7
	}
	return s
}

func BenchmarkWork(b *testing.B) {
	for _, name := range []string{"deep-1", "deep-2"} {
		b.Run(name, func(b *testing.B) {
			for i := 0; i < b.N; i++ {
				sink += work(2000)
			}
		})
	}
}

func BenchmarkAlloc(b *testing.B) {
	for i := 0; i < b.N; i++ {
		kept = make([]byte, 100*factor)
	}
}

var kept []byte
"""

GOOGLE_BENCHMARK = """\
#include <benchmark/benchmark.h>
#include "work.h"
static void BM_work(benchmark::State& state) { for (auto _ : state) benchmark::DoNotOptimize(work(state.range(0))); }
BENCHMARK(BM_work)->Arg(100)->Arg(5000);
BENCHMARK_MAIN();
"""

CATCH2 = """\
#if __has_include(<catch2/catch.hpp>)
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#else
#include <catch2/catch_test_macros.hpp>
#include <catch2/benchmark/catch_benchmark.hpp>
#endif
#include "work.h"
TEST_CASE("work") { BENCHMARK("small") { return work(2000); }; }
"""

LIBTEST = """\
#![feature(test)]
extern crate test;
#[bench] fn small(b: &mut test::Bencher) { b.iter(|| words::work(1000)) }
mod deep { #[bench] fn large(b: &mut test::Bencher) { b.iter(|| words::work(5000)) } }
"""

RUST_WORK = """\
pub fn work(n: u64) -> u64 { (0..n * FACTOR).fold(0, |sum, i| sum ^ std::hint::black_box(i) * 7 % 13) }
"""

VITEST = """\
import { bench, describe } from 'vitest'
import { work } from './work.mjs'
const often = { time: 0, iterations: 200, warmupTime: 0, warmupIterations: 200 }
describe('work', () => { bench('small', () => { work(20000) }, often) })
"""

BENCHMARKJS = """\
const Benchmark = require('benchmark')
const { work } = require('./work.cjs')
new Benchmark.Suite().add('work', () => work(20000), { maxTime: 0.1 })
  .on('cycle', e => console.log(String(e.target))).run()
"""

JS_WORK = "function work(n) { let s = 0; for (let i = 0; i < n * FACTOR; i++) s = (s + i * 7 % 13) | 0; return s }\n"

SERVER = """\
import http.server, subprocess, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    def do_GET(self):
        body = str(sum(range(100_000 * FACTOR))).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
import threading
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
sys.exit(subprocess.call([word.replace("URL", url) for word in sys.argv[1:]]))
"""


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    """Two checkouts; Go keeps its cache in the test's folder."""
    return Sides(tmp_path, Path(sys.executable), {"GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"})


def write(sides: Sides, name: str, text: str) -> None:
    """A file with FACTOR replaced: 1 on base, 5 on head."""
    sides.write({name: text.replace("FACTOR", "1")}, sides=["base"])
    sides.write({name: text.replace("FACTOR", "5")}, sides=["head"])


def build(sides: Sides, line: str) -> None:
    """Run a command line on both sides."""
    for side in ("base", "head"):
        done = run(line, cwd=sides.tree(side), env={**os.environ, **sides.variables}, timeout=300)  # type: ignore[arg-type]
        assert done.ok, done.output


def command_of(harness: str) -> str:
    """The command line of a documented example."""
    (line,) = [line for line in HARNESSES[harness].example.splitlines() if line.startswith("command = ")]
    return line


def factor(taken: Taken, name: str) -> float:
    """Head's value as a multiple of base's in the only round."""
    (taken_round,) = taken.rounds(name)
    return taken_round.head[0] / taken_round.base[0]


def test_go(sides: Sides) -> None:
    write(sides, "words_test.go", GO + "const factor = FACTOR\n")
    sides.write({"go.mod": "module example.com/words\n\ngo 1.18\n"})
    build(sides, "go test -c -o bench.test .")
    taken = take(sides.suite(f'harness = "go"\n{command_of("go")}\nmetrics = ["time", "allocated"]'))
    assert taken.names == ["words.Work/deep-1", "words.Work/deep-2", "words.Alloc"]
    values = {(one.name, one.metric.name): one.round for one in taken.outcomes if isinstance(one, Measured)}
    assert values["words.Work/deep-2", "time"].head[0] > 2 * values["words.Work/deep-2", "time"].base[0]
    assert values["words.Alloc", "allocated"].head[0] > 400 > values["words.Alloc", "allocated"].base[0]


PACKAGE = """\
package util

import "testing"

var sink int

func BenchmarkParse(b *testing.B) {
	for i := 0; i < b.N; i++ {
		for j := 0; j < 2000*factor; j++ {
			sink += j * j % 7
		}
	}
}

func BenchmarkPause(b *testing.B) {
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(100*factor, "p50-ns")
}
"""


def test_go_packages_of_one_name(sides: Sides) -> None:
    """One of two packages with one last element became slower; the other one did not."""
    sides.write({f"{name}/util/util_test.go": PACKAGE for name in ("client", "server")})
    sides.write({"go.mod": "module example.com/words\n\ngo 1.18\n"})
    sides.write({"client/util/factor.go": "package util\n\nconst factor = 1\n"})
    write(sides, "server/util/factor.go", "package util\n\nconst factor = FACTOR\n")
    build(sides, "go test -c -o client.test ./client/util && go test -c -o server.test ./server/util")
    run_one = "-test.run ^$ -test.bench {filter} -test.benchtime 20ms"
    line = f"sh -c './client.test {run_one}; ./server.test {run_one}'"
    taken = take(sides.suite(f'harness = "go"\ncommand = {json.dumps(line)}\nmetrics = ["time", "p50-ns"]'))
    values = {(one.name, one.metric.name): one.round for one in taken.outcomes if isinstance(one, Measured)}
    assert set(values) == {
        ("client/util.Parse", "time"), ("server/util.Parse", "time"),
        ("client/util.Pause", "p50-ns"), ("server/util.Pause", "p50-ns"),
    }  # fmt: skip
    assert values["server/util.Parse", "time"].head[0] > 2 * values["server/util.Parse", "time"].base[0]
    pauses = {name: values[name, "p50-ns"] for name in ("client/util.Pause", "server/util.Pause")}
    assert [(one.base[0], one.head[0]) for one in pauses.values()] == [
        (pytest.approx(100e-9), pytest.approx(100e-9)),
        (pytest.approx(100e-9), pytest.approx(500e-9)),
    ]


def test_google_benchmark(sides: Sides) -> None:
    write(sides, "work.h", CPP_WORK)
    sides.write({"bench.cpp": GOOGLE_BENCHMARK})
    build(sides, "g++ -O2 bench.cpp -lbenchmark -lpthread -o bench")
    taken = take(sides.suite(f'harness = "google_benchmark"\n{command_of("google_benchmark")}\nmetrics = ["cpu"]'))
    assert taken.names == ["BM_work/100", "BM_work/5000"]
    assert factor(taken, "BM_work/5000") > 2


def test_catch2(sides: Sides) -> None:
    write(sides, "work.h", CPP_WORK)
    sides.write({"bench.cpp": CATCH2})
    version_2 = "g++ -O1 -DCATCH_CONFIG_ENABLE_BENCHMARKING bench.cpp -o bench"
    build(sides, f"{version_2} || g++ -O1 bench.cpp -lCatch2Main -lCatch2 -o bench")
    taken = take(sides.suite(f'harness = "catch2"\n{command_of("catch2")}'))
    assert factor(taken, "work/small") > 2


def test_libtest(sides: Sides) -> None:
    """On a stable toolchain, which knows ``#[bench]`` when told that it may."""
    write(sides, "src/lib.rs", RUST_WORK)
    manifest = '[package]\nname = "words"\nversion = "0.1.0"\nedition = "2021"\n'
    sides.write({"Cargo.toml": manifest, "benches/parse.rs": LIBTEST})
    homes = {"CARGO_HOME": Path.home() / ".cargo", "RUSTUP_HOME": Path.home() / ".rustup"}
    found = {name: str(path) for name, path in homes.items() if path.is_dir()}
    tool = Sides(sides.folder, sides.python, {"RUSTC_BOOTSTRAP": "1", **found})
    build(tool, "cargo bench --no-run")
    line = command_of("libtest").replace("cargo +nightly bench", "cargo bench --bench parse")
    taken = take(tool.suite(f'harness = "libtest"\n{line}'))
    assert taken.names == ["deep::large", "small"]
    assert factor(taken, "small") > 2


@pytest.mark.parametrize("harness", ["vitest", "benchmarkjs"])
def test_node(sides: Sides, harness: str) -> None:
    write(sides, "work.mjs", f"export {JS_WORK}")
    write(sides, "work.cjs", f"{JS_WORK}module.exports = {{ work }}\n")
    sides.write({"work.bench.mjs": VITEST, "benchmark.js": BENCHMARKJS, "package.json": '{"name": "x"}'})
    for side in ("base", "head"):
        (sides.folder / side / "node_modules").symlink_to(MODULES.resolve(strict=True))
    name = {"vitest": "work.bench.mjs > work > small", "benchmarkjs": "work"}[harness]
    assert factor(take(sides.suite(f'harness = "{harness}"\n{command_of(harness)}')), name) > 2


def test_hyperfine(sides: Sides) -> None:
    write(sides, "work.py", "sum(range(1_000_000 * FACTOR))\n")
    line = f"hyperfine -N --runs 2 --export-json {{output}} -n work '{sys.executable} work.py'"
    taken = take(sides.suite(f'harness = "hyperfine"\ncommand = {json.dumps(line)}\nmetrics = ["cpu"]'))
    assert factor(taken, "work") > 1


def test_wrk(sides: Sides) -> None:
    write(sides, "with_server.py", SERVER)
    line = f"{sys.executable} with_server.py wrk -t1 -c1 -d1s --latency URL/search"
    metrics = 'metrics = ["latency_p50", "throughput"]'
    taken = take(sides.suite(f'harness = "wrk"\ncommand = "{line}"\n{metrics}'))
    values = {one.metric.name: one.round for one in taken.outcomes if isinstance(one, Measured)}
    assert values["latency_p50"].head[0] > 2 * values["latency_p50"].base[0]
    assert values["throughput"].base[0] > 2 * values["throughput"].head[0]
