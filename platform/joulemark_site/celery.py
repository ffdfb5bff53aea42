"""The Celery application. A message is only a nudge; the database row is the truth."""

from __future__ import annotations

import gc
import os

from celery import Celery
from celery.signals import worker_init, worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "joulemark_site.settings")

app = Celery("joulemark_site")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def limit_statements(**_signal: object) -> None:
    """Limit what a worker asks of the database, before its processes are forked."""
    from joulemark_site import database_limits

    database_limits.limit_statements(database_limits.WORKER)


@worker_process_init.connect
def keep_what_is_loaded(**_signal: object) -> None:
    """What a worker's process starts with stays for its life: the garbage collector need not visit it again."""
    gc.collect()
    gc.freeze()
