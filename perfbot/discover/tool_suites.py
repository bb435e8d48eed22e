"""Suites of other languages' tools, where the project's own files say how they are built and run."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perfbot.config.tools import ToolSuite
from perfbot.discover.cmake import Program, programs, topmost
from perfbot.discover.foreign import TOOLS, count_in

MOST_PACKAGES = 8
"""Go packages with a suite each; more of them share one, whose benchmarks cannot be started one by one."""

GO_ONE = "./bench.test -test.run ^$ -test.bench {filter} -test.benchtime {iterations}x -test.benchmem"
GO_ALL = "go test -run ^$ -bench . -benchtime 20ms -benchmem ./..."

INSTALLS = (
    ("pnpm-lock.yaml", "npx --yes pnpm install --frozen-lockfile"),
    ("yarn.lock", "npx --yes yarn install --frozen-lockfile"),
    ("package-lock.json", "npm ci"),
    ("package.json", "npm install"),
)
"""How a package of Node is installed, by the first of these files that is there."""

BRIEFLY = "--noplot --nresamples 2000 --warm-up-time 0.1 --measurement-time 0.3 {filter}"
CRITERION = "cargo bench{package} --bench {target} -- "
JMH_FORKS = "-f 1 -wi 3 -i 3 -w 100ms -r 100ms -rf json -rff {output}"
MODES = ("time", "throughput")
"""What JMH's benchmarks report depends on their mode, which is throughput unless they say otherwise."""

GOOGLE_BENCHMARK = "--benchmark_filter={filter} --benchmark_min_time=0.05 --benchmark_out={output}"
CATCH2 = "-r xml -o {output} --benchmark-samples 1000 --benchmark-warmup-time 20 --benchmark-no-analysis"
TAG = "'[!benchmark]' "
CPP = (("Google Benchmark", "google_benchmark", GOOGLE_BENCHMARK), ("Catch2", "catch2", CATCH2))
"""Tools of programs that CMake builds."""

Counted = tuple[ToolSuite, int]
"""A suite, and how many benchmarks its sources show."""


def tool_suites(files: Sequence[Path], root: Path) -> tuple[Counted, ...]:
    """The suites that work as they stand; tools whose build cannot be told from files are left to the reader."""
    return (
        *_go(files, root),
        *_criterion(files, root),
        *_cmake(files, root),
        *_vitest(files, root),
        *_jmh(files, root),
    )


def _by_folder(name: str, files: Sequence[Path]) -> dict[Path, int]:
    """How many benchmarks of a tool each folder has."""
    tool = next(tool for tool in TOOLS if tool.name == name)
    counts: Counter[Path] = Counter()
    for path in files:
        if count := count_in(tool, path):
            counts[path.parent] += count
    return dict(sorted(counts.items()))


def _above(folder: Path, root: Path, name: str) -> Path | None:
    """The nearest folder, upwards to the repository's top, that holds a file."""
    inside = (parent for parent in (folder, *folder.parents) if parent.is_relative_to(root))
    return next((parent for parent in inside if (parent / name).is_file()), None)


def _relative(folder: Path, root: Path) -> str:
    return folder.relative_to(root).as_posix()


def _name(folder: Path, root: Path, otherwise: str) -> str:
    return otherwise if folder == root else _plain(folder.name) or otherwise


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")


def _go(files: Sequence[Path], root: Path) -> Iterator[Counted]:
    packages = {folder: count for folder, count in _by_folder("Go", files).items() if _above(folder, root, "go.mod")}
    if len(packages) > MOST_PACKAGES:
        modules = {module for folder in packages if (module := _above(folder, root, "go.mod"))}
        for module in sorted(modules):
            count = sum(count for folder, count in packages.items() if _above(folder, root, "go.mod") == module)
            yield _suite(root, module, "go", "go", GO_ALL, ["go test -run ^$ ./..."], ("time", "allocated")), count
        return
    for folder, count in packages.items():
        yield _suite(root, folder, "go", "go", GO_ONE, ["go test -c -o bench.test ."], ("time", "allocated")), count


