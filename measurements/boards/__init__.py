"""Cells, leaderboards and comparisons."""
