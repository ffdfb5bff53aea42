"""gunicorn's configuration. Named settings are gunicorn's own; see docs/operations.md."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from typing import Any

from joulemark_site import environment as env
from joulemark_site.log_lines import logging_config

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

_lines = logging_config(
    line_format=env.choice("JOULEMARK_LOG_FORMAT", "text", ("text", "json")),
    level=env.level("JOULEMARK_LOG_LEVEL", "INFO"),
    secrets=(),  # before a worker has read the settings nothing here knows one
)
logconfig_dict = _lines | {
    "loggers": {
        **_lines["loggers"],
        "gunicorn.error": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "gunicorn.access": {"handlers": [], "propagate": False},
    }
}

if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    # where the processes of this gunicorn put what they measure, for whichever of them is asked
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="joulemark-figures-")
    _owner = os.getpid()

    @atexit.register
    def _remove_figures() -> None:
        if os.getpid() == _owner:
            shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


def child_exit(_server: Any, worker: Any) -> None:
    """The counts of a process that has ended stay; what it was doing then does not."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)


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
