"""Addresses of monitoring, under /api/v1/."""

from django.urls import path

from measurements.monitoring.api import HealthView

urlpatterns = [path("health", HealthView.as_view(), name="health")]
