"""The WSGI entry point for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "joulemark_site.settings")
django_application = get_wsgi_application()

from measurements.answer_cache.replay import ReplayingApplication  # noqa: E402 - apps are loaded by then
from measurements.answer_cache.software_digest import software_digest  # noqa: E402 - the same

application = ReplayingApplication(django_application)

software_digest()  # of what this process has loaded, before anybody installs another version over it
