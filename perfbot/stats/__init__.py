"""Statistics of rounds: pure functions of numbers, no files, processes, clocks or random sources.

``rounds`` makes one number of a round, ``location`` an estimate of several rounds, ``bounds`` the critical values
that allow for looking repeatedly, and ``sequential`` the decision.
"""
