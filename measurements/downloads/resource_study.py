"""Resources of what follows from the published study's figures: ratios, the factor at equal size, and parities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.impact.parity import other_parities, study_parities
from joulemark.impact.study_ratios import ratios_of_study, size_controlled_of_study
from joulemark.release.columns import LICENCE as LICENCE_COLUMN
from joulemark.release.columns import amount, count, flag, structured, text, words
from joulemark.suite.published import load_study
from measurements.display.choices import PUBLISHED_GRADE
from measurements.downloads.resource import Order, Resource, fields_of
from measurements.downloads.resource_columns import word_of
from measurements.impact.serializers import QualityDifferenceSerializer, SourceSerializer
from measurements.published.terms import LICENCE

if TYPE_CHECKING:
    from joulemark.consensus.size_controlled import FactorEstimate
    from joulemark.impact.quantity import Quantity

OF_STUDY = (
    text("grade", "published: all numbers follow from published figures."),
    text("scope", "What the study's energies cover."),
    text("study_digest", "Of the study's data, from which everything here is computed."),
    LICENCE_COLUMN,
)


def of_study() -> dict[str, Any]:
    """What every row has that follows from the study's figures."""
    study = load_study()
    return {"grade": "published", "scope": study.scope, "study_digest": study.digest, "licence": LICENCE}


def _estimated(name: str, what: str) -> tuple[Any, ...]:
    return (
        amount(name, "1", what),
        amount(f"{name}_low", "1", "Lower end of its 95 % interval."),
        amount(f"{name}_high", "1", "Upper end of it."),
        amount(f"{name}_degrees", "1", "Degrees of freedom of the interval."),
    )


def _written(name: str, estimate: FactorEstimate) -> dict[str, float]:
    return {
        name: estimate.value,
        f"{name}_low": estimate.low,
        f"{name}_high": estimate.high,
        f"{name}_degrees": estimate.degrees,
    }


def ratio_rows() -> list[dict[str, Any]]:
    """Ratios of the study: each compared data set, then the whole task; both families together, then each."""
    return [
        {
            "task": each.task,
            "dataset": each.dataset,
            "family": each.family,
            "n_above": each.n_above,
            "n_below": each.n_below,
            **_written("ratio", each.ratio),
            "over_task_mean": each.over_task_mean,
            "quality": QualityDifferenceSerializer(each.quality, many=True).data,  # type: ignore[arg-type]
            **of_study(),
        }
        for each in ratios_of_study()
    ]


RATIOS = Resource(
    name="claims_ratios",
    singular="study_ratio",
    description="Energy of general-purpose over task-specific models in the published study: geometric mean over "
    "pairs.",
    tag="impact",
    fields=fields_of(
        [
            text("task", "Task."),
            text("dataset", "Data set; null: over all of the task.", nullable=True),
            text("family", "Family of models; null: both together.", nullable=True),
            count("n_above", "General-purpose models.", "1"),
            count("n_below", "Task-specific models.", "1"),
            *_estimated("ratio", "General-purpose over task-specific."),
            amount("over_task_mean", "1", "As the study divides: over the task's mean on all its data sets."),
            structured("quality", "How much better the former answer, one of each score."),
            *OF_STUDY,
        ],
        {},
        choices={"grade": PUBLISHED_GRADE},
    ),
    rows=ratio_rows,
    key=(
        Order(source="task", kind="text"),
        Order(source="dataset", kind="text", is_nullable=True),
        Order(source="family", kind="text", is_nullable=True),
    ),
    filters=(
        word_of("task", "Task."),
        word_of("dataset", "Data set."),
        word_of("family", "Family of models."),
    ),
    sorts={"ratio": lambda _: Order(source="ratio", kind="float")},
    sources=(),
)


def size_rows() -> list[dict[str, Any]]:
    """The factor at equal size: one row, or none where the study cannot tell it."""
    controlled = size_controlled_of_study()
    if controlled is None:
        return []
    return [
        {
            "subject": "study",
            **_written("factor", controlled.factor),
            **_written("size_exponent", controlled.size_exponent),
            "residual_spread": controlled.residual_spread,
            "n_observations": controlled.n_observations,
            "n_groups": controlled.n_groups,
            "n_clusters": controlled.n_clusters,
            **of_study(),
        }
    ]


