"""The WSGI entry point for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "joulemark_site.settings")
django_application = get_wsgi_application()

from joulemark_site.maintenance import serves_pages  # noqa: E402 - apps are loaded by then
from joulemark_site.request_log import log_replayed  # noqa: E402 - the same
from measurements.answer_cache.replay import ReplayingApplication  # noqa: E402 - the same
from measurements.answer_cache.software_digest import software_digest  # noqa: E402 - the same

application = ReplayingApplication(django_application, may_replay=serves_pages, on_replay=log_replayed)

software_digest()  # of what this process has loaded, before anybody installs another version over it
