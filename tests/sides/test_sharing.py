"""Which set-ups read so little of a tree that environments may be shared."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfbot.sides.sharing import set_up_alike


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "requirements.txt").write_text("numpy==2.0  # numbers\npytest>=8\n")
    (tmp_path / "own.txt").write_text("-e .\n")
    (tmp_path / "path.txt").write_text("./vendored/thing\n")
    (tmp_path / "package").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    "line",
    [
        "pip install numpy",
        "python -m pip install 'numpy>=1,<3' pytest",
        "pip install -q -r requirements.txt",
        "uv pip install a[b]==1",
    ],
)
def test_named_packages_and_plain_requirements_can_be_shared(tree: Path, line: str) -> None:
    assert set_up_alike([line], tree)
    assert set_up_alike([line], tree) != set_up_alike(["pip install -r requirements.txt -r requirements.txt"], tree)


@pytest.mark.parametrize(
    "line",
    [
        "pip install .", "pip install -e .", "pip install ./package", "pip install package", "make",
        "pip install -r own.txt", "pip install -r path.txt", "pip install -r missing.txt", "pip install numpy && make",
        "pip install 'a @ file:///x'",
        "pip install git+https://example.org/x", "pip install --no-index numpy", "pip install $(cat list)",
    ],
)  # fmt: skip
def test_what_may_read_more_is_never_shared(tree: Path, line: str) -> None:
    assert set_up_alike([line], tree) is None


def test_other_requirements_are_another_environment(tree: Path) -> None:
    before = set_up_alike(["pip install -r requirements.txt"], tree)
    (tree / "requirements.txt").write_text("numpy==2.1\npytest>=8\n")
    assert set_up_alike(["pip install -r requirements.txt"], tree) != before
    assert set_up_alike([], tree) == set_up_alike([], tree / "package")
