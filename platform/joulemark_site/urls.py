"""Addresses: pages at the root, the log under /log/, the API under /api/v1/, the moderators' admin under /admin/."""

from django.contrib import admin
from django.urls import include, path

from joulemark_site import probes
from measurements.ledger.urls import files as log_files

urlpatterns = [
    path("admin/", admin.site.urls),
    path("livez", probes.livez, name="livez"),
    path("readyz", probes.readyz, name="readyz"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("log/", include(log_files)),
    path("api/v1/", include("measurements.intake.urls")),
    path("api/v1/", include("measurements.ledger.urls")),
    path("api/v1/", include("measurements.review.urls")),
    path("api/v1/", include("measurements.downloads.urls")),
    path("", include("measurements.pages.urls")),
]

handler400 = "joulemark_site.errors.not_understood"
handler403 = "joulemark_site.errors.forbidden"
handler404 = "joulemark_site.errors.not_found"
handler500 = "joulemark_site.errors.crashed"
