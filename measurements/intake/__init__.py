"""Tickets and uploads: verify, store, answer with a receipt."""
