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
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = [suite for suite, _ in tool_suites([tmp_path / name for name in sorted(texts)], tmp_path)]
    both = "cargo bench --no-run -p core-tools -p text-tools --bench hash --bench words"
    assert [(one.name, one.directory, one.setup) for one in found] == [
        ("hash", ".", (both,)),
        ("words", ".", (both,)),
        ("solo", "own", ("cargo bench --no-run --bench solo",)),
    ]
    assert [one.command.partition(" -- ")[0] for one in found] == [
        "cargo bench -p core-tools --bench hash",
        "cargo bench -p text-tools --bench words",
        "cargo bench --bench solo",
    ]
