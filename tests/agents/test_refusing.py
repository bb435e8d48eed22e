"""What agents may say, and what is refused."""

from __future__ import annotations

import math

import pytest

from perfbot.agents import refusing
from perfbot.errors import UsageError


@pytest.mark.parametrize("text", ["", "main", "v1.2", "HEAD~2", "HEAD^", "feature/x-1", "0123abc", "a" * 200])
def test_revisions(text: str) -> None:
    assert refusing.revision(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "--output=/etc/passwd",
        "-x",
        "main..HEAD",
        "../../etc",
        "/etc/passwd",
        "main; rm -rf /",
        "$(id)",
        "`id`",
        "main\nHEAD",
        "main\x00",
        ":/message",
        "HEAD:perfbot.toml",
        "@{-1}",
        "a" * 201,
        "ext::sh -c id",
        "https://example.org/x",
        " main",
        "\u202emain",
    ],
)
def test_what_is_no_revision(text: str) -> None:
    with pytest.raises(UsageError, match=r"^base: expected"):
        refusing.revision(text)


@pytest.mark.parametrize(
    "several", [["x"] * 21, ["x" * 201], [""], [" "], ["a\nb"], ["a\x00"], ["\u202ea"], ["\x1b[2J"]]
)
def test_what_are_no_globs(several: list[str]) -> None:
    with pytest.raises(UsageError, match=r"^only: expected"):
        refusing.globs(several)


def test_globs() -> None:
    assert refusing.globs(["core/*", "test_x[1-2]", "größe*"]) == ("core/*", "test_x[1-2]", "größe*")


@pytest.mark.parametrize("value", [0, -1, 901, math.inf, math.nan])
def test_what_is_no_time(value: float) -> None:
    with pytest.raises(UsageError, match=r"^budget_seconds: expected"):
        refusing.seconds(value)


@pytest.mark.parametrize("value", [0, -1, 101, math.inf, math.nan])
def test_what_is_no_threshold(value: float) -> None:
    with pytest.raises(UsageError, match=r"^threshold_percent: expected"):
        refusing.threshold(value)


@pytest.mark.parametrize("text", ["x" * 501, "x is\nfaster", "\u202ex is faster"])
def test_what_is_no_claim(text: str) -> None:
    with pytest.raises(UsageError, match=r"^claim: expected"):
        refusing.claim(text)
