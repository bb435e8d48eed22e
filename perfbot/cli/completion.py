"""Print what makes a shell complete perfbot's verbs and options.

bash   eval "$(perfbot completion bash)"              in ~/.bashrc
zsh    eval "$(perfbot completion zsh)"               in ~/.zshrc
fish   perfbot completion fish | source               in ~/.config/fish/config.fish
"""

from __future__ import annotations

import argparse

from perfbot.errors import PASS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``perfbot completion``."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell that is to complete")


def execute(args: argparse.Namespace) -> int:
    """Print the shell's code."""
    from argcomplete.shell_integration import shellcode

    print(shellcode(["perfbot"], shell=args.shell))
    return PASS
