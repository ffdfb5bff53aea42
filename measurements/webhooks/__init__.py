"""Webhooks: signed messages to registered addresses when something of the platform changes."""
