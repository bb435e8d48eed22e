"""``perfbot init``: what it writes and says, and that it never overwrites unasked."""

import tomllib
from pathlib import Path

import pytest

from perfbot import config
from perfbot.cli import init_ci
from perfbot.cli.main import main

ROOT = Path(__file__).parents[2]
BENCH = "def test_x(benchmark): ...\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A small repository with one benchmark; the current folder is below its top."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "lib"\n')
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "test_a.py").write_text(BENCH)
    monkeypatch.chdir(tmp_path / "bench")
    return tmp_path


def test_it_writes_at_the_top_what_it_found(project, capsys):
    assert main(["init"]) == 0
    (suite,) = config.load(None, project).suites
    assert (suite.name, suite.paths, suite.setup) == ("bench", ("bench/",), ("pip install .",))
    out = capsys.readouterr().out
    assert "found 1 benchmark for pytest in bench/ → suite 'bench'\nwrote ../perfbot.toml\n" in out
    assert "perfbot doctor" in out
    assert "perfbot run" in out


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("uses: benchmark-action/github-action-benchmark@v1", "github-action-benchmark"),
        ("run: pytest --benchmark-compare=0001", "pytest-benchmark"),
        ("run: asv continuous main HEAD", "asv"),
        ("uses: CodSpeedHQ/action@v4", "codspeed"),
        ("run: bencher run --adapter json ./bench", "bencher"),
        ("run: pytest --benchmark-only", ""),
    ],
)
def test_what_watched_until_now_is_named_with_the_way_over(project, capsys, text, page):
    workflows = project / ".github" / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "ci.yml").write_text(f"jobs: {{a: {{steps: [{{{text}}}]}}}}\n")
    assert main(["init", "--no-ci"]) == 0
    out = capsys.readouterr().out
    assert ("seen: .github/workflows/ci.yml calls" in out) == bool(page)
    if page:
        assert f"docs/migrate/{page}.md" in out
        assert (ROOT / f"docs/migrate/{page}.md").is_file()


def test_a_script_that_needs_nothing_is_taken_where_there_is_nothing_else(project, capsys):
    (project / "bench" / "test_a.py").unlink()
    (project / "bench" / "speed.py").write_text("import sys, timeit\nsys.exit(main(argv=sys.argv[1:]))\n")
    assert main(["init"]) == 0
    (suite,) = config.load(None, project).suites
    assert (suite.harness, dict(suite.commands)) == ("command", {"speed": "python bench/speed.py"})
    assert suite.paths == ("bench/",)
    assert "perfbot run" in capsys.readouterr().out


@pytest.mark.parametrize(
    "needs",
    [
        "n = sys.argv[1]",
        "import click",
        "import mystery",
        "import argparse\nargparse.ArgumentParser().add_argument('file')",
        "import argparse\nargparse.ArgumentParser().add_argument('--file', required=True)",
    ],
)
def test_a_script_that_needs_something_is_offered_and_not_taken(project, capsys, needs):
    (project / "bench" / "test_a.py").unlink()
    (project / "pyproject.toml").unlink()
    (project / "bench" / "speed.py").write_text(f"import sys, timeit\n{needs}\n")
    assert main(["init"]) == 0
    out = capsys.readouterr().out
    assert "seen, not configured: a script, bench/speed.py; perfbot.toml holds a suite to uncomment\n" in out
    assert config.load(None, project).suites == ()
    assert "perfbot run" not in out


def test_requirements_beside_a_script_are_installed(project):
    (project / "bench" / "test_a.py").unlink()
    (project / "bench" / "requirements.txt").write_text("mystery\n")
    (project / "bench" / "speed.py").write_text("import timeit, mystery\n")
    assert main(["init"]) == 0
    (suite,) = config.load(None, project).suites
    assert suite.setup == ("pip install .", "pip install -r bench/requirements.txt")


def test_a_program_made_for_measuring_is_taken(project):
    (project / "bench" / "test_a.py").unlink()
    (project / "requirements").mkdir()
    (project / "requirements" / "bench").write_text("django\n")
    (project / "pyproject.toml").write_text(
        '[project]\nname = "lib"\n[project.scripts]\nlib = "a:b"\nlib-bench = "a:c"\n'
    )
    assert main(["init"]) == 0
    (suite,) = config.load(None, project).suites
    assert dict(suite.commands) == {"lib-bench": "lib-bench"}
    assert suite.setup == ("pip install .", "pip install -r requirements/bench")


