"""From joules to what they mean: grams of CO2e, phone charges, kilometres, searches; and common claims.

Pure: no clock, no network, no database. Energy is primary; everything here is derived from it, can be recomputed by
the reader, and carries its unit, its sources, their years and their licences (`quantity.Quantity`).
"""
