"""``python -m perfbot``."""

from perfbot.cli.main import run

run()
