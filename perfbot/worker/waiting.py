"""A worker that is started before anybody knows what it will measure.

What takes a start's time and belongs to no side (the interpreter, this package, the suite's own tool) is loaded
meanwhile. What lies in a side's checkout is loaded afterwards, as in any start: a worker in which something of it was
loaded all the same says so, and is not used.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any, Dict, List

from .channel import Channel


def wait(options: Dict[str, Any], channel: Channel) -> Dict[str, Any]:
    """Load the suite's tool, and wait for the rest of the options, which is returned with them.

    Args:
        options: ``waits`` is the top of the checkout.
    """
    importlib.import_module("." + options["adapter"], __package__)
    channel.send(event="waiting", fresh=not loaded_from(options["waits"]))
    order = channel.receive()
    os.chdir(order["cwd"])
    # The checkout was made anew, under the same name.
    sys.path_importer_cache.clear()
    importlib.invalidate_caches()
    return {**options, **order["options"]}


def loaded_from(folder: str) -> List[str]:
    """Modules whose files lie in a folder."""
    top = os.path.join(os.path.realpath(folder), "")
    files = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
    return [name for name, file in files.items() if isinstance(file, str) and os.path.realpath(file).startswith(top)]
