"""Addresses of the log: its API under /api/v1/, and its files under /log/."""

from django.urls import path, re_path

from measurements.ledger import pages
from measurements.ledger.api import GapsView, ProofView, RowsView

urlpatterns = [
    path("log/gaps/", GapsView.as_view(), name="log-gaps"),
    path("log/rows/", RowsView.as_view(), name="log-rows"),
    re_path(r"^results/(?P<result_id>[0-9a-f]{64})/proof\Z", ProofView.as_view(), name="result-proof"),
]

files = [
    path("checkpoint", pages.checkpoint, name="log-checkpoint"),
    path("tile/<path:path>", pages.tile, name="log-tile"),
]
