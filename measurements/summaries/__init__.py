"""Summaries of evidence that pages show, derived once and stored: the power over a run, how often a rule fired."""
