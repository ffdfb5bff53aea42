"""The admin of monitoring: alarms that are raised, to be read."""

from django.contrib import admin

from measurements.monitoring.models import RaisedAlarm
from measurements.web.read_only_admin import ReadOnlyAdmin


@admin.register(RaisedAlarm)
class RaisedAlarmAdmin(ReadOnlyAdmin):
    """What is amiss now."""

    list_display = ["name", "raised_at", "announced_at", "sentence"]
