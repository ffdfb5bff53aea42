"""The feeds of this platform by name, with their titles: for the feeds themselves, and for pages that name them."""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

FEEDS = {
    "cells": _("Joulemark: new and changed values"),
    "records": _("Joulemark: least energy on each data set and hardware"),
    "decisions": _("Joulemark: moderators' decisions"),
    "retirements": _("Joulemark: results withdrawn or rejected"),
}


def feed_title(name: str) -> str:
    """The title of a feed in the language in use."""
    return gettext(FEEDS[name])
