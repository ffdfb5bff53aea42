"""Cells, leaderboards and comparisons, and the pages that show them."""
