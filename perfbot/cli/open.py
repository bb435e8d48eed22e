"""Open the page of the last run of this repository, or of a report's file, in the browser; its address is printed.

examples:
  perfbot open
  perfbot open perfbot-report.json
"""

from __future__ import annotations

import argparse
from pathlib import Path

from perfbot.cli.show import chosen
from perfbot.errors import PASS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``perfbot open``."""
    parser.add_argument("file", nargs="?", metavar="REPORT.json", help="a report (default: of the last run here)")
    parser.add_argument("--demo", action="store_true", help="the last run of `perfbot demo`")
    parser.add_argument("--print", action="store_true", help="print the address, and open nothing")


def execute(args: argparse.Namespace) -> int:
    """Write the page if need be, and open it."""
    import webbrowser

    from perfbot.cli import last_run

    path = _beside(Path(args.file)) if args.file else last_run.page(chosen(args))
    address = path.resolve().as_uri()
    print(address)
    if not args.print:
        webbrowser.open(address)
    return PASS


def _beside(file: Path) -> Path:
    """The page of a report's file, in the folder of temporary files."""
    import tempfile

    from perfbot.render.page import page_pieces
    from perfbot.report import read, write_text

    path = Path(tempfile.mkdtemp(prefix="perfbot-page-")) / "report.html"
    write_text(page_pieces(read(file)), path)
    return path
