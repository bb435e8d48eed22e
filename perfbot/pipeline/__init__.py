"""The whole story of one run; begin with :mod:`perfbot.pipeline.story`."""
