"""App configuration: every app's sources are known, and their tables count their changes."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules


class AnswerCacheConfig(AppConfig):
    """Answers by the versions of the tables that they are made of."""

    name = "measurements.answer_cache"
    verbose_name = "Answer cache"

    def ready(self) -> None:
        """Load each app's `sources` and this app's task; after migrations put the triggers on tables of sources."""
        from measurements.answer_cache import tasks as _tasks  # noqa: F401 - known to whoever runs the schedule

        autodiscover_modules("sources")
        post_migrate.connect(_install_triggers, sender=self, dispatch_uid="answer_cache.install_triggers")


def _install_triggers(*, using: str, **_: Any) -> None:
    from measurements.answer_cache.table_triggers import install_triggers

    install_triggers(connections[using])
