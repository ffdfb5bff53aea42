"""The WSGI entry point for gunicorn.

A process loads every view before its first request, and what is loaded then stays for its life: the garbage collector
neither interrupts the loading nor visits it again.
"""

import gc
import os

from django.core.wsgi import get_wsgi_application

gc.disable()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "joulemark_site.settings")
django_application = get_wsgi_application()

from django.urls import get_resolver  # noqa: E402 - apps are loaded by then

from joulemark_site.maintenance import serves_pages  # noqa: E402 - the same
from joulemark_site.request_log import log_replayed  # noqa: E402 - the same
from measurements.answer_cache.replay import ReplayingApplication  # noqa: E402 - the same
from measurements.answer_cache.software_digest import software_digest  # noqa: E402 - the same

application = ReplayingApplication(django_application, may_replay=serves_pages, on_replay=log_replayed)

software_digest()  # of what this process has loaded, before anybody installs another version over it

get_resolver().url_patterns  # noqa: B018 - reading them imports the views
gc.freeze()
gc.enable()
