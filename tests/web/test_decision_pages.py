"""The list of decisions: a page reads its own rows and no others, and all pages together are the order of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from joulemark_simulation.result_rows import Run, demo_catalog, make_result
from measurements.downloads.api_decisions import DecisionPages
from measurements.intake.models import State
from measurements.ledger.models import LeafKind
from measurements.ledger.services import append_leaf
from measurements.review.decisions import PublicDecisions
from measurements.review.models import Appeal, Moderation

if TYPE_CHECKING:
    from django.test import Client

N_ROWS, PER_PAGE = 9, 4


@pytest.fixture
def reasons(db: None) -> list[str]:
    """Decisions and, as each third, an open appeal; what identifies each, the last one first."""
    demo_catalog()
    moderator = User.objects.create_user("m", is_staff=True)
    made = []
    for number in range(N_ROWS):
        row = make_result(Run(by=f"p{number}", device="d", state=State.REJECTED))
        leaf, now = append_leaf(kind=LeafKind.MODERATION, subject=row.pk, facts={}), timezone.now()
        if number % 3 == 2:
            Appeal.objects.create(submission=row, words=row.pk, filed_at=now, decide_by=now, leaf=leaf)
        else:
            Moderation.objects.create(
                submission=row, moderator=moderator, state=State.REJECTED, reason="evidence-fails",
                decided_at=now, leaf=leaf,
            )  # fmt: skip
        made.append(row.pk)
    return made[::-1]


def test_pages_together_are_all(client: Client, reasons: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DecisionPages, "page_size", PER_PAGE)
    pages = [client.get("/api/v1/decisions/", {"page": page}).json() for page in (1, 2, 3)]
    listed = [row for page in pages for row in page["results"]]
    assert [row["result_id"] for row in listed] == reasons
    assert [row["kind"] for row in listed[:3]] == ["appeal", "decision", "decision"]
    assert {page["count"] for page in pages} == {N_ROWS}
    assert client.get("/api/v1/decisions/", {"page": 4}).status_code == 404
    html = client.get("/decisions/").content.decode()
    assert [html.index(reason[:12]) for reason in reasons] == sorted(
        html.index(reason[:12]) for reason in reasons
    )


def test_a_page_reads_its_own_rows(reasons: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[type] = []
    from_db = Moderation.from_db.__func__  # type: ignore[attr-defined]  # a class method
    for model in (Moderation, Appeal):

        def count(own: type, *args: Any) -> Any:
            read.append(own)
            return from_db(own, *args)

        monkeypatch.setattr(model, "from_db", classmethod(count))
    every = PublicDecisions()
    assert [row.result_id for row in every[2:4]] == reasons[2:4]
    assert len(read) == 2
    assert (len(every), every[-1].result_id) == (N_ROWS, reasons[-1])
    assert [row.result_id for row in every] == reasons
