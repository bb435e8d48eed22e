"""Where packages come from: the user's settings of pip and uv, handed to set-up where they hold no secret.

Set-up runs code of the change with a home of its own, so pip and uv no longer find the user's configuration.
What it says about indexes is collected here, from pip's files and variables, and handed on as variables, to
both installers alike. A setting that holds credentials is left out, and named.
"""

from __future__ import annotations

import configparser
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

PIP_SETTINGS = (
    "index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "cert", "default-timeout",
    "timeout", "retries", "constraint", "build-constraint", "only-binary", "no-binary", "prefer-binary", "pre",
    "disable-pip-version-check", "use-feature", "use-deprecated", "proxy",
)  # fmt: skip
"""Options of pip that say where packages come from and which are taken; none of them is a secret by itself."""

UV_SETTINGS = (
    "UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_NO_INDEX",
    "UV_INDEX_STRATEGY", "UV_OFFLINE", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS", "UV_INSECURE_HOST",
    "UV_HTTP_TIMEOUT", "UV_CONSTRAINT", "UV_BUILD_CONSTRAINT", "UV_EXCLUDE_NEWER", "UV_PRERELEASE",
    "UV_PYTHON_DOWNLOADS", "UV_PYTHON_PREFERENCE", "UV_PYTHON_INSTALL_MIRROR",
    "UV_CONCURRENT_DOWNLOADS", "UV_CONCURRENT_BUILDS", "UV_CONCURRENT_INSTALLS",
)  # fmt: skip

NETWORK = (
    "http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
    "SSL_CERT_FILE", "GIT_SSL_CAINFO", "CARGO_HTTP_CAINFO", "GOPROXY", "GOSUMDB", "GONOSUMDB", "GOFLAGS",
    "NPM_CONFIG_REGISTRY", "npm_config_registry",
)  # fmt: skip
"""Proxies, certificate bundles and other package managers' indexes."""

_CREDENTIALS = re.compile(r"://[^/\s]*@|^[^/\s]+:[^/\s@]+@")


@dataclass(frozen=True, slots=True)
class Indexes:
    """Variables for set-up, and the names of those withheld because they hold credentials."""

    variables: Mapping[str, str]
    withheld: tuple[str, ...] = ()


def holds_credentials(value: str) -> bool:
    """Whether a setting has ``user@`` or ``user:password@`` in a URL."""
    return _CREDENTIALS.search(value) is not None


def find_indexes(environ: Mapping[str, str]) -> Indexes:
    """The user's indexes, proxies and certificates as variables for pip and uv.

    A setting of pip holds for uv too, unless uv has one of its own. All of pip's files are read here and hidden
    from set-up, so that what is withheld is withheld.
    """
    pip = {**_from_files(pip_files(environ)), **_from_variables(environ)}
    others = {name: environ[name] for name in (*UV_SETTINGS, *NETWORK) if environ.get(name)}
    named = {f"PIP_{key.upper().replace('-', '_')}": value for key, value in pip.items()}
    withheld = tuple(sorted(name for name, value in {**named, **others}.items() if holds_credentials(value)))
    safe_pip = {key: value for key, value in pip.items() if not holds_credentials(value)}
    safe = {name: value for name, value in {**named, **others}.items() if name not in withheld}
    return Indexes({**for_uv(safe_pip, others), **safe, "PIP_CONFIG_FILE": os.devnull}, withheld)


def pip_files(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """pip's configuration files, the strongest last (as ``pip config debug`` lists them)."""
    if environ.get("PIP_CONFIG_FILE") == os.devnull:
        return ()
    home = Path(environ.get("HOME") or Path.home())
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    shared = [Path(folder) / "pip" / "pip.conf" for folder in _shared_folders(environ)]
    files = [*shared, Path("/etc/pip.conf"), home / ".pip" / "pip.conf", config / "pip" / "pip.conf"]
    if sys.platform == "darwin":
        files.append(home / "Library" / "Application Support" / "pip" / "pip.conf")
    named = environ.get("PIP_CONFIG_FILE")
    return (*files, Path(sys.prefix) / "pip.conf", *([Path(named)] if named else []))


def _shared_folders(environ: Mapping[str, str]) -> list[str]:
    return [folder for folder in environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(os.pathsep) if folder]


def _from_files(files: Iterable[Path]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in files:
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read(path, encoding="utf-8")
        except (OSError, UnicodeDecodeError, configparser.Error):
            continue  # pip itself will not complain either: set-up does not see this file
        for section in ("global", "install"):
            if parser.has_section(section):
                found.update(_relevant(parser.items(section)))
    return found


def _relevant(items: Iterable[tuple[str, str]]) -> dict[str, str]:
    named = ((key.replace("_", "-").removeprefix("--"), " ".join(value.split())) for key, value in items)
    return {key: value for key, value in named if key in PIP_SETTINGS and value}


def _from_variables(environ: Mapping[str, str]) -> dict[str, str]:
    named = ((key, environ.get(f"PIP_{key.upper().replace('-', '_')}", "")) for key in PIP_SETTINGS)
    return {key: value for key, value in named if value}


def for_uv(pip: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """pip's settings in uv's words; what uv has of its own (``own``) wins.

    pip looks for the best version on all indexes; uv would stop at the first that has the package, so with
    pip's indexes it is told to do as pip does.
    """
    has_index = any(name in own for name in ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL"))
    said = {} if has_index else {"UV_DEFAULT_INDEX": pip.get("index-url"), "UV_INDEX": pip.get("extra-index-url")}
    if any(said.values()):
        said["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    said["UV_FIND_LINKS"] = ",".join(pip.get("find-links", "").split())
    said["UV_NO_INDEX"] = "1" if pip.get("no-index", "").lower() in ("1", "true", "yes", "on") else None
    said["UV_INSECURE_HOST"] = pip.get("trusted-host")
    said["SSL_CERT_FILE"] = pip.get("cert")
    return {name: value for name, value in said.items() if value and name not in own}
