"""The Celery application. A message is only a nudge; the database row is the truth."""

from __future__ import annotations

import gc
import logging.config
import os
from typing import Any

from celery import Celery
from celery.signals import (
    before_task_publish,
    setup_logging,
    task_postrun,
    task_prerun,
    worker_init,
    worker_process_init,
)

from measurements.concurrency.message_headers import REQUEST_IDS, stamp, work_for

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


@setup_logging.connect
def log_as_the_platform_does(**_signal: object) -> None:
    """A worker writes its lines as a web process does, from the level that the settings name."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)


@before_task_publish.connect
def stamp_message(headers: dict[str, Any] | None = None, **_signal: object) -> None:
    """A message says when it was sent, and for which requests."""
    if headers is not None:
        stamp(headers)


@task_prerun.connect
def work_for_requests(task: Any, **_signal: object) -> None:
    """What a task writes and sends is for the requests that its message names; one process runs one task at a time."""
    if not task.request.is_eager:
        work_for(task.request.get(REQUEST_IDS) or ())


@task_postrun.connect
def work_for_nobody(task: Any, **_signal: object) -> None:
    """The task has ended."""
    if not task.request.is_eager:
        work_for(())
