"""Which functions run in a call: what is left to the garbage collector belongs to it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LIB = """\
class Knot:
    def __init__(self):
        self.me = self
    def __del__(self):
        untie(self)
def untie(knot):
    pass
def other():
    pass
"""
SCRIPT = """\
import json, sys
from perfbot.worker import reaching
sys.path.insert(0, sys.argv[1])
import lib
reaching.follow()
told = reaching.reach(lambda calls: lib.Knot(), None, {"files": ["lib.py"]})
print(json.dumps(sorted(name for _, _, name in told["call"])))
"""


def test_finalisers_of_what_a_call_leaves_in_a_circle_are_reached(tmp_path: Path) -> None:
    (tmp_path / "lib.py").write_text(LIB)
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["__del__", "__init__", "untie"]
