"""Addresses: pages at the root, the log under /log/, the API under /api/v1/, the moderators' admin under /admin/."""

from django.contrib import admin
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.i18n import set_language

from joulemark_site import reflection
from joulemark_site.probe_addresses import PROBES
from measurements.ledger.urls import files as log_files

urlpatterns = [
    path("admin/", admin.site.urls),
    *(path(name, view, name=name) for name, view in PROBES.items()),
    path("doctor/reflection", reflection.reflect, name="reflection"),
    # without a token, so that a page is the same for all its readers: docs/decisions/0062
    path("i18n/setlang/", csrf_exempt(set_language), name="set_language"),
    path("log/", include(log_files)),
    path("api/v1/", include("measurements.intake.urls")),
    path("api/v1/", include("measurements.ledger.urls")),
    path("api/v1/", include("measurements.review.urls")),
    path("api/v1/", include("measurements.monitoring.urls")),
    path("api/v1/", include("measurements.downloads.urls")),
    path("", include("measurements.pages.urls")),
]

handler400 = "joulemark_site.errors.not_understood"
handler403 = "joulemark_site.errors.forbidden"
handler404 = "joulemark_site.errors.not_found"
handler500 = "joulemark_site.errors.crashed"
