"""What happened becomes an event once, whoever gathers beside whom and whoever dies, and nothing of the past does."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from joulemark_simulation.result_rows import Run, demo_catalog, make_result
from measurements.boards.models import BoardVersion, CellRevision
from measurements.boards.services import refresh_cells_of
from measurements.ledger import sequencer
from measurements.ledger.models import Checkpoint, LeafKind
from measurements.ledger.services import append_leaf
from measurements.webhooks import gathering
from measurements.webhooks.gathering import gather_events
from measurements.webhooks.models import (
    EventCursor,
    EventKind,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)
from measurements.webhooks.services import add_endpoint
from tests.laws import law

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django import DjangoAssertNumQueries, Settings

pytestmark = pytest.mark.django_db

ADDRESS = "https://receiver.example/hook"


class Power(Exception):
    """The process is gone."""


def judge(number: int = 0) -> None:
    """A verdict in the log, and a checkpoint over it."""
    with transaction.atomic():
        append_leaf(
            kind=LeafKind.VERDICT, subject=f"{number:064x}", facts={"state": "accepted"}, at=timezone.now()
        )
    sequencer.sequence()


def measure(*contributors: str) -> None:
    """A result of each contributor in the same cell, which is derived after each."""
    for contributor in contributors:
        row = make_result(Run(by=contributor))
        refresh_cells_of(result_ids=[row.pk])


def reader_of_board() -> gathering._CellEvents:
    """Of the only board that there is."""
    board = BoardVersion.objects.get()
    return gathering._CellEvents(suite_id=board.suite_id, grade=board.grade)


def before_call(number: int, act: Callable[[], object]) -> Callable[..., int]:
    """`_gather`, with something that happens right before its call of a number, the first being 0."""
    gather, calls = gathering._gather, iter(range(number, -1, -1))

    def interrupted(*arguments: object) -> int:
        if next(calls, None) == 0:
            act()
        return gather(*arguments)  # type: ignore[arg-type]

    return interrupted


def die() -> None:
    raise Power


@pytest.mark.parametrize("step", range(3))
@pytest.mark.parametrize("beside", ["another run", "a crash"])
def test_the_first_round_sends_nothing_of_the_past(step: int, beside: str) -> None:
    """There are three sources; before each of them another run begins and ends, or this one dies."""
    demo_catalog()
    measure("ada", "bob")
    judge()
    add_endpoint(address=ADDRESS, kinds=[])
    act = die if beside == "a crash" else gather_events
    with patch.object(gathering, "_gather", before_call(step, act)):
        try:
            assert gather_events() == 0
        except Power:
            assert beside == "a crash"
    assert gather_events() == 0
    assert not WebhookEvent.objects.exists()
    measure("cyd")
    judge()
    assert gather_events() > 0
    n_cells = WebhookEvent.objects.filter(kind=EventKind.CELL_MOVED).count()
    assert (
        n_cells == CellRevision.objects.filter(version=CellRevision.objects.latest("version").version).count()
    )


STEPS = st.lists(
    st.one_of(
        st.just(("judge", 0)),
        st.just(("gather", 0)),
        st.tuples(
            st.sampled_from(["die before source", "die before event", "gather beside"]), st.integers(0, 2)
        ),
    ),
    max_size=12,
)


@pytest.mark.laws
@law(share=0.3)
@given(STEPS)
def test_every_verdict_is_one_event_however_runs_and_crashes_follow_each_other(
    steps: list[tuple[str, int]],
) -> None:
    for table in (EventCursor, WebhookEvent, WebhookEndpoint):
        table.objects.all().delete()
    judge()
    add_endpoint(address=ADDRESS, kinds=[EventKind.RESULT_JUDGED])
    first = None
    for what, number in [*steps, ("gather", 0)]:
        size = Checkpoint.objects.latest("size").size
        if what == "judge":
            judge(size)
            continue
        first = size if first is None else first
        run_once(what, number)
    subjects = sorted(WebhookEvent.objects.values_list("subject", flat=True))
    assert subjects == sorted(f"leaf {index}" for index in range(first or 0, size))
    assert WebhookDelivery.objects.count() == len(subjects)


def run_once(what: str, number: int) -> None:
    """A run that comes to its end, or dies before a source or event of a number, or has another one within it."""
    record, events = gathering.record_event, iter(range(number, -1, -1))

    def dying(*arguments: object, **options: object) -> bool:
        if next(events, None) == 0:
            raise Power
        return record(*arguments, **options)  # type: ignore[arg-type]

    patches = {
        "gather": ("_gather", gathering._gather),
        "die before source": ("_gather", before_call(number, die)),
        "gather beside": ("_gather", before_call(number, gather_events)),
        "die before event": ("record_event", dying),
    }
    name, step = patches[what]
    with patch.object(gathering, name, step):
        try:
            gather_events()
        except Power:
            assert what.startswith("die")


def test_a_cell_has_its_energy_before_and_as_many_queries_however_many_moved(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    demo_catalog()
    measure("ada")
    read = reader_of_board()
    measure("bob", "cyd", "dan")
    revisions = list(CellRevision.objects.order_by("version"))
    assert len(revisions) > 2
    for n_revisions in (2, len(revisions)):
        with django_assert_num_queries(2):
            events, _position = read(0, revisions[n_revisions - 1].version, frozenset())
        before = [None, *(revision.energy_per_query_j for revision in revisions[: n_revisions - 1])]
        assert [event.data["energy_before"] for event in events] == before


def test_what_nobody_asks_for_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    demo_catalog()
    measure("ada")
    add_endpoint(address=ADDRESS, kinds=[EventKind.RELEASE_PUBLISHED])
    gather_events()
    measure("bob")
    judge()
    monkeypatch.setattr(gathering._CellEvents, "__call__", die)
    assert gather_events() == 0
    assert {cursor.position for cursor in EventCursor.objects.filter(source__startswith="board")} == {
        CellRevision.objects.latest("version").version
    }


def test_two_platforms_and_a_restored_one_give_no_two_events_one_id(settings: Settings) -> None:
    demo_catalog()
    measure("ada")
    read = reader_of_board()

    def message_id() -> str:
        ((event,), _position) = read(0, CellRevision.objects.latest("version").version, frozenset())
        return event.message_id

    ids = [message_id(), message_id()]
    settings.ORIGIN = "https://another.example"
    ids.append(message_id())
    CellRevision.objects.update(
        updated_at=timezone.now()
    )  # the same version, counted once more after a restore
    ids.append(message_id())
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3
