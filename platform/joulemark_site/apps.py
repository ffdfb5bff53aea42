"""The site as an app: it holds the base template, static files and commands, and loads Celery with Django."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """Loads the Celery application, so that tasks find it."""

    name = "joulemark_site"

    def ready(self) -> None:
        """Import the Celery application for its side effect: it becomes the current one."""
        from joulemark_site import celery  # noqa: F401 - importing makes it current
        from joulemark_site.moderators import log_lines

        log_lines.connect()