@pytest.mark.parametrize(
    ("scripts", "command"),
    [('[project.scripts]\nlib = "a:b"\n', {"help": "lib --help"}), ("", {"import": "python -c 'import lib'"})],
)
def test_without_benchmarks_the_start_is_measured(project, capsys, scripts, command):
    (project / "bench" / "test_a.py").unlink()
    (project / "pyproject.toml").write_text(f'[project]\nname = "lib"\n{scripts}')
    (project / "lib.py").touch()
    assert main(["init"]) == 0
    (suite,) = config.load(None, project).suites
    assert (suite.name, dict(suite.commands), suite.setup) == ("start", command, ("pip install .",))
    assert "found no benchmarks: suite 'start' measures how the project starts" in capsys.readouterr().out


def test_an_existing_file_is_kept(project, capsys):
    (project / "perfbot.toml").write_text("# mine\n")
    assert main(["init"]) == 2
    assert (project / "perfbot.toml").read_text() == "# mine\n"
    assert "perfbot: ../perfbot.toml exists already\n  → `perfbot init --dry-run`" in capsys.readouterr().err


def test_force_overwrites(project):
    (project / "perfbot.toml").write_text("# mine\n")
    assert main(["init", "--force"]) == 0
    assert config.load(None, project).suites


def test_a_configuration_in_pyproject_counts(project, capsys):
    (project / "pyproject.toml").write_text("[tool.perfbot.run]\n")
    assert main(["init"]) == 2
    assert "configured already, in pyproject.toml [tool.perfbot]" in capsys.readouterr().err
    assert not (project / "perfbot.toml").exists()


def test_a_dry_run_prints_the_file_and_nothing_else(project, capsys):
    assert main(["init", "--dry-run"]) == 0
    assert not (project / "perfbot.toml").exists()
    assert tomllib.loads(capsys.readouterr().out)["suite"][0]["name"] == "bench"


def test_without_benchmarks_it_writes_an_example_and_does_not_say_run(project, capsys):
    (project / "bench" / "test_a.py").unlink()
    (project / "pyproject.toml").unlink()
    assert main(["init"]) == 0
    out = capsys.readouterr().out
    assert "found no benchmarks" in out
    assert "perfbot harnesses" in out
    assert "perfbot run" not in out
    assert config.load(None, project).suites == ()


GOOGLE = "#include <benchmark/benchmark.h>\nBENCHMARK(parse);\n"


def test_tools_whose_build_nobody_can_tell_get_a_table_to_complete(project, capsys):
    (project / "bench" / "bench.cc").write_text(GOOGLE)
    (project / "CMakeLists.txt").touch()
    assert main(["init"]) == 0
    out = capsys.readouterr().out
    assert "seen, not configured: Google Benchmark, 1 benchmark (bench/bench.cc …)" in out
    assert "`perfbot harnesses google_benchmark`" in out
    text = (project / "perfbot.toml").read_text()
    table = text[text.index("# Google Benchmark") :].split("\n\n")[0].splitlines()[2:]
    completed = "\n".join(line.removeprefix("# ") for line in table)
    (suite,) = config.parse(completed, "completed").suites
    assert (suite.harness, suite.command.split()[0]) == ("google_benchmark", "build/NAME")


GO = "package p\nfunc BenchmarkA(b *testing.B) {}\n"
CRITERION = "use criterion::*;\nfn f(c) { c.bench_function(); }\n"
CARGO = '[package]\nname = "p"\n[[bench]]\nname = "speed"\nharness = false\n'
VITEST = 'import { bench } from "vitest"\nbench("a", () => {})\n'
JMH = "import org.openjdk.jmh.annotations.*;\n@Benchmark void a() {}\n"
POM = "<properties><uberjar.name>benchmarks</uberjar.name></properties>"


