"""What the build files of other languages say about a suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfbot.discover.tool_suites import tool_suites

JMH = "import org.openjdk.jmh.annotations.*;\nclass A { @Benchmark int x() { return 1; } }\n"
SHADE = "<plugin><artifactId>maven-shade-plugin</artifactId>{}</plugin>"
POM = (
    "<project><parent><artifactId>above</artifactId><version>9</version></parent><artifactId>own</artifactId>"
    "<version>1.2</version><dependencies><dependency><artifactId>jmh-core</artifactId><version>1.37</version>"
    "</dependency></dependencies><build>{}<plugins>{}</plugins></build></project>"
)


@pytest.mark.parametrize(
    ("pom", "jar"),
    [
        (POM.format("", SHADE.format("")), "own-1.2"),
        (POM.format("<finalName>benchmarks</finalName>", SHADE.format("")), "benchmarks"),
        (POM.format("<finalName>app</finalName>", SHADE.format("<finalName>bench</finalName>")), "bench"),
        (POM.format("<finalName>${odd}</finalName>", SHADE.format("")), ""),
        (POM.format("", SHADE.format("")).replace("1.2", "${revision}"), ""),
        (POM.format("", ""), ""),
        ("<project><properties><uberjar.name>uber</uberjar.name></properties></project>", "uber"),
    ],
)
def test_the_jar_that_maven_makes(tmp_path: Path, pom: str, jar: str) -> None:
    (tmp_path / "pom.xml").write_text(pom)
    source = tmp_path / "src/main/java/A.java"
    source.parent.mkdir(parents=True)
    source.write_text(JMH)
    found = [suite.command.split(".jar")[0] for suite, _ in tool_suites([source], tmp_path)]
    assert found == ([f"java -Djmh.ignoreLock=true -jar target/{jar}"] if jar else [])


BENCHMARKS = "#include <benchmark/benchmark.h>\nBENCHMARK(parse);\nBENCHMARK(write);\n"
CATCH = '#include <catch2/catch.hpp>\nTEST_CASE("x"TAG) {\n  BENCHMARK("y") {};\n}\n'
TOP = "project(x)  # add_executable(no bench/parse.cc)\nadd_subdirectory(bench)\n"


def cmake(root: Path, texts: dict[str, str]) -> list[tuple[str, str, str, str, int]]:
    """Name, harness, folder, program and number of benchmarks of each suite."""
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    found = tool_suites([root / name for name in texts], root)
    return [(one.name, one.harness, one.directory, one.command.partition(" ")[0], count) for one, count in found]


@pytest.mark.parametrize(
    ("top", "inner", "program"),
    [
        (TOP, "add_executable(speed parse.cc)", "build/bench/speed"),
        ("add_executable(speed src/a.cc bench/parse.cc)", "", "build/speed"),
        (TOP, 'ADD_EXECUTABLE( speed\n  "${CMAKE_CURRENT_SOURCE_DIR}/parse.cc" )', "build/bench/speed"),
        (TOP, "if(BENCHMARKS)\n  add_executable(speed parse.cc)\nendif()", ""),
        (TOP, "if((A) OR (B))\n  add_executable(speed parse.cc)\nendif()", ""),
        ("option(A x ON)\n" + TOP, "if(A)\nelse()\n  add_executable(speed parse.cc)\nendif()", ""),
        ("option(A x ON)\n" + TOP, "if(NOT A)\n  add_executable(speed parse.cc)\nendif()", ""),
        ("option(A x ON)\n" + TOP, "if(A AND UNIX)\n  add_executable(speed parse.cc)\nendif()", ""),
        ("option(A x ON)\n" + TOP, "if(A)\n  add_executable(speed parse.cc)\nendif()", "build/bench/speed"),
        ("if(BENCHMARKS)\nadd_subdirectory(bench)\nendif()", "add_executable(speed parse.cc)", ""),
        (TOP, "function(f)\nadd_executable(speed parse.cc)\nendfunction()", ""),
        (TOP, "foreach(x a b)\nadd_executable(${x} parse.cc)\nendforeach()\nadd_executable(${x} parse.cc)", ""),
        (TOP, "set(CMAKE_RUNTIME_OUTPUT_DIRECTORY bin)\nadd_executable(speed parse.cc)", ""),
        (TOP + "add_subdirectory(..)", "add_executable(speed other.cc)", ""),
    ],
)
def test_the_programs_that_cmake_builds_in_any_case(tmp_path: Path, top: str, inner: str, program: str) -> None:
    found = cmake(tmp_path, {"CMakeLists.txt": top, "bench/CMakeLists.txt": inner, "bench/parse.cc": BENCHMARKS})
    assert found == ([("speed", "google_benchmark", ".", program, 2)] if program else [])


@pytest.mark.parametrize(
    ("top", "options"),
    [
        ('option(BENCH "build (all of) them" OFF)\nif(BENCH)\n' + TOP + "endif()", " -DBENCH=ON"),
        ("include(CTest)\nif (BUILD_TESTING)\n" + TOP + "endif()", ""),
        ("option(A x)\noption(B x)\nif(A AND B)\nif(A)\n" + TOP + "endif()\nendif()", " -DA=ON -DB=ON"),
        ("option(A x)\nif(PROJECT_IS_TOP_LEVEL AND A)\n" + TOP + "endif()", " -DA=ON"),
        ('if(CMAKE_PROJECT_NAME STREQUAL "${PROJECT_NAME}")\n' + TOP + "endif()", ""),
        ("include(cmake/options.cmake)\nif(OWN)\n" + TOP + "endif()", " -DOWN=ON"),
    ],
)
def test_options_that_benchmarks_are_built_by_are_switched_on(tmp_path: Path, top: str, options: str) -> None:
    texts = {
        "CMakeLists.txt": top,
        "bench/CMakeLists.txt": "add_executable(speed parse.cc)",
        "bench/parse.cc": BENCHMARKS,
    }
    assert cmake(tmp_path, {**texts, "cmake/options.cmake": "option(OWN x OFF)"})
    ((suite, _),) = tool_suites([tmp_path / "bench/parse.cc"], tmp_path)
    assert suite.setup[0] == f"cmake -S . -B build -DCMAKE_BUILD_TYPE=Release{options}"


@pytest.mark.parametrize("tag", ["", ', "[!benchmark]"'])
def test_catch2s_benchmarks_are_told_from_its_tests_where_they_say_so(tmp_path: Path, tag: str) -> None:
    texts = {"lib/CMakeLists.txt": "add_executable(tests a.cpp)", "lib/a.cpp": CATCH.replace("TAG", tag)}
    assert cmake(tmp_path, texts) == [("tests", "catch2", "lib", "build/tests", 1)]
    ((suite, _),) = tool_suites([tmp_path / "lib/a.cpp"], tmp_path)
    assert ("'[!benchmark]'" in suite.command) == bool(tag)
    assert suite.setup[1] == "cmake --build build -j --target tests"


BENCH = "use criterion::*;\nfn f(c: &mut Criterion) { c.bench_function(1); }\n"
MEMBER = '[package]\nname = "{}"\n[[bench]]\nname = "{}"\nharness = false\n'


def test_suites_of_one_cargo_workspace_have_one_set_up(tmp_path: Path) -> None:
    """So they share checkouts, and criterion is compiled once a side; a crate beside it has its own."""
    texts = {"Cargo.toml": '[workspace]\nmembers = ["core", "text"]\n', "own/Cargo.toml": "[workspace]\n"}
    for crate, package, target in (
        ("core", "core-tools", "hash"),
        ("text", "text-tools", "words"),
        ("own", "o", "solo"),
    ):
        texts[f"{crate}/Cargo.toml"] = texts.get(f"{crate}/Cargo.toml", "") + MEMBER.format(package, target)
        texts[f"{crate}/benches/{target}.rs"] = BENCH
    texts["text/Cargo.toml"] += 'required-features = ["bench"]\n'
    texts["own/Cargo.toml"] += 'required-features = ["a", "b"]\n'
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = [suite for suite, _ in tool_suites([tmp_path / name for name in sorted(texts)], tmp_path)]
    both = "cargo bench --no-run -p core-tools -p text-tools --features text-tools/bench --bench hash --bench words"
    assert [(one.name, one.directory, one.setup) for one in found] == [
        ("hash", ".", (both,)),
        ("words", ".", (both,)),
        ("solo", "own", ("cargo bench --no-run --features a,b --bench solo",)),
    ]
    assert [one.command.partition(" -- ")[0] for one in found] == [
        "cargo bench -p core-tools --bench hash",
        "cargo bench -p text-tools --features text-tools/bench --bench words",
        "cargo bench --features a,b --bench solo",
    ]


VITEST = 'import { bench } from "vitest"\nbench("a", () => {})\n'
NEEDS = '{"devDependencies": {"vitest": "^3"}}'
PNPM = "npx --yes pnpm install --frozen-lockfile"


@pytest.mark.parametrize(
    ("files", "suite"),
    [
        ({"package.json": NEEDS}, ("node", ".", "npm install", "node_modules/.bin/vitest bench --run")),
        (
            {"package.json": NEEDS, "package-lock.json": "", "libs/b/package.json": "{}"},
            ("b", ".", "npm ci", "node_modules/.bin/vitest bench --run --root libs/b"),
        ),
        (
            {"package.json": '{"workspaces": ["libs/*"]}', "libs/b/package.json": NEEDS},
            ("b", ".", "npm install", "node_modules/.bin/vitest bench --run --root libs/b"),
        ),
        (
            {"package.json": "{}", "pnpm-lock.yaml": "", "libs/b/package.json": NEEDS},
            ("b", ".", PNPM, "libs/b/node_modules/.bin/vitest bench --run --root libs/b"),
        ),
        (
            {"package.json": NEEDS.replace("{", '{"packageManager": "pnpm@10.1.2+sha", ', 1), "pnpm-lock.yaml": ""},
            ("node", ".", PNPM.replace("pnpm", "pnpm@10.1.2"), "node_modules/.bin/vitest bench --run"),
        ),
        (
            {"package.json": NEEDS, "pnpm-lock.yaml": "", "libs/b/package.json": "{}"},
            ("b", ".", PNPM, "node_modules/.bin/vitest bench --run --root libs/b"),
        ),
        (
            {"package.json": NEEDS, "libs/b/package.json": NEEDS, "libs/b/package-lock.json": ""},
            ("b", "libs/b", "npm ci", "node_modules/.bin/vitest bench --run"),
        ),
        ({"package.json": "{}", "libs/b/package.json": "{}"}, None),
        ({"package.json": "[]", "libs/b/package.json": "{"}, None),
    ],
)
def test_packages_of_a_workspace_are_installed_at_its_top(
    tmp_path: Path, files: dict[str, str], suite: tuple[str, ...] | None
) -> None:
    folder = "libs/b/" if any(name.startswith("libs") for name in files) else ""
    texts = {**files, f"{folder}src/a.bench.ts": VITEST}
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = [one for one, _ in tool_suites([tmp_path / name for name in texts], tmp_path)]
    shown = [(one.name, one.directory, *one.setup, one.command.removesuffix(" --outputJson {output}")) for one in found]
    assert shown == ([suite] if suite else [])
