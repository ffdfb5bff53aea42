"""The entries of each feed: what changed last, as titles, sentences and links in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext

from measurements.boards.latest_values import latest_values, least_values
from measurements.boards.models import NAMED_BY
from measurements.display.templatetags.figures import figure, grade_name, scope_name, tier_name
from measurements.display.titles import translated
from measurements.intake.models import State
from measurements.review.decisions import PublicDecisions
from measurements.review.models import ModerationReason
from measurements.review.result_moves import latest_retirements
from measurements.web.as_of import address_at
from measurements.web.plain_text import plain_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from measurements.boards.board_row import BoardRow
    from measurements.review.decisions import Decision
    from measurements.review.result_moves import Move

LENGTH = 50
"""Entries of a feed."""


@dataclass(frozen=True, kw_only=True)
class FeedEntry:
    """`path` is the page that the entry is about, `name` what no other entry of the feed has, for its id."""

    name: str
    title: str
    summary: str
    path: str
    at: datetime


def cell_entries() -> list[FeedEntry]:
    """Values of cells that changed last."""
    return [_value(row, gettext("New value: {subject}")) for row in latest_values(LENGTH)]


def record_entries() -> list[FeedEntry]:
    """The least energy on each data set and hardware, for as long as it is the least."""
    return [_value(row, gettext("Least energy: {subject}")) for row in least_values(LENGTH)]


def decision_entries() -> list[FeedEntry]:
    """What moderators decided, and appeals that wait."""
    return [_decision(decision) for decision in PublicDecisions()[:LENGTH]]


def retirement_entries() -> list[FeedEntry]:
    """Results that were withdrawn or rejected."""
    return [_retirement(move) for move in latest_retirements(LENGTH)]


ENTRIES: dict[str, Callable[[], list[FeedEntry]]] = {
    "cells": cell_entries,
    "records": record_entries,
    "decisions": decision_entries,
    "retirements": retirement_entries,
}


def cell_path(row: BoardRow) -> str:
    """The page of a row's cell, in the language in use."""
    return address_at(None, "cell", row.series, row.task, **{name: getattr(row, name) for name in NAMED_BY})


def subject_of(row: BoardRow) -> str:
    """Model, data set and hardware of a row."""
    words = (row.model_title, translated(row.dataset_title), translated(row.hardware_title))
    return ", ".join(plain_text(word, limit=120) for word in words if word)


def energy_of(row: BoardRow) -> str:
    """The value of a row with its interval, grade and scope, as one sentence."""
    fields = {
        "value": figure(row.energy_wh_per_1000),
        "low": figure(row.low_wh_per_1000),
        "high": figure(row.high_wh_per_1000),
        "grade": grade_name(row.grade),
        "scope": scope_name(row.scope),
        "tier": tier_name(row.tier),
    }
    if row.low_j is None:
        return gettext("{value} Wh per 1,000 queries, no interval; {grade}, {scope}, {tier}.").format(
            **fields
        )
    return gettext(
        "{value} Wh per 1,000 queries, 95 % interval {low} to {high}; {grade}, {scope}, {tier}."
    ).format(**fields)


def _value(row: BoardRow, title: str) -> FeedEntry:
    named = "/".join((row.series, row.task, *(getattr(row, name) for name in NAMED_BY)))
    return FeedEntry(
        name=f"{named}/{row.version}",
        title=title.format(subject=subject_of(row)),
        summary=energy_of(row),
        path=cell_path(row),
        at=row.updated_at,
    )


def _decision(decision: Decision) -> FeedEntry:
    if decision.kind == "appeal":
        title, why = gettext("Appeal about result {result}"), gettext("It waits for a moderator.")
    else:
        title, why = gettext("Decision about result {result}"), str(ModerationReason(decision.reason).label)
    state = str(State(decision.state).label)
    return FeedEntry(
        name=f"{decision.result_id}/{decision.kind}/{decision.at.isoformat()}",
        title=title.format(result=decision.result_id[:12]),
        summary=gettext("State: {state}. Reason: {reason}.").format(state=state, reason=why.rstrip(".")),
        path=address_at(None, "result", decision.result_id),
        at=decision.at,
    )


def _retirement(move: Move) -> FeedEntry:
    reasons = [*move.codes, *filter(None, [move.reason])] or [move.cause_title]
    state = str(State(move.after).label)
    return FeedEntry(
        name=f"{move.result_id}/{move.id}",
        title=gettext("Result {result}: {state}").format(result=move.result_id[:12], state=state),
        summary=gettext("State: {state}. Reason: {reason}.").format(
            state=state, reason=plain_text("; ".join(reasons))
        ),
        path=address_at(None, "result", move.result_id),
        at=move.at,
    )
