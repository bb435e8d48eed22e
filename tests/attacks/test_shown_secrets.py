"""Tokens and passwords in variables and addresses: no message, whatever is wrong with them, shows one."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfbot.cli.main import main
from tests.builders import report, result, write

TOKEN, PASSWORD = "glpat-s3cr3t", "pa55w0rd"
VARIABLES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")

PROXIES = (
    "user:{}@127.0.0.1:9", "socks9://user:{}@127.0.0.1:9", "ftp://user:{}@h", "http://user:{}/x@h:1", "http://user:{}@[::1",
    "http://user:{}@h:port", "user:{}#@h:1", "http://user:{}\x01@h:1",
)  # fmt: skip
ADDRESSES = (
    "http://user:{}@127.0.0.1:9", "http://user:{}@[::1", "http://user:{}/x@h", "ftp://user:{}@h", "http://user:{}@h:port",
    "http://user:{}\x01@h", "user:{}@h", "http://{}@127.0.0.1:9",
)  # fmt: skip


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> object:
    """Runs a verb with a token; its exit code, and all that it said."""
    (file,) = write(tmp_path, report(result(change=0.3)))
    monkeypatch.chdir(tmp_path)
    for name in (*VARIABLES, *map(str.lower, VARIABLES), "GITLAB_CI", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PERFBOT_TOKEN", TOKEN)

    def run(*words: str) -> tuple[int, str]:
        code = main([str(file) if word == "REPORT" else word for word in words])
        return code, "".join(capsys.readouterr())

    return run


def fine(code: int, text: str) -> None:
    assert TOKEN not in text
    assert PASSWORD not in text
    assert "Traceback" not in text
    assert code in (2, 4), text


WHERE = ("--project", "g/n", "--merge-request", "1", "--patience", "0.1s")


@pytest.mark.parametrize("forge", ["gitlab", "github"])
@pytest.mark.parametrize("proxy", PROXIES)
def test_a_proxys_password(said, forge: str, proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("ALL_PROXY", proxy.format(PASSWORD))
    fine(*said("publish", "REPORT", "--forge", forge, "--url", "http://127.0.0.2:9", *WHERE))


@pytest.mark.parametrize("forge", ["gitlab", "github"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_forges_address(said, forge: str, address: str) -> None:  # type: ignore[no-untyped-def]
    """Shown by the command that publishes later, by errors, and in links of comments."""
    fine(*said("publish", "REPORT", "--forge", forge, "--url", address.format(PASSWORD), *WHERE))


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_services_address(said, address: str, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("PERFBOT_SERVER_TOKEN", TOKEN)
    fine(*said("publish", "REPORT", "--server", address.format(PASSWORD)))


@pytest.mark.parametrize("address", [one for one in ADDRESSES if one.startswith("http")])
def test_an_issuers_address(said, address: str, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("PERFBOT_GITHUB_SECRET", "x" * 20)
    monkeypatch.setenv("PERFBOT_AUDIENCE", "x")
    monkeypatch.setenv("PERFBOT_OIDC", "gitlab=" + address.format(PASSWORD))
    fine(*said("serve", "--database", "h.db", "--project", "a/b"))


def test_a_database_password_among_the_options(said, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("PERFBOT_DATABASE", f"postgresql://127.0.0.1:9/x?password={PASSWORD}&connect_timeout=1")
    monkeypatch.setattr("perfbot.history.store.database.RETRY_SECONDS", 0.1)
    fine(*said("history", "runs"))


@pytest.mark.parametrize("token", ["a\n{}", "é{}", "\x01{}", "{}\r", "\u2028{}"])
@pytest.mark.parametrize("forge", ["gitlab", "github"])
def test_a_token_that_no_header_takes(said, forge: str, token: str, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("PERFBOT_TOKEN", token.format(TOKEN))
    fine(*said("publish", "REPORT", "--forge", forge, "--url", "http://127.0.0.1:9", *WHERE))
