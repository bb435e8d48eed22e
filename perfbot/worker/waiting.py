"""A worker that is started before anybody knows what it will measure.

What takes a start's time and belongs to no side (the interpreter, this package, the suite's own tool) is loaded
meanwhile. What lies in a side's checkout is loaded afterwards, as in any start: a worker in which something of it was
loaded all the same says so, and is not used.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any, Dict, Iterator, List

from .channel import Channel


def wait(options: Dict[str, Any], channel: Channel) -> Dict[str, Any]:
    """Load the suite's tool when told to, and wait for the rest of the options, which is returned with them.

    Args:
        options: ``waits`` is the top of the checkout.
    """
    whole = began_in(options["waits"])
    channel.receive()
    importlib.import_module("." + options["adapter"], __package__)
    channel.send(event="waiting", fresh=whole and not loaded_from(options["waits"]))
    order = channel.receive()
    os.chdir(order["cwd"])
    # The checkout was made anew, under the same name.
    sys.path_importer_cache.clear()
    importlib.invalidate_caches()
    look_for_paths()
    return {**options, **order["options"]}


def began_in(folder: str) -> bool:
    """Whether the checkout was there when the interpreter looked for what it runs first (``sitecustomize``)."""
    try:
        return (os.path.realpath(os.getcwd()) + os.sep).startswith(os.path.realpath(folder) + os.sep)
    except OSError:
        return False


def look_for_paths() -> None:
    """Add folders of ``.pth`` files that were not there when the interpreter looked for them: part of a checkout."""
    for site in [entry for entry in sys.path if os.path.basename(entry) in ("site-packages", "dist-packages")]:
        at = sys.path.index(site)
        for folder in _folders_of(site):
            if folder in sys.path:
                at = max(at, sys.path.index(folder))
            elif os.path.exists(folder):
                at += 1
                sys.path.insert(at, folder)


def _folders_of(site: str) -> Iterator[str]:
    """What the lines of a folder's ``.pth`` files name, in the order in which the interpreter reads them."""
    for name in sorted(os.listdir(site) if os.path.isdir(site) else ()):
        if name.endswith(".pth") and not name.startswith("."):
            with open(os.path.join(site, name), encoding="utf-8", errors="replace") as file:
                lines = [line.rstrip() for line in file]
            for line in lines:
                if line and not line.startswith(("#", "import ", "import\t")):
                    yield os.path.abspath(os.path.join(site, line))


def loaded_from(folder: str) -> List[str]:
    """Modules whose files lie in a folder."""
    top = os.path.join(os.path.realpath(folder), "")
    files = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
    return [name for name, file in files.items() if isinstance(file, str) and os.path.realpath(file).startswith(top)]
