"""Backups of a whole platform, and bringing one back: database, keys, log, suites."""
