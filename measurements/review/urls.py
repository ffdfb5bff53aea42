"""Addresses of review, under /api/v1/."""

from django.urls import path

from measurements.review.api import AppealView, ResultStatusView, WithdrawalView
from measurements.web import addresses as _addresses  # noqa: F401 - registers the result_id converter

urlpatterns = [
    path("appeals", AppealView.as_view(), name="appeals"),
    path("withdrawals", WithdrawalView.as_view(), name="withdrawals"),
    path("results/<result_id:result_id>", ResultStatusView.as_view(), name="result-status"),
]
