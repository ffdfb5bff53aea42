"""Addresses of the door, under /api/v1/."""

from django.urls import path

from measurements.intake.api import (
    BatchView,
    CosignatureView,
    EnrolmentView,
    PlatformView,
    ReceiptedView,
    RevocationView,
    RotationView,
    SubmissionView,
    TicketView,
)

urlpatterns = [
    path("platform", PlatformView.as_view(), name="platform-key"),
    path("log/cosignatures", CosignatureView.as_view(), name="log-cosignatures"),
    path("enrolments", EnrolmentView.as_view(), name="enrolments"),
    path("revocations", RevocationView.as_view(), name="revocations"),
    path("rotations", RotationView.as_view(), name="rotations"),
    path("results/batch", BatchView.as_view(), name="submit-results"),
    path("results/receipted", ReceiptedView.as_view(), name="submit-receipted"),
    path("results", SubmissionView.as_view(), name="submit-result"),
    path("tickets", TicketView.as_view(), name="tickets"),
]
