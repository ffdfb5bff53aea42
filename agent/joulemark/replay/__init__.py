"""Recomputes a published release from its evidence: sums, signatures, log, verdicts, values, comparisons and places.

It needs the agent alone: the rules, the consensus and the boards' functions are those that the platform runs.
"""
