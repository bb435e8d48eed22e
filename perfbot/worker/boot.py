"""Entry point of a worker: ``python boot.py '{"adapter": …, "control": [in, out], "turn": [in, out], …}'``.

Python puts this file's folder first on ``sys.path``; it is taken off again, so that code under test sees the path
it would see without perfbot, and cannot import perfbot's modules by accident.
"""

import gc
import importlib.util
import json
import os
import sys


def _load_package() -> None:
    """Make this folder importable as ``_perfbot_worker`` and by no other name."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    spec = importlib.util.spec_from_file_location(
        "_perfbot_worker", os.path.join(here, "__init__.py"), submodule_search_locations=[here]
    )
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    sys.modules["_perfbot_worker"] = module
    spec.loader.exec_module(module)  # type: ignore[union-attr]


if __name__ == "__main__":
    gc.disable()  # until all that is loaded here was set aside: see _perfbot_worker.session
    _load_package()
    from _perfbot_worker.session import serve  # type: ignore[import-not-found]

    options = json.loads(sys.argv[1])
    del sys.argv[1:]
    serve(options)
