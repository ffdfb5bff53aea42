"""gunicorn's configuration. Named settings are gunicorn's own; see docs/operations.md."""

from __future__ import annotations

from typing import Any

worker_class = "joulemark_site.worker.HeadFirstWorker"
timeout = 60
graceful_timeout = 30
keepalive = 5
limit_request_line = 4094
limit_request_fields = 50
accesslog = None
errorlog = "-"
control_socket_disable = True
worker_tmp_dir = "/dev/shm"  # noqa: S108 - gunicorn's heartbeat file; on a disk it may block


def pre_request(_worker: Any, request: Any) -> None:
    """A body that stops arriving, or trickles, gives its thread back: gunicorn's `timeout` does not watch threads."""
    from joulemark_site.body_deadline import watch_body

    watch_body(request)


def post_worker_init(_worker: Any) -> None:
    """Limit statements. Without a queue there is no Celery beat: the web process then sweeps by itself."""
    from django.conf import settings

    from joulemark_site.database_limits import WEB, limit_statements

    limit_statements(WEB)
    if settings.CELERY_TASK_ALWAYS_EAGER:
        from joulemark_site.embedded import start_sweeping

        start_sweeping(every_s=settings.SWEEP_EVERY_S)
