"""Webhooks, pages and API as a service.

Forges deliver to /hooks/gitlab and /hooks/github. Secrets come from the environment: PERFBOT_GITLAB_SECRET (a token, or
a signing token that begins with whsec_) and PERFBOT_GITHUB_SECRET; without either there is nothing to listen for, and
serve does not start. The forges are reached with PERFBOT_GITLAB_TOKEN, PERFBOT_GITHUB_TOKEN (or PERFBOT_TOKEN), or
PERFBOT_APP_ID and PERFBOT_APP_PRIVATE_KEY(_FILE).

The history's pages are at /, its API at /api/v1, the service's own metrics at /metrics; PERFBOT_READ_TOKEN guards them.
CI jobs hand reports over (`perfbot publish --server URL`) with a token of PERFBOT_INGEST_TOKENS ("group/name=TOKEN …")
or their identity token (PERFBOT_OIDC="gitlab=https://gitlab.example.com", PERFBOT_AUDIENCE). PERFBOT_ALERTS names the
channels that are told what became slower. `--no-webhooks` serves these alone. PERFBOT_MAIN_BRANCH says which branch's
jobs may tell releases ("main", or "group/name=main …"), where the forge cannot be asked.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from perfbot.cli.database import add_database_argument
from perfbot.errors import PASS, UsageError

if TYPE_CHECKING:
    from perfbot.forge.base import Forge
    from perfbot.history.store import Store
    from perfbot.model import ForgeKind
    from perfbot.service.history import History

FORGES = ("gitlab", "github")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``perfbot serve``."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8765, help="port to listen on (default: 8765)")
    add_database_argument(parser)
    parser.add_argument(
        "--project", action="append", default=[], metavar="P", help="only this project; repeatable (default: all)"
    )
    parser.add_argument("--gitlab-url", default="", metavar="U", help="the GitLab server")
    parser.add_argument("--github-url", default="", metavar="U", help="GitHub's API")
    parser.add_argument("--gitlab-job", default="", metavar="NAME", help="the job that measures")
    parser.add_argument("--github-workflow", default="", metavar="FILE", help="the workflow that measures")
    parser.add_argument("--no-webhooks", action="store_true", help="listen to no forge: pages, API and ingest only")
    parser.add_argument("--public-url", default="", metavar="U", help="where people reach this service, for links")
    parser.add_argument(
        "--lease", type=float, metavar="SECONDS", help="when a dead worker's job is taken over (default: 120)"
    )


def execute(args: argparse.Namespace) -> int:
    """Serve until stopped."""
    import uvicorn

    from perfbot.history.store import open_store
    from perfbot.history.store.consumer import LEASE
    from perfbot.service.app import create_app
    from perfbot.service.hooks import Hooks
    from perfbot.service.slow_clients import MOST_CONNECTIONS, Impatient

    secrets = {} if args.no_webhooks else read_secrets(os.environ)
    connect = connector(args, os.environ)
    with open_store(args.database) as store:
        hooks = Hooks(store, secrets, tuple(args.project))
        routes, handlers = history(store, args, connect).parts()
        app = create_app(store, hooks, connect, routes=routes, handlers=handlers, lease=args.lease or LEASE)
        uvicorn.run(
            app, host=args.host, port=args.port, log_level="info", server_header=False, http=Impatient,
            limit_concurrency=MOST_CONNECTIONS, timeout_keep_alive=30,
        )  # fmt: skip
    return PASS


def history(store: Store, args: argparse.Namespace, connect: Callable[[str, str], Forge]) -> History:
    """How the history is served, from the environment.

    Raises:
        UsageError: a token that protects nothing, or identity tokens without audience or projects.
    """
    from perfbot.history import notify
    from perfbot.service.access import read_token
    from perfbot.service.apart import Apart, own_program
    from perfbot.service.history import History
    from perfbot.service.identity import gatekeeper
    from perfbot.service.main_branch import MainBranches, configured

    gate = gatekeeper(os.environ, tuple(args.project))
    kinds = forges_of(os.environ)
    return History(
        store,
        gate if gate.tokens or gate.issuers else None,
        None,
        read_token(os.environ),
        notify.channels(os.environ),
        args.public_url,
        Apart(own_program(), settings_of(store, args, notify.channels(os.environ))),
        MainBranches(configured(os.environ), connect, kinds),
        differences(args, kinds),
    )


def differences(args: argparse.Namespace, kinds: tuple[str, ...]) -> Callable[[str, str, str], str]:
    """Where a project's forge shows what two commits differ by; nowhere, unless there is just one forge."""
    from perfbot.ci.place import Place, difference_url, given

    if len(kinds) != 1:
        return lambda _project, _base, _head: ""
    kind = cast("ForgeKind", kinds[0])
    place = given(Place(kind=kind), {}, url=args.gitlab_url if kind == "gitlab" else args.github_url)
    return lambda project, base, head: difference_url(replace(place, project=project), base, head)


def settings_of(store: Store, args: argparse.Namespace, channels: tuple[str, ...]) -> dict[str, Any]:
    """What the process that keeps reports has to know beside the environment."""
    return {
        "database": store.database.url.render_as_string(hide_password=False),
        "channels": list(channels),
        "public_url": args.public_url,
        "gitlab_url": args.gitlab_url,
        "github_url": args.github_url,
        "gitlab_job": args.gitlab_job,
        "github_workflow": args.github_workflow,
    }


def forges_of(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The forges that there are tokens for."""
    if environ.get("PERFBOT_TOKEN"):
        return FORGES
    app = bool(environ.get("PERFBOT_APP_ID"))
    return tuple(f for f in FORGES if environ.get(f"PERFBOT_{f.upper()}_TOKEN") or (app and f == "github"))


def read_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """The webhooks' secrets by forge.

    Raises:
        UsageError: there is none, or one that protects nothing.
    """
    from perfbot.forge.signatures import check_secret

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


def connector(
    args: argparse.Namespace, environ: Mapping[str, str], *, pace: float = 1.0
) -> Callable[[str, str], Forge]:
    """Connects to a project of a forge. The App's key is read once, at the start.

    Args:
        pace: seconds between two writing requests to GitHub.
    """
    from pathlib import Path

    from perfbot.ci.place import find_place, given
    from perfbot.cli.places import with_key
    from perfbot.forge.connect import connect

    outside = {k: v for k, v in with_key(environ).items() if k not in ("GITLAB_CI", "GITHUB_ACTIONS")}

    def connect_to(kind: str, project: str) -> Forge:
        own = dict(outside)
        own["PERFBOT_TOKEN"] = environ.get(f"PERFBOT_{kind.upper()}_TOKEN") or environ.get("PERFBOT_TOKEN", "")
        place = given(
            find_place(own, {}),
            own,
            forge=cast("ForgeKind", kind),
            project=project,
            url=args.gitlab_url if kind == "gitlab" else args.github_url,
            measured_by=args.gitlab_job if kind == "gitlab" else args.github_workflow,
        )
        return connect(place, root=Path.cwd(), pace=pace)

    return connect_to
