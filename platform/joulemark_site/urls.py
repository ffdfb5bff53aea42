"""Addresses: pages under their language, the log under /log/, the API under /api/v1/, moderators under /admin/."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path

from joulemark_site import reflection
from joulemark_site.probe_addresses import PROBES
from measurements.ledger.urls import files as log_files

urlpatterns = [
    path("admin/", admin.site.urls),
    *(path(name, view, name=name) for name, view in PROBES.items()),
    path("doctor/reflection", reflection.reflect, name="reflection"),
    path("log/", include(log_files)),
    path("releases/", include("measurements.releases.file_urls")),
    path("api/v1/", include("measurements.intake.urls")),
    path("api/v1/", include("measurements.ledger.urls")),
    path("api/v1/", include("measurements.review.urls")),
    path("api/v1/", include("measurements.monitoring.urls")),
    path("api/v1/", include("measurements.downloads.urls")),
    path("api/v1/", include("measurements.releases.urls")),
    path("", include("measurements.pages.short_urls")),
    path("", include("measurements.downloads.site_urls")),
    *i18n_patterns(
        path("", include("measurements.pages.urls")),
        path("", include("measurements.downloads.language_urls")),
        path("", include("measurements.releases.page_urls")),
    ),
]

handler400 = "joulemark_site.errors.not_understood"
handler403 = "joulemark_site.errors.forbidden"
handler404 = "joulemark_site.errors.not_found"
handler500 = "joulemark_site.errors.crashed"
