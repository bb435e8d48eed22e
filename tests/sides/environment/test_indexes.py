"""The person's package indexes reach set-up, in both installers' words, and their credentials do not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfbot.sides.package_indexes import find_indexes, for_uv, holds_credentials, pip_files


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".config" / "pip").mkdir(parents=True)
    return tmp_path


def found(home: Path, **variables: str) -> dict[str, str]:
    # A named folder keeps the machine's own shared configuration out; /etc/pip.conf may still be there.
    return dict(find_indexes({"HOME": str(home), "XDG_CONFIG_DIRS": str(home), **variables}).variables)


def test_pips_file_is_translated_for_both(home: Path) -> None:
    (home / ".config" / "pip" / "pip.conf").write_text(
        "[global]\nindex-url = https://one.example/simple\nextra_index_url =\n  https://two.example/simple\n"
        "  file:///srv/simple\n[install]\nfind-links = /srv/a /srv/b\ntrusted-host = one.example\n"
        "[list]\nformat = columns\n"
    )
    variables = found(home)
    assert variables["PIP_INDEX_URL"] == variables["UV_DEFAULT_INDEX"] == "https://one.example/simple"
    two = "https://two.example/simple file:///srv/simple"
    assert variables["PIP_EXTRA_INDEX_URL"] == variables["UV_INDEX"] == two
    assert (variables["PIP_FIND_LINKS"], variables["UV_FIND_LINKS"]) == ("/srv/a /srv/b", "/srv/a,/srv/b")
    assert variables["UV_INSECURE_HOST"] == "one.example"
    assert variables["UV_INDEX_STRATEGY"] == "unsafe-best-match"
    assert variables["PIP_CONFIG_FILE"] == os.devnull
    assert "PIP_FORMAT" not in variables


def test_variables_win_over_files_and_named_files_over_the_homes(home: Path) -> None:
    (home / ".config" / "pip" / "pip.conf").write_text("[global]\nindex-url=https://a.example\nretries=1\ntimeout=3\n")
    (home / "named.conf").write_text("[global]\nindex-url=https://b.example\nretries=2\n")
    variables = found(home, PIP_CONFIG_FILE=str(home / "named.conf"), PIP_INDEX_URL="https://c.example")
    assert variables["PIP_INDEX_URL"] == "https://c.example"
    assert (variables["PIP_RETRIES"], variables["PIP_TIMEOUT"]) == ("2", "3")


def test_uvs_own_settings_win_over_pips(home: Path) -> None:
    variables = found(home, PIP_INDEX_URL="https://pip.example", UV_INDEX_URL="https://uv.example")
    assert variables["UV_INDEX_URL"] == "https://uv.example"
    assert "UV_DEFAULT_INDEX" not in variables
    assert "UV_INDEX_STRATEGY" not in variables


def test_pips_files_can_be_switched_off(home: Path) -> None:
    (home / ".config" / "pip" / "pip.conf").write_text("[global]\nindex-url=https://a.example\n")
    assert pip_files({"HOME": str(home), "PIP_CONFIG_FILE": os.devnull}) == ()
    assert "PIP_INDEX_URL" not in found(home, PIP_CONFIG_FILE=os.devnull)


def test_a_broken_file_is_passed_over(home: Path) -> None:
    (home / ".config" / "pip" / "pip.conf").write_bytes(b"index-url = \xff\n")
    assert found(home, PIP_INDEX_URL="https://c.example")["PIP_INDEX_URL"] == "https://c.example"


def test_settings_with_credentials_are_withheld_and_named(home: Path) -> None:
    (home / ".config" / "pip" / "pip.conf").write_text(
        "[global]\nindex-url = https://me:s3cret@one.example/simple\nextra-index-url = https://two.example/simple\n"
    )
    indexes = find_indexes({
        "HOME": str(home),
        "XDG_CONFIG_DIRS": str(home),
        "HTTPS_PROXY": "http://me:s3cret@proxy.example",
        "no_proxy": "localhost",
        "UV_EXTRA_INDEX_URL": "https://t0ken-s3cret@three.example/simple",
    })  # fmt: skip
    assert indexes.withheld == ("HTTPS_PROXY", "PIP_INDEX_URL", "UV_EXTRA_INDEX_URL")
    assert "s3cret" not in "".join(indexes.variables.values())
    assert indexes.variables["PIP_EXTRA_INDEX_URL"] == "https://two.example/simple"
    assert indexes.variables["no_proxy"] == "localhost"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://index.example/simple", False),
        ("https://user:word@index.example/simple", True),
        ("https://token@index.example/simple", True),
        ("https://a.example https://u:p@b.example", True),
        ("user:word@proxy.example:3128", True),
        ("https://index.example/@scope/package", False),
        ("localhost,127.0.0.1", False),
        ("package @ https://index.example/p.whl", False),
    ],
)
def test_what_counts_as_credentials(value: str, expected: bool) -> None:
    assert holds_credentials(value) is expected


URL = st.from_regex(r"https://[a-z]{1,8}\.example/[a-z]{0,5}", fullmatch=True)


@given(URL, st.lists(URL, min_size=1, max_size=3))
def test_uv_is_told_of_every_index_of_pip(index: str, extra: list[str]) -> None:
    variables = for_uv({"index-url": index, "extra-index-url": " ".join(extra)}, {})
    assert [variables["UV_DEFAULT_INDEX"], *variables["UV_INDEX"].split()] == [index, *extra]
