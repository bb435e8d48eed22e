"""Measuring: rounds of both sides, and who is measured next.

:mod:`scheduler` spends the time limit and stops what is decided; :mod:`lockstep`, :mod:`processes` and :mod:`http` are
the three ways to measure a round of a suite.
"""
