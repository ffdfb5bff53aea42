"""App configuration: each periodic task that ends well is recorded."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    """Health, figures and alarms."""

    name = "measurements.monitoring"
    verbose_name = "Monitoring"

    def ready(self) -> None:
        """Listen to the tasks that a worker has finished."""
        from celery.signals import task_success

        from measurements.monitoring.periodic_runs import record_run

        def record(*, sender: Any, **_: Any) -> None:
            record_run(str(sender.name))

        task_success.connect(record, weak=False, dispatch_uid="monitoring.periodic_runs")
