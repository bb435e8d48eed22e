"""Webhooks, pages and API as a service.

Forges deliver to /hooks/gitlab and /hooks/github. Secrets come from the environment: PERFBOT_GITLAB_SECRET (a token, or
a signing token that begins with whsec_) and PERFBOT_GITHUB_SECRET; without either there is nothing to listen for, and
serve does not start. The forges are reached with PERFBOT_GITLAB_TOKEN, PERFBOT_GITHUB_TOKEN (or PERFBOT_TOKEN), or
PERFBOT_APP_ID and PERFBOT_APP_PRIVATE_KEY(_FILE).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

from perfbot.errors import PASS, UsageError

if TYPE_CHECKING:
    from perfbot.forge.base import Forge, Kind

FORGES = ("gitlab", "github")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``perfbot serve``."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8765, help="port to listen on (default: 8765)")
    parser.add_argument(
        "--database", default=".perfbot/history.db", metavar="URL", help="SQLite file or postgresql:// URL"
    )
    parser.add_argument(
        "--project", action="append", default=[], metavar="P", help="only this project; repeatable (default: all)"
    )
    parser.add_argument("--gitlab-url", default="", metavar="U", help="the GitLab server")
    parser.add_argument("--github-url", default="", metavar="U", help="GitHub's API")
    parser.add_argument("--gitlab-job", default="", metavar="NAME", help="the job that measures")
    parser.add_argument("--github-workflow", default="", metavar="FILE", help="the workflow that measures")
    parser.add_argument(
        "--lease", type=float, default=120.0, metavar="SECONDS", help="when a dead worker's job is taken over"
    )


def execute(args: argparse.Namespace) -> int:
    """Serve until stopped."""
    import uvicorn

    from perfbot.service.app import create_app
    from perfbot.service.hooks import Hooks
    from perfbot.store import open_store

    secrets = read_secrets(os.environ)
    with open_store(args.database) as store:
        hooks = Hooks(store, secrets, tuple(args.project))
        app = create_app(store, hooks, connector(args, os.environ), lease=args.lease)
        uvicorn.run(app, host=args.host, port=args.port, log_level="info", server_header=False)
    return PASS


def read_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """The webhooks' secrets by forge.

    Raises:
        UsageError: there is none, or one that protects nothing.
    """
    from perfbot.service.signatures import check_secret

    found = {forge: environ.get(f"PERFBOT_{forge.upper()}_SECRET", "") for forge in FORGES}
    secrets = {forge: secret for forge, secret in found.items() if secret}
    if not secrets:
        raise UsageError(
            "No webhook secret is configured, so anybody could give commands: not starting.",
            hint="Set PERFBOT_GITLAB_SECRET or PERFBOT_GITHUB_SECRET to what the webhook is configured with.",
        )
    for forge, secret in secrets.items():
        check_secret(f"PERFBOT_{forge.upper()}_SECRET", secret)
    return secrets


def connector(args: argparse.Namespace, environ: Mapping[str, str]) -> Callable[[str, str], Forge]:
    """Connects to a project of a forge."""
    from pathlib import Path

    from perfbot.forge.connect import connect
    from perfbot.forge.place import find_place, given

    def connect_to(kind: str, project: str) -> Forge:
        own = {k: v for k, v in environ.items() if k not in ("GITLAB_CI", "GITHUB_ACTIONS")}
        own["PERFBOT_TOKEN"] = environ.get(f"PERFBOT_{kind.upper()}_TOKEN") or environ.get("PERFBOT_TOKEN", "")
        place = given(
            find_place(own, {}),
            own,
            forge=cast("Kind", kind),
            project=project,
            url=args.gitlab_url if kind == "gitlab" else args.github_url,
            measured_by=args.gitlab_job if kind == "gitlab" else args.github_workflow,
        )
        return connect(place, root=Path.cwd())

    return connect_to
