"""Measuring: rounds, turns, and who is measured next.

:mod:`plan` decides sizes (pure), :mod:`link` talks to one worker, :mod:`pair` to both sides' workers, :mod:`lockstep`
and :mod:`commands` measure a round of a suite, :mod:`conductor` spends the time budget and stops what is decided.
"""
