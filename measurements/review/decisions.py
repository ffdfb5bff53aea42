"""The public log of what people decided: every decision and every open appeal, latest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, overload

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


class PublicDecisions(Sequence[Decision]):
    """All of them in the order of the log, the last one first. A slice reads its own and no others."""

    def __init__(self) -> None:
        self._decisions = Moderation.objects.order_by()
        self._waiting = Appeal.objects.filter(decision=None).order_by()

    def __len__(self) -> int:
        return self._decisions.count() + self._waiting.count()

    @overload
    def __getitem__(self, index: int) -> Decision: ...
    @overload
    def __getitem__(self, index: slice) -> list[Decision]: ...
    def __getitem__(self, index: int | slice) -> Decision | list[Decision]:
        if isinstance(index, int):
            return self[:][index]
        places = self._decisions.values_list("leaf_id").union(self._waiting.values_list("leaf_id"), all=True)
        leaves = [leaf for (leaf,) in places.order_by("-leaf_id")[index]]
        decisions = self._decisions.filter(leaf__in=leaves).select_related("leaf", "appeal")
        waiting = self._waiting.filter(leaf__in=leaves).select_related("leaf", "submission")
        of_leaf = {row.leaf_id: _decision(row) for row in decisions}
        of_leaf |= {row.leaf_id: _waiting(row) for row in waiting}
        return [of_leaf[leaf] for leaf in leaves if leaf in of_leaf]

    def __iter__(self) -> Iterator[Decision]:
        return iter(self[:])


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
