"""Django's admin as an app, with the moderators' pages as its site."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class ModeratorsAdminConfig(AdminConfig):
    """For settings.INSTALLED_APPS, in place of Django's."""

    default_site = "joulemark_site.moderators.site.ModeratorsSite"
