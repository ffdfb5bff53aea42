"""Runs that were announced and never reported, by device, by contributor and by network: who reports the best of many.

All are counted before a result arrived, whatever their tickets say of when they were issued: a contributor who takes
forty tickets first, and reports the run that came out best, has thirty-nine others then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from joulemark.rules.case import AnnouncedRuns
from joulemark.rules.provenance import MOST_UNREPORTED, is_selected
from measurements.intake.models import State, Submission

OF_CONTRIBUTOR = """
SELECT own.result_id,
       count(*) FILTER (WHERE ticket.device_tag = mine.device_tag AND {silent}),
       count(*) FILTER (WHERE {silent}),
       count(*)
FROM intake_submission own
JOIN intake_ticket mine ON mine.id = own.ticket_id
JOIN contributors_key my_key ON my_key.key_id = own.key_id
JOIN contributors_key key ON key.contributor_id = my_key.contributor_id
JOIN intake_ticket ticket ON ticket.key_id = key.key_id AND ticket.job_id = mine.job_id
LEFT JOIN intake_submission result ON result.ticket_id = ticket.id
WHERE own.result_id IN ({ids}) AND ticket.leaf_id < own.leaf_id
GROUP BY own.result_id
"""
OF_NETWORK = """
SELECT own.result_id, count(*) FILTER (WHERE {silent}), count(*)
FROM intake_submission own
JOIN intake_ticket mine ON mine.id = own.ticket_id AND mine.network <> ''
JOIN intake_ticket ticket ON ticket.network = mine.network AND ticket.job_id = mine.job_id
LEFT JOIN intake_submission result ON result.ticket_id = ticket.id
WHERE own.result_id IN ({ids}) AND ticket.leaf_id < own.leaf_id
GROUP BY own.result_id
"""
SILENT = f"(result.result_id IS NULL OR result.state = '{State.WITHDRAWN}')"

NO_RUNS = AnnouncedRuns()


@dataclass(frozen=True, kw_only=True)
class RunsBefore:
    """What was announced for a result's job before it arrived. `on_device` counts unreported runs of its device."""

    on_device: int = 0
    of_contributor: AnnouncedRuns = NO_RUNS
    of_network: AnnouncedRuns = NO_RUNS

    @property
    def may_be_selected(self) -> bool:
        """Whether JM-BEST-OF puts a result aside that was reported among these."""
        return self.on_device >= MOST_UNREPORTED or any(
            map(is_selected, (self.of_contributor, self.of_network))
        )


NONE = RunsBefore()
"""Of a result without a ticket."""


def runs_before(submissions: Sequence[Submission]) -> Mapping[str, RunsBefore]:
    """By result id the runs of its job that were announced before it arrived; without those that have no ticket."""
    with_ticket = [submission.pk for submission in submissions if submission.ticket_id is not None]
    if not with_ticket:
        return {}
    of_network = {
        result_id: AnnouncedRuns(unreported, announced)
        for result_id, unreported, announced in _rows(OF_NETWORK, with_ticket)
    }
    return {
        result_id: RunsBefore(
            on_device=on_device,
            of_contributor=AnnouncedRuns(unreported, announced),
            of_network=of_network.get(result_id, NO_RUNS),
        )
        for result_id, on_device, unreported, announced in _rows(OF_CONTRIBUTOR, with_ticket)
    }


def _rows(sql: str, result_ids: Sequence[str]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql.format(silent=SILENT, ids=", ".join(["%s"] * len(result_ids))), result_ids)
        return list(cursor.fetchall())
