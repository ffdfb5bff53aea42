"""Measure what an AI answer costs in energy."""

__version__ = "0.1.0"
