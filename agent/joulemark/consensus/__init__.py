"""From many results to one value, and from many values to one comparison.

Pure: arrays in, frozen dataclasses out; no clock, no database. The platform runs it on every new result, and
anyone runs the same code over a download and gets the same board.
"""
