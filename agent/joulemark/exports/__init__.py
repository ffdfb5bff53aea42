"""Energies of this project in the forms of others: BoAmps reports, CycloneDX bills, evaluation results of the hub.

Pure: facts of a result or of a board's value in, text out; no clock, no network, no Django. `measurements.downloads`
serves these forms, and `joulemark export` writes them from a volunteer's own file.
"""
