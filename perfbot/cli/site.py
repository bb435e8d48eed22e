"""Write the project's pages from its history: an overview, and a page for each benchmark and run.

The folder can be served by any static host, GitLab Pages for one; no page asks anything of another host.

examples:
  perfbot site public/
  perfbot site public/ --database postgresql://perfbot@db/perfbot --project group/name
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from perfbot.cli.database import add_database_argument, must_exist
from perfbot.errors import PASS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``perfbot site``."""
    parser.add_argument("folder", metavar="FOLDER", help="where to write; made when it is not there")
    add_database_argument(parser)
    parser.add_argument("--project", metavar="P", help="needed where the history holds several")
    parser.add_argument("--branch", metavar="B", help="whose runs count (default: the one measured most)")
    parser.add_argument(
        "--repository",
        default="",
        metavar="URL",
        help="where the code is browsed, to link differences (default: as CI says)",
    )
    parser.add_argument(
        "--url",
        default="",
        metavar="URL",
        help="where people will reach FOLDER: chats then show a picture beside a link (default: as GitLab Pages says)",
    )


def execute(args: argparse.Namespace) -> int:
    """Bring the trends up to date, then write."""
    from perfbot.ci.place import difference_url, find_place
    from perfbot.history import recording
    from perfbot.history.store import open_store
    from perfbot.render.escape import link_target
    from perfbot.site.files import write_site
    from perfbot.site.scope import scope_of

    must_exist(args.database)
    place = find_place(os.environ, {})
    repository = args.repository.rstrip("/")

    def difference(base: str, head: str) -> str:
        return f"{repository}/compare/{base}...{head}" if repository else difference_url(place, base, head)

    url = link_target(args.url or pages_url(os.environ, Path(args.folder)))
    with open_store(args.database) as store:
        with store.read() as connection:
            scope = scope_of(connection, args.project, args.branch)
        recording.refresh(store, scope.project, scope.branch)
        count = write_site(store, scope.project, scope.branch, Path(args.folder), difference, url)
    print(f"{count} pages in {args.folder}: open {Path(args.folder) / 'index.html'}")
    return PASS


def pages_url(environ: Mapping[str, str], folder: Path) -> str:
    """Where GitLab Pages shows a folder: what lies in ``public`` is its root; empty elsewhere."""
    root, parts = environ.get("CI_PAGES_URL", ""), folder.parts
    if not root or "public" not in parts:
        return ""
    return "/".join([root.rstrip("/"), *parts[parts.index("public") + 1 :]])