@dataclass(frozen=True, slots=True)
class _Target:
    """A file of benchmarks that cargo builds.

    Attributes:
        home: folder of the workspace, or of the crate where it is in none; builds are shared there.
        chosen: arguments that choose its package, if it is one of several.
        features: without which cargo does not build it.
    """

    home: Path
    chosen: str
    features: tuple[str, ...]
    name: str
    count: int


def _criterion(files: Sequence[Path], root: Path) -> Iterator[Counted]:
    """A suite a file; those of one workspace have one set-up, so that what they depend on is built once a side."""
    tool = next(tool for tool in TOOLS if tool.name == "criterion")
    homes: dict[Path, list[_Target]] = {}
    for path in files:
        crate = _above(path.parent, root, "Cargo.toml")
        if crate is not None and (count := count_in(tool, path)) and (found := _target(crate, path, root, count)):
            homes.setdefault(found.home, []).append(found)
    for home, targets in homes.items():
        packages = dict.fromkeys(target.chosen for target in targets)
        every = "".join(f" --bench {name}" for name in dict.fromkeys(target.name for target in targets))
        needed = dict.fromkeys(feature for target in targets for feature in target.features)
        setup = [f"cargo bench --no-run{''.join(packages)}{_features(needed)}{every}"]
        for target in targets:
            chosen = f"{target.chosen}{_features(target.features)}"
            line = CRITERION.format(target=target.name, package=chosen) + BRIEFLY
            suite = _suite(root, home, target.name, "criterion", line, setup, ("time",))
            yield suite.model_copy(update={"name": target.name}), target.count


def _target(crate: Path, path: Path, root: Path, count: int) -> _Target | None:
    """What cargo makes of a file of benchmarks; None where the manifest does not take it."""
    manifest = _manifest(crate)
    own = path.relative_to(crate).as_posix()
    for bench in _tables(manifest.get("bench")):
        name = str(bench.get("name", ""))
        if own in (bench.get("path"), f"benches/{name}.rs", f"benches/{name}/main.rs"):
            above = [folder for folder in (crate, *crate.parents) if folder.is_relative_to(root)]
            home = next((folder for folder in above if "workspace" in _manifest(folder)), crate)
            package = manifest.get("package")
            called = str(package.get("name", "")) if isinstance(package, dict) else ""
            member = called if home != crate else ""
            features = tuple(f"{member}/{one}" if member else str(one) for one in bench.get("required-features", ()))
            return _Target(home, f" -p {shlex.quote(member)}" if member else "", features, name, count)
    return None


def _features(names: Collection[str]) -> str:
    return f" --features {shlex.quote(','.join(names))}" if names else ""