SIZE_CONTROLLED = Resource(
    name="claims_size_controlled",
    singular="study_factor",
    description="General-purpose over task-specific models of the published study at equal size: one row.",
    tag="impact",
    fields=fields_of(
        [
            text("subject", "study."),
            *_estimated("factor", "Energy of a general-purpose over a task-specific model of the same size."),
            *_estimated("size_exponent", "Energy grows as parameters to this power."),
            amount(
                "residual_spread", "1", "Standard deviation of what is left unexplained, on the log scale."
            ),
            count("n_observations", "Energies of a model on a data set.", "1"),
            count("n_groups", "Data sets.", "1"),
            count("n_clusters", "Models.", "1"),
            *OF_STUDY,
        ],
        {},
        choices={"grade": PUBLISHED_GRADE},
    ),
    rows=size_rows,
    key=(Order(source="subject", kind="text"),),
    sources=(),
)


def _queries(quantity: Quantity | None) -> dict[str, float | None]:
    if quantity is None:
        return dict.fromkeys(("queries", "queries_low", "queries_high"))
    return {"queries": quantity.value, "queries_low": quantity.low, "queries_high": quantity.high}


OF_PRINTING = ("query_kwh", "printed_query_kwh", "with_printed_energy", "printed", "rounding", "unexplained")
"""What a row of the study's table 5 has and no other."""


def parity_rows() -> list[dict[str, Any]]:
    """Table 5 of the study, then models outside it."""
    study_fields = of_study()
    of_table = [
        {
            "model": each.model,
            "in_study": True,
            "made_kwh": each.made_kwh,
            **_queries(each.queries),
            **{name: getattr(each, name) for name in OF_PRINTING},
            "causes": list(each.causes),
            "sources": SourceSerializer(each.queries.sources, many=True).data,  # type: ignore[arg-type]
            **study_fields,
        }
        for each in study_parities(load_study())
    ]
    others = [
        {
            "model": each.model,
            "in_study": False,
            "made_kwh": each.training.value,
            **_queries(each.queries),
            **dict.fromkeys(OF_PRINTING),
            "causes": [],
            "sources": SourceSerializer(each.training.sources, many=True).data,  # type: ignore[arg-type]
            **study_fields,
            "scope": each.training.sources[0].scope,
            "study_digest": None,
        }
        for each in other_parities()
    ]
    return of_table + others


PARITIES = Resource(
    name="claims_parities",
    singular="parity",
    description="Queries that use as much energy as making a model: training and fine-tuning.",
    tag="impact",
    fields=fields_of(
        [
            text("model", "Model as its source names it."),
            flag("in_study", "A row of the study's table 5."),
            amount("made_kwh", "kWh", "Training and fine-tuning."),
            amount(
                "queries",
                "1",
                "Queries that use as much; null where no energy of one is cited.",
                nullable=True,
            ),
            amount("queries_low", "1", "With the least frugal compared task.", nullable=True),
            amount("queries_high", "1", "With the most frugal one.", nullable=True),
            amount(
                "query_kwh", "kWh", "Mean over the compared tasks; null outside the study.", nullable=True
            ),
            amount("printed_query_kwh", "kWh", "As the table prints it.", nullable=True),
            amount("with_printed_energy", "1", "`made_kwh` over that.", nullable=True),
            count("printed", "Queries as the table prints them.", "1", nullable=True),
            amount("rounding", "1", "`with_printed_energy` over `queries`, less 1.", nullable=True),
            amount("unexplained", "1", "`printed` over `with_printed_energy`, less 1.", nullable=True),
            words("causes", "Why the printed number is another."),
            structured("sources", "Where its numbers come from, with grade, scope and version of each."),
            text("grade", "published: all numbers follow from published figures."),
            text("scope", "What its energies cover; not-stated where the source does not say."),
            text(
                "study_digest",
                "Of the study's data, from which the row is computed; null outside the study.",
                nullable=True,
            ),
            LICENCE_COLUMN,
        ],
        {},
        choices={"grade": PUBLISHED_GRADE},
    ),
    rows=parity_rows,
    key=(Order(source="model", kind="text"),),
    filters=(word_of("model", "Model as its source names it."),),
    sources=(),
)
