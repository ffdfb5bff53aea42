"""App configuration."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """The append-only log: what happened, in order."""

    name = "measurements.ledger"
    verbose_name = "Ledger"
