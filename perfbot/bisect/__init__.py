"""Which commit did it: levels of the commits of a line, measured in common rounds, and where they step. Pure.

A round starts a process of each of several commits on one core. All of them share what that round is like, so any two
of a round may be compared. The search (:mod:`.search`) asks for the commits to measure next; what it believes on the
way (:mod:`.levels`) decides nothing but where it looks. A commit is named once fresh rounds, which had no part in
finding it, bear out that it differs from the commit before (:mod:`.proof`).
"""
