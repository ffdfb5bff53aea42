"""`joulemark results`: one's own results at a platform, with their states, in one or few requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.cli.code_words import in_words
from joulemark.cli.output import CommandOutput
from joulemark.translation import gettext as _
from joulemark.translation import ngettext

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from joulemark.cli.result_lines import ResultEntry
    from joulemark.config import Config
    from joulemark.outbox import Outbox, OutboxResult
    from joulemark.record.messages import Enrolled, ListedResult

MOST_PAGES = 20
"""Pages of the platform's list that are read: ten thousand results."""

MOST_UNLISTED = 50
"""Results that the list lacks, and that are asked for one by one."""


def add_arguments(parser: ArgumentParser) -> None:
    """Everything, or what is already known alone."""
    parser.add_argument(
        "--offline", action="store_true", help=_("do not contact the platform; print the last known states")
    )


def execute(arguments: Namespace) -> int:
    """0 when all is listed; 2 when a file is damaged, 6 when there is nothing. A platform out of reach is named."""
    from joulemark import config as configs
    from joulemark import identity as identities
    from joulemark.cli.damage import tell_damaged, tell_note_faults
    from joulemark.cli.elsewhere import elsewhere_in_words, no_result_for, results_elsewhere
    from joulemark.cli.result_lines import result_lines
    from joulemark.errors import EXIT_OK, EXIT_USAGE, Refused, Unreachable
    from joulemark.outbox import Outbox
    from joulemark.session.comparison import own_energy_words

    output = CommandOutput(as_json=arguments.json)
    config = configs.load()
    outbox = Outbox(config.folders)
    every = list(outbox.results())
    own = [result for result in every if result.bundle.statement().predicate.audience == config.origin]
    elsewhere = results_elsewhere(config, every)
    damaged = tell_damaged(output, outbox)
    tell_note_faults(output, own)
    if not own and not damaged:
        raise no_result_for(config, elsewhere)
    enrolled = identities.enrolment(config.folders, config.origin)
    listed: dict[str, ListedResult] = {}
    lost: list[OutboxResult] = []
    not_asked = None if enrolled is not None else _("not enrolled there")
    if arguments.offline:
        not_asked = "--offline"
    elif enrolled is not None and any(result.state == "sent" for result in own):
        try:
            listed, lost = _listed_by_platform(config, enrolled, own)
        except (Refused, Unreachable) as error:
            not_asked = str(error)
            output.aside(_("The last known states are shown: {error}").format(error=error))
    rows = []
    for result in _annotated(outbox, own, listed):
        rows.append(row := _row(result, listed.get(result.digest)))
        entry = _entry(row, own_energy_words(result.bundle.statement().predicate))
        for line in result_lines(entry, width=output.width):
            output.say_verbatim(line)
    output.say(_summary(rows))
    if lost and enrolled is not None:
        _report_lost(output, lost, enrolled)
    if elsewhere:
        output.aside(elsewhere_in_words(elsewhere))
    exit_code = EXIT_USAGE if damaged else EXIT_OK
    output.answer(
        {
            "ok": exit_code == EXIT_OK,
            "origin": config.origin,
            "contributor": enrolled and enrolled.contributor,
            "not_asked": not_asked,
            "results": rows,
            "kept_for_others": elsewhere,
            "lost": [result.digest for result in lost],
            "damaged": damaged,
        }
    )
    return exit_code


def _report_lost(output: CommandOutput, lost: list[OutboxResult], enrolled: Enrolled) -> None:
    """Name the results that the platform gave a receipt for and no longer knows, and what to do."""
    from joulemark.session.lost_results import lost_in_words

    for result in lost:
        output.say(f"{result.digest[:16]}  {lost_in_words(result, enrolled.platform)}")


def _listed_by_platform(
    config: Config, enrolled: Enrolled, own: list[OutboxResult]
) -> tuple[dict[str, ListedResult], list[OutboxResult]]:
    """What the platform lists of these results, by id, and those with a receipt that it no longer knows.

    Raises Refused or Unreachable.
    """
    from joulemark.platform_client import PlatformClient
    from joulemark.session.lost_results import is_lost

    result_ids = {result.digest for result in own}
    states: dict[str, ListedResult] = {}
    with PlatformClient(config.origin, advice=_("Try again later.")) as client:
        for page in range(1, MOST_PAGES + 1):
            answer = client.results_of(enrolled.contributor, page=page)
            states |= {row.result_id: row for row in answer.results if row.result_id in result_ids}
            if answer.next is None or len(states) == len(result_ids):
                break
        unlisted = [result for result in own if result.state == "sent" and result.digest not in states]
        lost = [result for result in unlisted[:MOST_UNLISTED] if is_lost(result, client)]
    return states, lost


def _annotated(
    outbox: Outbox, own: list[OutboxResult], listed: dict[str, ListedResult]
) -> list[OutboxResult]:
    """The results, with the platform's current verdict in the note of each."""
    from msgspec.structs import replace

    return [
        result
        if result.digest not in listed
        else outbox.annotate(result, replace(result.note, verdict=listed[result.digest].state))
        for result in own
    ]


def _row(result: OutboxResult, listed: ListedResult | None) -> dict[str, Any]:
    from joulemark.energy.budget import expanded
    from joulemark.session.comparison import J_PER_QUERY

    predicate = result.bundle.statement().predicate
    work, refusal = predicate.workload, result.note.refusal
    return {
        "result_id": result.digest,
        "job": f"{work.task}/{work.dataset}/{work.model}",
        "measured_at": predicate.ended_at.isoformat(),
        "energy_wh_per_1000": predicate.totals.energy_per_query_j / J_PER_QUERY,
        "expanded_u": expanded(predicate.budget) if predicate.budget else None,
        "grade": predicate.sensor.grade,
        "state": result.note.verdict or result.state,
        "codes": list(listed.codes) if listed else ([refusal.code] if refusal else []),
        "page_url": listed and listed.page_url,
        "short_url": listed and listed.short_url,
        "file": str(result.path),
    }


def _entry(row: dict[str, Any], energy: str) -> ResultEntry:
    from joulemark.cli.result_lines import ResultEntry

    return ResultEntry(
        state=row["state"],
        job=row["job"],
        energy=energy,
        comparison=None,
        codes=tuple(row["codes"]),
        place=row["short_url"] or _("stored as {digest}").format(digest=row["result_id"][:16]),
    )


def _summary(rows: list[dict[str, Any]]) -> str:
    """How many results are in each state, the most frequent first."""
    from collections import Counter

    counts = Counter(row["state"] for row in rows).most_common()
    states = ", ".join(f"{count} {in_words(state)}" for state, count in counts)
    return ngettext("{count} result: {states}", "{count} results: {states}", len(rows)).format(
        count=len(rows), states=states
    )