@pytest.mark.parametrize(
    ("files", "suites"),
    [
        ({"go.mod": "", "a_test.go": GO}, [("go", "go", ".", "./bench.test -test.run")]),
        (
            {"go.mod": "", "a/a_test.go": GO, "b/b_test.go": GO},
            [("a", "go", "a", "./bench.test"), ("b", "go", "b", "./bench.test")],
        ),
        ({"go.mod": "", **{f"p{n}/a_test.go": GO for n in range(9)}}, [("go", "go", ".", "go test -run ^$ -bench . ")]),
        (
            {"crates/p/Cargo.toml": CARGO, "crates/p/benches/speed.rs": CRITERION},
            [("speed", "criterion", "crates/p", "cargo bench --bench speed")],
        ),
        (
            {"web/package.json": '{"devDependencies": {"vitest": "^3"}}', "web/a.bench.ts": VITEST},
            [("web", "vitest", "web", "node_modules/.bin/vitest bench --run")],
        ),
        (
            {"pom.xml": POM, "src/A.java": JMH},
            [("jvm", "jmh", ".", "java -Djmh.ignoreLock=true -jar target/benchmarks.jar")],
        ),
    ],
)
def test_tools_whose_files_say_how_they_run_get_a_suite(tmp_path, monkeypatch, capsys, files, suites):
    (tmp_path / ".git").mkdir()
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    found = config.load(None, tmp_path).suites
    assert [(one.name, one.harness, one.directory) for one in found] == [one[:3] for one in suites]
    assert all(suite.command.startswith(one[3]) for suite, one in zip(found, suites, strict=True))
    assert "perfbot run" in capsys.readouterr().out


def test_what_no_requirement_names_is_said(project, capsys):
    (project / "bench" / "test_a.py").write_text("import mystery\n" + BENCH)
    assert main(["init"]) == 0
    assert "  ! imports mystery, which no requirement" in capsys.readouterr().out


@pytest.fixture
def gitlab(project):
    (project / ".gitlab-ci.yml").write_text("stages: [test]\n")
    return project


@pytest.fixture
def github(project):
    (project / ".github/workflows").mkdir(parents=True)
    (project / ".github/workflows/tests.yaml").touch()
    return project


def test_the_component_is_written_for_gitlab_and_its_include_shown(gitlab, capsys):
    assert main(["init"]) == 0
    assert (gitlab / ".gitlab/perfbot.yml").read_text() == (ROOT / "templates/perfbot.yml").read_text()
    out = capsys.readouterr().out
    assert "wrote .gitlab/perfbot.yml\n" in out
    assert init_ci.GITLAB_INCLUDE in out
    assert "PERFBOT_TOKEN" in out
    assert (gitlab / ".gitlab-ci.yml").read_text() == "stages: [test]\n"
    assert not (gitlab / ".github").exists()


def test_both_workflows_are_written_for_github(github, capsys):
    assert main(["init"]) == 0
    out = capsys.readouterr().out
    for name in ("perfbot.yml", "perfbot-publish.yml"):
        written = (github / ".github/workflows" / name).read_text()
        assert written == (ROOT / "docs/examples/github" / name).read_text()
        assert f"wrote .github/workflows/{name}\n" in out
    assert not (github / ".gitlab").exists()


def test_existing_ci_files_are_kept_even_by_force(github, capsys):
    own = github / ".github/workflows/perfbot.yml"
    own.write_text("# mine\n")
    assert main(["init", "--force"]) == 0
    assert own.read_text() == "# mine\n"
    assert "kept .github/workflows/perfbot.yml: it exists already" in capsys.readouterr().out
    assert (github / ".github/workflows/perfbot-publish.yml").is_file()


@pytest.mark.parametrize("option", ["--no-ci", "--dry-run"])
def test_no_ci_file_is_written_unasked(github, option):
    assert main(["init", option]) == 0
    assert [f.name for f in (github / ".github/workflows").iterdir()] == ["tests.yaml"]


def test_without_ci_none_is_made(project, capsys):
    assert main(["init"]) == 0
    assert "docs/tutorial.md" in capsys.readouterr().out
    assert not (project / ".github").exists()
    assert not (project / ".gitlab").exists()


def test_a_ci_file_that_cannot_be_written(gitlab, capsys):
    (gitlab / ".gitlab").write_text("a file")
    assert main(["init"]) == 2
    assert ".gitlab/perfbot.yml cannot be written" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_a_usage_error(project, capsys):
    (project / "perfbot.toml").mkdir()
    assert main(["init", "--force"]) == 2
    assert "perfbot.toml cannot be written: Is a directory" in capsys.readouterr().err
