"""For all tests: hypothesis without deadlines (machines that run tests are busy), the same examples in every CI run."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("anywhere", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("anywhere")
