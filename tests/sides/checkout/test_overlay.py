"""files = "head": head's benchmarks run on both sides, and base is itself again afterwards."""

from __future__ import annotations

from perfbot.sides.checkout import checkouts
from tests.repositories import git
from tests.sides.checkout.conftest import Project


def benchmarks(project: Project, *paths: str) -> tuple[dict[str, str], tuple[str, ...], str]:
    """Files of base's benchmark folder, what was overlaid, and base's code."""
    with checkouts(project.path, project.change, cache=project.cache, overlaid=paths) as (base, head):
        folder = base.path / "benchmarks"
        texts = {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}
        assert head.overlaid == ()
        assert git(head.path, "status", "--porcelain") == ""
        return texts, base.overlaid, (base.path / "code.py").read_text()


HEAD = {"bench_a.py": "A = 'head'\n", "bench_new.py": "new\n"}
BASE = {"bench_a.py": "A = 'base'\n", "bench_old.py": "old\n"}
ALL = ("benchmarks/bench_a.py", "benchmarks/bench_new.py", "benchmarks/bench_old.py")


def test_a_folder(project: Project) -> None:
    assert benchmarks(project, "benchmarks/") == (HEAD, ALL, "SPEED = 'base'\n")


def test_twice_and_then_without(project: Project) -> None:
    assert benchmarks(project, "benchmarks")[0] == HEAD
    assert benchmarks(project, "benchmarks")[0] == HEAD
    assert benchmarks(project)[0] == BASE


def test_another_overlay_is_another_folder(project: Project) -> None:
    def path(*overlaid: str) -> str:
        with checkouts(project.path, project.change, cache=project.cache, overlaid=overlaid) as (base, _):
            return str(base.path)

    assert len({path(), path("benchmarks"), path("benchmarks/bench_a.py")}) == 3
    assert path("benchmarks/data") == path(), "an overlay that changes nothing is none"


def test_a_file(project: Project) -> None:
    expected = {**BASE, "bench_a.py": "A = 'head'\n"}
    assert benchmarks(project, "benchmarks/bench_a.py")[:2] == (expected, ("benchmarks/bench_a.py",))


def test_a_glob(project: Project) -> None:
    expected = {**BASE, "bench_new.py": "new\n"}
    assert benchmarks(project, "**/bench_n*.py")[:2] == (expected, ("benchmarks/bench_new.py",))


def test_a_path_that_is_nowhere(project: Project) -> None:
    assert benchmarks(project, "nowhere")[:2] == (BASE, ())


def test_names_that_look_like_something_else(project: Project) -> None:
    odd = {"benchmarks/:(top)*.py": "odd\n", "benchmarks/-f": "odd\n", "benchmarks/a b\n[c].py": "odd\n"}
    project.repository.git("checkout", "--quiet", "--detach", project.change.head)
    head = project.repository.commit(odd)
    change = type(project.change)(project.change.base, head)
    with checkouts(project.path, change, cache=project.cache, overlaid=["benchmarks"]) as (base, _):
        assert set(base.overlaid) == {*ALL, *odd}
        assert all((base.path / name).read_text() == "odd\n" for name in odd)


def test_edited_and_deleted_files_are_head_s_again_in_the_next_run(project: Project) -> None:
    with checkouts(project.path, project.change, cache=project.cache, overlaid=["benchmarks"]) as (base, _):
        (base.path / "benchmarks" / "bench_a.py").write_text("edited by set-up")
        (base.path / "benchmarks" / "bench_new.py").unlink()
    assert benchmarks(project, "benchmarks")[0] == HEAD


def test_overlaid_files_are_no_rubbish_to_git(project: Project) -> None:
    with checkouts(project.path, project.change, cache=project.cache, overlaid=["benchmarks"]) as (base, _):
        assert git(base.path, "clean", "-ffdx", "--dry-run") == "", "set-up cleans the tree before it starts"
