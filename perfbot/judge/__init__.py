"""Deciding: rounds in (case), verdicts (verdict), what blocks the merge (gate), the control."""
