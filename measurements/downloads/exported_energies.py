"""Facts for exports: of a result from its stored bytes, of a board's value from its row and the suite that fixes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from joulemark.exports.exported_energy import (
    QUERIES_OF_A_VALUE,
    ExportedEnergy,
    ExportedScore,
    energy_of_statement,
)
from joulemark.exports.forms import MOST_ENERGIES
from joulemark.record.bundle import parse
from joulemark.suite import SuiteError
from measurements.boards.models import NAMED_BY
from measurements.boards.subject_rows import SubjectRows
from measurements.catalog.models import AiModel
from measurements.catalog.suites import known_suite, suite_of_version
from measurements.intake.refusals import BadRequest
from measurements.review.models import Result
from measurements.web.links import absolute, page_url

if TYPE_CHECKING:
    from joulemark.impact.quantity import BoardGrade
    from joulemark.suite import DataSet, Model, Suite
    from measurements.boards.board_row import BoardRow
    from measurements.boards.series import SuiteSeries

TOO_MANY = "JM-EXPORT-TOO-MANY"


def energy_of_result(result_id: str) -> ExportedEnergy | None:
    """What a result states; None where no accepted one has this id."""
    result = (
        Result.objects.eligible()
        .select_related("submission", "hardware_class", "suite", "model", "dataset")
        .filter(pk=result_id)
        .first()
    )
    if result is None:
        return None
    submission = result.submission
    model, dataset = _entries(known_suite(result.suite.digest), result.model.slug, result.dataset.slug)
    return energy_of_statement(
        parse(bytes(submission.bundle)).statement(),
        result_id=result_id,
        made_at=submission.received_at,
        address=page_url(result_id),
        hub_model=model.hub_id if model else None,
        hub_dataset=dataset.hub_id if dataset else None,
        hardware=result.hardware_class.public_title,
        tier="one result",
        is_final=True,
    )


def energy_of_value(series: SuiteSeries, row: BoardRow) -> ExportedEnergy:
    """A board's value, as the energy of 1,000 queries."""
    model, dataset = _entries(suite_of_version(series.suite, series.version), row.model, row.dataset)
    address = absolute("cell", row.series, row.task, **{name: getattr(row, name) for name in NAMED_BY})
    return ExportedEnergy(
        kind="value",
        identity=f"{address}#{row.version}",
        made_at=row.updated_at,
        address=address,
        model=row.model,
        model_revision=model.revision if model else None,
        hub_model=model.hub_id if model else None,
        parameters=row.parameters,
        task=row.task,
        dataset=row.dataset,
        dataset_revision=dataset.revision if dataset else None,
        hub_dataset=dataset.hub_id if dataset else None,
        hardware=row.hardware_title,
        hardware_kind="gpu" if row.scope.startswith("gpu") else "cpu",
        scope=row.scope,
        grade=cast("BoardGrade", row.grade),
        stratum=row.stratum,
        dtype=row.stratum.partition(".")[0] or None,
        energy_per_query_j=row.energy_per_query_j,
        low_j=row.low_j,
        high_j=row.high_j,
        queries=QUERIES_OF_A_VALUE,
        n_results=row.n_results,
        tier=row.tier,
        scores=tuple(
            ExportedScore(metric=score["metric"], value=score["value"], questions=score.get("n_questions"))
            for score in row.quality
        ),
        versions={"suite": f"{series.suite} {series.version}", "value": str(row.version)},
    )


def energies_of_model(name: str) -> list[ExportedEnergy] | None:
    """Every value of volunteers' results of a model; None where there is no model. Raises BadRequest for too many."""
    model = AiModel.objects.filter(slug=name).first()
    if model is None:
        return None
    rows = SubjectRows(model=model)
    if rows.n_cells > MOST_ENERGIES:
        raise BadRequest(
            TOO_MANY,
            f"{name} has {rows.n_cells:,} values; one export holds {MOST_ENERGIES}. Export them one by one.",
        )
    return [energy_of_value(cast("SuiteSeries", line.series), line.row) for line in rows[: rows.n_cells]]


def _entries(suite: Suite | None, model: str, dataset: str) -> tuple[Model | None, DataSet | None]:
    """The model and the data set as the suite fixes them; None where it does not have them."""
    if suite is None:
        return None, None
    try:
        return suite.model(model), suite.dataset(dataset)
    except SuiteError:
        return None, None
