"""Releases of the data: what was measured and derived, as immutable files that outlive the site."""
