"""The public log of what people decided: every decision and every open appeal, latest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from measurements.review.models import Appeal, Moderation

PER_PAGE = 50
DecisionKind = Literal["decision", "appeal"]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A decision, or an appeal that waits for one.

    `moderators` are numbers, not names: who proposed and who confirmed. `leaf` is the place in the log, None until it
    has one. `appeal` is what the decision answers, with `decide_by` while it is open.
    """

    result_id: str
    kind: DecisionKind
    state: str
    reason: str
    at: datetime
    moderators: tuple[str, ...]
    leaf: int | None
    appeal: str
    decide_by: datetime | None


def public_decisions() -> list[Decision]:
    """All of them in the order of the log, the last one first: decisions by people are few."""
    decisions = [(row.leaf_id, _decision(row)) for row in Moderation.objects.select_related("leaf", "appeal")]
    waiting = [
        (row.leaf_id, _waiting(row))
        for row in Appeal.objects.filter(decision=None).select_related("leaf", "submission")
    ]
    return [
        decision for _, decision in sorted([*decisions, *waiting], key=lambda entry: entry[0], reverse=True)
    ]


def _decision(row: Moderation) -> Decision:
    appeal = getattr(row, "appeal", None)
    persons = (row.proposed_by_id, row.moderator_id)
    return Decision(
        result_id=row.submission_id,
        kind="decision",
        state=row.state,
        reason=row.reason,
        at=row.decided_at,
        moderators=tuple(f"m{person}" for person in persons if person is not None),
        leaf=row.leaf.index,
        appeal="" if appeal is None else appeal.words,
        decide_by=None,
    )


def _waiting(row: Appeal) -> Decision:
    return Decision(
        result_id=row.submission_id,
        kind="appeal",
        state=row.submission.state,
        reason="",
        at=row.filed_at,
        moderators=(),
        leaf=row.leaf.index,
        appeal=row.words,
        decide_by=row.decide_by,
    )
