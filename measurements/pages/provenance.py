"""Where what a page shows comes from, in one line: version, date, checkpoint of the log, grade and scope."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.conf import settings
from django.utils.translation import gettext

from joulemark import __version__
from measurements.boards.board_table import BoardTable
from measurements.boards.cell_detail import CellDetail
from measurements.boards.models import NAMED_BY, BoardVersion
from measurements.boards.queries import Board
from measurements.boards.series import PublisherSeries, latest_change
from measurements.display.titles import translated
from measurements.ledger.checkpoint_times import (
    checkpoint_size_at,
    checkpoint_size_until,
    checkpoint_size_with,
)
from measurements.pages.citation import Citation
from measurements.pages.evidence import Evidence
from measurements.pages.query_form import unit_title
from measurements.web.as_of import PARAMETERS, address_at, moment_shown
from measurements.web.languages import current_language, without_language
from measurements.web.links import exact_time
from measurements.web.plain_text import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from django.http import HttpRequest

    from measurements.boards.board_row import BoardRow
    from measurements.boards.series import Series
    from measurements.published.models import PublishedSeries


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A file of what the page shows: the name of its format, and its path."""

    name: str
    path: str


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """`at` is when what is shown came to be, `checkpoint` the last one of the log until then, None where none was.

    `versions` are those of each series that a table of several boards has rows of; `version` is that of the only one.

    `citation` is None for a page without data of its own. `embed_path` and `changes_path` are "" where there is none.
    """

    version: int | None = None
    versions: tuple[tuple[str, int], ...] = ()
    at: datetime | None = None
    checkpoint: int | None = None
    grades: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    citation: Citation | None = None
    files: tuple[Offer, ...] = field(default=())
    embed_path: str = ""
    badge_path: str = ""
    changes_path: str = ""
    software: str = __version__

    @property
    def embed_code(self) -> str:
        """The element that shows this in other sites' pages."""
        size = 'width="640" height="460" loading="lazy"'
        return f'<iframe src="{settings.ORIGIN}{self.embed_path}" title="Joulemark" {size}></iframe>'

    @property
    def badge_code(self) -> str:
        """The element that shows the badge, which leads each reader to it in their language."""
        return f'<img src="{settings.ORIGIN}{without_language(self.badge_path)}" alt="Joulemark">'


def provenance_of(context: Mapping[str, object], request: HttpRequest) -> Provenance:
    """Of the page with this context: what its view says, else that of the board, value or result that it shows."""
    stated = context.get("provenance")
    if isinstance(stated, Provenance):
        return stated
    board, table, cell, evidence = (context.get(name) for name in ("board", "table", "cell", "evidence"))
    if isinstance(board, Board):
        return _of_board(board, request)
    if isinstance(table, BoardTable):
        return _of_table(table, request)
    if isinstance(cell, CellDetail):
        return _of_cell(cell, request)
    if isinstance(evidence, Evidence):
        return _of_result(evidence, request)
    return Provenance()


def provenance_of_boards(*, at: datetime | None = None) -> Provenance:
    """Of a page about all boards, now or at a time: when the last of them changed, and their grades."""
    by_time = BoardVersion.objects.order_by("-changed_at")
    versions = list(by_time.values_list("changed_at", "grade", checkpoint_size_until("changed_at")))
    if not versions:
        return Provenance()
    changed_at, _, checkpoint = versions[0]
    grades = tuple(sorted({grade for _, grade, _ in versions}, reverse=True))
    if at is not None:
        return Provenance(at=at, checkpoint=checkpoint_size_at(at), grades=grades)
    return Provenance(at=changed_at, checkpoint=checkpoint, grades=grades)


def provenance_of_board_at(series: Series, scopes: Iterable[str], *, at: datetime) -> Provenance:
    """Of a page about one board as it was at a time, with rows of these scopes."""
    version, version_at = series.revision(at=at)
    return Provenance(
        version=version,
        at=version_at,
        checkpoint=checkpoint_size_at(version_at),
        grades=(series.grade,),
        scopes=tuple(scopes),
    )


def provenance_of_series(facts: PublishedSeries) -> Provenance:
    """Of a page about a published series: its revision, and when it was imported."""
    return Provenance(
        version=facts.revision,
        at=facts.imported_at,
        checkpoint=checkpoint_size_at(facts.imported_at),
        grades=(PublisherSeries(slug=facts.slug, facts=facts).grade,),
        scopes=(facts.scope,),
    )


def provenance_of_rows(rows: Sequence[BoardRow]) -> Provenance:
    """Of a page about something else than a board that shows rows of several: when the last of them changed."""
    if not rows:
        return Provenance()
    shown_at = max(row.updated_at for row in rows)
    return Provenance(
        at=shown_at,
        checkpoint=checkpoint_size_at(shown_at),
        grades=tuple(dict.fromkeys(row.grade for row in rows)),
        scopes=_scopes(rows),
    )


