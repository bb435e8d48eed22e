"""Which commit did it, from a range of commits to an answer; begin with :mod:`perfbot.pipeline.bisecting.story`."""
