"""The Celery application. A message is only a nudge; the database row is the truth."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "joulemark_site.settings")

app = Celery("joulemark_site")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
