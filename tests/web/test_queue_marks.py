"""Marks of what is queued: no result is held back by the mark of a message that is gone."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from celery import current_app
from celery.signals import task_revoked
from celery.worker.request import Request
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from joulemark_simulation.result_rows import demo_catalog
from measurements.intake.models import UNJUDGED, State, Submission
from measurements.review import tasks
from measurements.review.judge_queue import SENDING_LIFE_S, take_up
from tests.web.test_queues import measured

if TYPE_CHECKING:
    import redis


@pytest.mark.django_db
def test_a_message_that_a_worker_drops_as_too_old_is_sent_again(broker: redis.Redis) -> None:
    """Its sender's clock was an hour behind: its time is over before a worker sees it, while its marks live on."""
    demo_catalog()
    measured(state=State.RECEIVED)
    assert [tasks.sweep(), tasks.sweep()] == [1, 0]
    with current_app.connection_for_read() as connection:
        message = connection.SimpleQueue(settings.JUDGE_QUEUE).get(timeout=5)
        request = Request(message, app=current_app, task=tasks.judge, on_ack=lambda *_: None)
        request.expires = timezone.now() - timedelta(hours=1)
        assert request.revoked()
    assert tasks.sweep() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("is_dropped", [True, False], ids=["dropped", "taken up"])
def test_a_worker_that_is_faster_than_its_sender_leaves_no_mark(
    broker: redis.Redis, monkeypatch: pytest.MonkeyPatch, *, is_dropped: bool
) -> None:
    """A mark that came after its message was gone would hold a result back for as long as a message may live."""
    demo_catalog()
    measured(state=State.RECEIVED)

    def received_at_once(args: tuple[list[str]], **_options: object) -> None:
        if is_dropped:
            context = SimpleNamespace(args=args)
            task_revoked.send(tasks.judge, request=context, terminated=False, signum=None, expired=True)
        else:
            take_up(tasks.judge, args[0])

    with monkeypatch.context() as patched:
        patched.setattr(tasks.judge, "apply_async", received_at_once)
        assert tasks.sweep() == 1
    assert tasks.sweep() == 1, "the next sweep sends it again"
    assert tasks.sweep() == 0, "while a message waits none is sent"
    assert min(broker.ttl(key) for key in broker.scan_iter("*queued:*")) > SENDING_LIFE_S


@pytest.mark.django_db
def test_a_queue_that_could_not_be_reached_leaves_no_mark(
    broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo_catalog()
    measured(state=State.RECEIVED)

    def away(*_args: object, **_options: object) -> None:
        raise OSError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(tasks.judge, "apply_async", away)
        with pytest.raises(OSError, match="gone"):
            tasks.sweep()
    assert tasks.sweep() == 1


@pytest.mark.django_db
def test_without_a_cache_sweeps_queue_everything(
    broker: redis.Redis, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    demo_catalog()
    measured(state=State.RECEIVED)

    def away(*_args: object, **_options: object) -> None:
        raise OSError("gone")

    for name in ("get_many", "set_many", "delete_many", "add", "touch_many"):
        monkeypatch.setattr(cache, name, away)
    assert [tasks.sweep() for _ in range(2)] == [1, 1]
    assert "the cache is away" in caplog.text
    tasks.judge.push_request(delivery_info={"routing_key": settings.JUDGE_QUEUE})
    try:
        tasks.judge.run(list(Submission.objects.values_list("pk", flat=True)))
    finally:
        tasks.judge.pop_request()
    assert not Submission.objects.filter(state__in=UNJUDGED).exists()