def _manifest(folder: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads((folder / "Cargo.toml").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}


def _tables(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _cmake(files: Sequence[Path], root: Path) -> Iterator[Counted]:
    """A suite for each program that is built in any case, and has benchmarks of one of the tools."""
    for name, harness, options in CPP:
        tool = next(tool for tool in TOOLS if tool.name == name)
        counts = {path.resolve(): count for path in files if (count := count_in(tool, path))}
        for top in sorted({top for path in counts if (top := topmost(path.parent, root.resolve()))}):
            for program in programs(top):
                sources = [source.resolve() for source in program.sources]
                if count := sum(counts.get(source, 0) for source in sources):
                    tagged = harness == "catch2" and all(_tagged(source) for source in sources if source in counts)
                    line = f"{program.path} {TAG if tagged else ''}{options}"
                    suite = _suite(root.resolve(), top, program.target, harness, line, _built(program), ("time",))
                    yield suite.model_copy(update={"name": _plain(program.target) or harness}), count


def _built(program: Program) -> list[str]:
    options = "".join(f" -D{shlex.quote(name)}=ON" for name in program.options)
    return [
        f"cmake -S . -B build -DCMAKE_BUILD_TYPE=Release{options}",
        f"cmake --build build -j --target {shlex.quote(program.target)}",
    ]


def _tagged(source: Path) -> bool:
    """Whether test cases with benchmarks can be told from tests."""
    return "[!benchmark]" in source.read_text("utf-8", "replace")


def _vitest(files: Sequence[Path], root: Path) -> Iterator[Counted]:
    """A suite a package; those of a workspace are installed where its lock file lies, with what its top depends on."""
    packages: Counter[tuple[Path, Path, Path]] = Counter()
    for folder, count in _by_folder("vitest", files).items():
        if package := _above(folder, root, "package.json"):
            ways = [above for above in (package, *package.parents) if above.is_relative_to(root)]
            home = next(filter(_is_installed_from, ways), package)
            holder = next(
                (above for above in ways if above.is_relative_to(home) and _depends_on(above, "vitest")), None
            )
            if holder is not None:
                packages[home, package, holder] += count
    for (home, package, holder), count in sorted(packages.items()):
        install = _install(home)
        inside = "" if package == home else f" --root {shlex.quote(_relative(package, home))}"
        linked = f"{shlex.quote(_relative(holder, home))}/" if "pnpm" in install and holder != home else ""
        line = f"{linked}node_modules/.bin/vitest bench --run{inside} --outputJson {{output}}"
        suite = _suite(root, home, "node", "vitest", line, [install], ("time",))
        yield suite.model_copy(update={"name": _name(package, root, "node")}), count


def _install(home: Path) -> str:
    """How packages are installed; pnpm in the version that the project names: another one would fetch that first."""
    line = next(line for name, line in INSTALLS if (home / name).is_file())
    named = re.match(r"(pnpm@[\w.-]+)", str(_package(home).get("packageManager", "")))
    return line.replace(" pnpm ", f" {named[1]} ") if named else line


def _is_installed_from(package: Path) -> bool:
    """Whether a lock file says so, or that it is the top of a workspace."""
    locks = any((package / name).is_file() for name, _ in INSTALLS if name != "package.json")
    return locks or (package / "pnpm-workspace.yaml").is_file() or "workspaces" in _package(package)


def _depends_on(package: Path, name: str) -> bool:
    kinds = (_package(package).get(kind) for kind in ("devDependencies", "dependencies"))
    return any(name in kind for kind in kinds if isinstance(kind, dict))


def _package(folder: Path) -> Mapping[str, Any]:
    try:
        found = json.loads((folder / "package.json").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _jmh(files: Sequence[Path], root: Path) -> Iterator[Counted]:
    modules: Counter[Path] = Counter()
    for folder, count in _by_folder("JMH", files).items():
        if module := _above(folder, root, "pom.xml"):
            modules[module] += count
    for module, count in sorted(modules.items()):
        text = (module / "pom.xml").read_text("utf-8", "replace")
        if jar := _jar(text):
            line = f"java -Djmh.ignoreLock=true -jar target/{jar}.jar {JMH_FORKS}"
            yield _suite(root, module, "jvm", "jmh", line, ["mvn -q -DskipTests package"], MODES), count


def _jar(text: str) -> str:
    """The name of the jar with everything in it that a pom makes; empty where it makes none, or computes the name."""
    found = re.search(r"<uberjar\.name>([\w.-]+)</uberjar\.name>", text)
    if found or "maven-shade-plugin" not in text:
        return found[1] if found else ""
    for place in (r"maven-shade-plugin.*?", ""):
        if found := re.search(place + r"<finalName>([\w.-]+)</finalName>", text, re.DOTALL):
            return found[1]
    inner = r"<(parent|dependencies|dependencyManagement|properties|profiles|build)>.*?</\1>"
    own = "" if "<finalName>" in text else re.sub(inner, "", text, flags=re.DOTALL)
    parts = [re.search(rf"<{name}>([\w.-]+)</{name}>", own) for name in ("artifactId", "version")]
    return "-".join(part[1] for part in parts if part) if all(parts) else ""


def _suite(
    root: Path, folder: Path, otherwise: str, harness: str, command: str, setup: list[str], metrics: tuple[str, ...]
) -> ToolSuite:
    given = {
        "name": _name(folder, root, otherwise),
        "harness": harness,
        "command": command,
        "directory": _relative(folder, root),
        "setup": tuple(setup),
        "metrics": metrics,
    }
    return ToolSuite.model_validate(given)
