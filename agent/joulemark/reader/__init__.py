"""Reads a release: a folder or an address, its files verified, its tables for pyarrow, its rows as typed objects."""
