"""Whether a release is due. Whoever looks loads nothing that writes one."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from measurements.ledger.models import Leaf, LeafKind
from measurements.releases.models import Release


def is_release_due() -> bool:
    """Whether the last release is as old as settings.RELEASES_EVERY_S and the log has news, or one is not listed yet.

    Never where that setting is 0.
    """
    if not settings.RELEASES_EVERY_S:
        return False
    last = Release.objects.first()
    if last is None:
        return Leaf.objects.exists()
    if last.published_at is None:
        return True
    # whoever looks so often comes half a look too early as often as too late: the day of a release does not wander
    due_after_s = settings.RELEASES_EVERY_S - settings.RELEASE_LOOK_S / 2
    is_old = last.made_at <= timezone.now() - timedelta(seconds=due_after_s)
    news = Leaf.objects.exclude(kind=LeafKind.RELEASE).exclude(index__lt=last.tree_size)
    return is_old and news.exists()
