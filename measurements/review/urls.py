"""Addresses of review, under /api/v1/."""

from django.urls import path, register_converter

from measurements.review.api import AppealView, HealthView, ResultStatusView, WithdrawalView


class ResultIdConverter:
    """A result id in an address: 64 lower-case hex digits."""

    regex = "[0-9a-f]{64}"

    def to_python(self, value: str) -> str:
        """As it stands."""
        return value

    def to_url(self, value: str) -> str:
        """As it stands."""
        return value


class ShortResultIdConverter(ResultIdConverter):
    """The first digits of a result id, as a short address has them."""

    regex = "[0-9a-f]{16}"


register_converter(ResultIdConverter, "result_id")
register_converter(ShortResultIdConverter, "short_result_id")

urlpatterns = [
    path("appeals", AppealView.as_view(), name="appeals"),
    path("health", HealthView.as_view(), name="health"),
    path("withdrawals", WithdrawalView.as_view(), name="withdrawals"),
    path("results/<result_id:result_id>", ResultStatusView.as_view(), name="result-status"),
]
