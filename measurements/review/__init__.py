"""Rules and verdicts: what becomes of an upload."""
