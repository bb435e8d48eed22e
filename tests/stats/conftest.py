"""Properties are not timed: a shared machine may take its time over one example."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
