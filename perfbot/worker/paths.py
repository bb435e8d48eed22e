"""Which code an import finds: what the side's environment has installed, before what merely lies in its checkout.

In a flat layout the checkout holds the package's folder too, and test runners put the checkout first on ``sys.path``;
what was built at installation (extension modules, generated versions) would be missing there.
"""

from __future__ import annotations

import importlib.machinery
import os
import sys
from typing import Any, Collection, Optional


class InstalledFirst:
    """Finds a top-level package in site-packages when the checkout's root has one of the same name.

    A finder by what it does: the class that one may derive it from takes as long to import as an interpreter to start.

    Args:
        root: the checkout.
        own: top-level names that must come from the checkout: those the benchmarks themselves lie in.
    """

    def __init__(self, root: str, own: Collection[str]) -> None:
        self._root = root
        self._own = frozenset(own)
        self._installed = [entry for entry in sys.path if "site-packages" in entry or "dist-packages" in entry]

    def find_spec(
        self, fullname: str, path: Optional[Any] = None, target: Optional[Any] = None
    ) -> Optional[importlib.machinery.ModuleSpec]:
        """The installed module's spec, or None to let the import go its usual way."""
        if path is not None or fullname in self._own:
            return None
        beside = os.path.join(self._root, fullname)
        if not (os.path.isdir(beside) or os.path.isfile(beside + ".py")):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, self._installed)
        return spec if spec is not None and spec.origin is not None else None


def prefer_installed(root: str, own: Collection[str]) -> None:
    """Install :class:`InstalledFirst`, and let the checkout be the last place that is searched."""
    sys.meta_path.insert(0, InstalledFirst(root, own))
    if root not in sys.path:
        sys.path.append(root)