def _of_board(board: Board, request: HttpRequest) -> Provenance:
    moment, where = moment_shown(request), (board.series.slug, board.task.slug)
    return Provenance(
        version=board.version,
        at=board.version_at,
        checkpoint=checkpoint_size_at(board.version_at),
        grades=(board.series.grade,),
        scopes=_scopes(board.rows),
        citation=_citation(
            f"{translated(board.task.title)}, {board.series.title}", request, board.version, board.version_at
        ),
        files=(
            Offer(name="CSV", path=address_at(moment, "api-board-csv", *where)),
            Offer(name="JSON", path=address_at(moment, "api-board-json", *where)),
        ),
        embed_path=address_at(moment, "embed-board", *where),
        changes_path=address_at(None, "changes", *where),
    )


def provenance_of_table(table: BoardTable) -> Provenance:
    """Of rows of several boards: the versions of those that have any here, and when any that could last changed."""
    chosen = table.choices.series.get(table.query.series)
    at = table.as_of or latest_change([chosen] if chosen else table.choices.series.values())
    versions = tuple(table.versions.items())
    return Provenance(
        version=versions[0][1] if len(versions) == 1 else None,
        versions=versions,
        at=at,
        checkpoint=None if at is None else checkpoint_size_at(at),
        grades=tuple(dict.fromkeys(line.row.grade for line in table.rows)),
        scopes=_scopes(line.row for line in table.rows),
    )


def _of_table(table: BoardTable, request: HttpRequest) -> Provenance:
    of_rows, moment = provenance_of_table(table), moment_shown(request)
    if of_rows.at is None:
        return of_rows
    title = f"{translated(table.task.title)}, {unit_title(table.query)}"
    parameters = table.query.parameters
    return replace(
        of_rows,
        citation=_citation(title, request, of_rows.version, of_rows.at),
        files=tuple(
            Offer(
                name=name, path=address_at(moment, f"api-task-{name.lower()}", table.task.slug, **parameters)
            )
            for name in ("CSV", "JSON")
        ),
    )


def _of_cell(cell: CellDetail, request: HttpRequest) -> Provenance:
    row, moment, where = cell.row, moment_shown(request), (cell.series.slug, cell.task.slug)
    named = {name: getattr(row, name) for name in NAMED_BY}
    words = (row.model_title, translated(row.dataset_title), row.hardware_title)
    title = ", ".join([*(plain_text(word, limit=90) for word in words if word), cell.series.title])
    return Provenance(
        version=row.version,
        at=row.updated_at,
        checkpoint=checkpoint_size_at(row.updated_at),
        grades=(row.grade,),
        scopes=(row.scope,),
        citation=_citation(title, request, row.version, row.updated_at),
        files=(
            Offer(name="CSV", path=address_at(moment, "api-board-csv", *where)),
            Offer(name="JSON", path=address_at(moment, "api-board-json", *where)),
        ),
        embed_path=address_at(moment, "embed-cell", *where, **named),
        badge_path=address_at(moment, "badge", *where, **named),
        changes_path=address_at(None, "changes", *where),
    )


def _of_result(evidence: Evidence, request: HttpRequest) -> Provenance:
    """A result never changes, and neither does its address: a citation of it needs no moment."""
    received_at = evidence.submission.received_at
    sensor = evidence.predicate.sensor
    result_id = evidence.submission.pk
    return Provenance(
        at=received_at,
        checkpoint=checkpoint_size_with(evidence.submission.leaf.index),
        grades=(sensor.grade,),
        scopes=(sensor.scope,),
        citation=Citation(
            title=gettext("Result {result} with its evidence").format(result=result_id[:12]),
            address=f"{settings.ORIGIN}{without_language(request.path)}",
            version=None,
            at=received_at,
            language=current_language(),
        ),
        files=(Offer(name="JSON", path=address_at(None, "api-bundle", result_id)),),
    )


def _citation(title: str, request: HttpRequest, version: int | None, at: datetime) -> Citation:
    """Of this page as of the time of its version, whatever moment the address names."""
    question = [(name, value) for name, value in request.GET.lists() if name not in PARAMETERS]
    pairs = [(name, each) for name, values in question for each in values]
    query = urlencode([*pairs, ("as_of", exact_time(at))])
    return Citation(
        title=title,
        address=f"{settings.ORIGIN}{without_language(request.path)}?{query}",
        version=version,
        at=at,
        language=current_language(),
    )


def _scopes(rows: Iterable[BoardRow]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.scope for row in rows if row.scope))
