"""The article's printed figures, typed here, out of the study's data by our code: tables 2, 3 and 5, ratios, size."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from joulemark.impact.parity import other_parities, queries_at_parity, study_parities
from joulemark.impact.quantity import READER, Quantity
from joulemark.impact.study_figures import (
    Pick,
    as_printed,
    energy_kwh_per_1000,
    gco2e_per_1000,
    general_purpose_mean,
    picked,
    task_mean,
)
from joulemark.impact.study_ratios import (
    family_ratios,
    size_overlap,
    study_size_controlled,
)
from joulemark.suite.published import load_study

STUDY = load_study()


@pytest.mark.parametrize(
    ("task", "printed"),
    [
        ("text_classification", "0.002"), ("extractive_qa", "0.003"), ("masked_lm", "0.003"),
        ("token_classification", "0.004"), ("image_classification", "0.007"), ("object_detection", "0.038"),
        ("text_generation", "0.047"), ("summarization", "0.049"), ("image_captioning", "0.063"),
        ("image_generation", "2.907"),
    ],
)  # fmt: skip
def test_table_2(task: str, printed: str) -> None:
    assert as_printed(task_mean(STUDY, task), printed) == "rounded"


@pytest.mark.parametrize(
    ("model", "energy", "grams", "how"),
    [
        ("google/flan-t5-base", "0.026", "3.67", ("cut", "cut")),
        ("google/flan-t5-large", "0.055", "7.68", ("rounded", "rounded")),
        ("google/flan-t5-xl", "0.058", "8.08", ("rounded", "cut")),
        ("google/flan-t5-xxl", "0.083", "11.48", ("rounded", "rounded")),
        ("bigscience/bloomz-560m", "0.054", "7.5", ("rounded", "rounded")),
        ("bigscience/bloomz-1b7", "0.062", "8.66", ("rounded", "rounded")),
        ("bigscience/bloomz-3b", "0.073", "10.17", ("rounded", "cut")),
        ("bigscience/bloomz-7b1", "0.104", "14.46", ("rounded", "cut")),
    ],
)
def test_table_3(model: str, energy: str, grams: str, how: tuple[str, str]) -> None:
    mean = general_purpose_mean(STUDY, model)
    assert (as_printed(mean, energy), as_printed(gco2e_per_1000(STUDY, mean), grams)) == how


@pytest.mark.parametrize(
    ("task", "dataset", "flan_t5", "bloomz", "both"),
    [
        ("text_classification", "imdb", "9.1", "11.9", "10.4"),
        ("text_classification", "rotten_tomatoes", "8.3", "7.1", "7.7"),
        ("text_classification", "sst2", "7.6", "6.7", "7.1"),
        ("extractive_qa", "squad", "12.2", "12.1", "12.2"),
        ("extractive_qa", "squad_v2", "14.4", "13.5", "13.9"),
        ("extractive_qa", "sciq", "14.2", "9.6", "11.7"),
        ("summarization", "samsum", "1.9", "2.3", "2.1"),
        ("summarization", "cnn_dailymail", "2.1", "4.1", "2.9"),
        ("summarization", "xsum", "2.2", "3.8", "2.9"),
        ("text_classification", None, "8.4", "8.6", "8.5"),
        ("extractive_qa", None, "13.7", "11.8", "12.7"),
        ("summarization", None, "2.1", "3.4", "2.7"),
    ],
)
def test_ratios_by_data_set(task: str, dataset: str | None, flan_t5: str, bloomz: str, both: str) -> None:
    found = {r.family: r for r in family_ratios(STUDY) if (r.task, r.dataset) == (task, dataset)}
    rows = [(found["Flan-T5"], flan_t5), (found["BLOOMz"], bloomz), (found[None], both)]
    for row, printed in rows:
        assert as_printed(row.ratio.value, printed) == "rounded", (row.family, row.ratio.value)
        assert row.ratio.low < row.ratio.value < row.ratio.high
        assert (row.n_above, row.n_below) == ((8 if row.family is None else 4), 8)
        assert row.ratio.low > 1


def test_the_quoted_ratios_on_imdb_come_out_over_the_mean_of_the_whole_task() -> None:
    found = {
        r.family: r for r in family_ratios(STUDY) if (r.task, r.dataset) == ("text_classification", "imdb")
    }
    assert as_printed(found["Flan-T5"].over_task_mean, "9.7") == "rounded"
    assert as_printed(found["BLOOMz"].over_task_mean, "12.2") == "rounded"


def test_a_ratio_is_that_of_geometric_means_with_welchs_interval_on_the_logarithm() -> None:
    for row in family_ratios(STUDY):
        above, below = (
            [figure.energy_kwh_per_1000 for figure in picked(STUDY, pick)]
            for pick in (
                Pick(task=row.task, dataset=row.dataset, kind="general-purpose", family=row.family),
                Pick(task=row.task, dataset=row.dataset),
            )
        )
        welch = stats.ttest_ind(np.log(above), np.log(below), equal_var=False)
        expected = welch.confidence_interval(0.95)
        assert row.ratio.value == pytest.approx(stats.gmean(above) / stats.gmean(below), rel=1e-12)
        assert np.log([row.ratio.low, row.ratio.high]) == pytest.approx(
            [expected.low, expected.high], rel=1e-9
        )
        assert row.ratio.degrees == pytest.approx(welch.df, rel=1e-9)


def test_a_general_purpose_model_of_the_same_size_uses_about_two_and_a_half_times_the_energy() -> None:
    found = study_size_controlled(STUDY)
    assert found is not None
    assert (found.n_observations, found.n_groups, found.n_clusters) == (144, 9, 32)
    assert (found.factor.value, found.factor.low, found.factor.high) == pytest.approx(
        (2.435, 1.661, 3.571), abs=5e-4
    )
    assert (found.size_exponent.value, found.size_exponent.low, found.size_exponent.high) == pytest.approx(
        (0.4347, 0.3060, 0.5634), abs=5e-5
    )


def test_both_kinds_meet_between_the_smallest_general_and_the_largest_specific_model() -> None:
    assert size_overlap(STUDY) == (222_903_552, 570_797_056)


def test_the_factor_is_the_coefficient_of_ordinary_least_squares() -> None:
    found = study_size_controlled(STUDY, "extractive_qa")
    figures = [f for f in STUDY.figures if f.task == "extractive_qa" and f.dataset]
    models = {model.id: model for model in STUDY.models}
    sets = sorted({str(f.dataset) for f in figures})
    design = np.array(
        [
            [
                models[f.model].kind == "general-purpose",
                np.log(models[f.model].parameters),
                *(f.dataset == d for d in sets),
            ]
            for f in figures
        ],
        dtype=float,
    )
    coefficients, *_ = np.linalg.lstsq(design, np.log([f.energy_kwh_per_1000 for f in figures]))
    assert found is not None
    assert np.log(found.factor.value) == pytest.approx(coefficients[0], rel=1e-9)
    assert found.size_exponent.value == pytest.approx(coefficients[1], rel=1e-9)


@pytest.mark.parametrize(
    ("model", "printed", "divided", "unrounded", "causes"),
    [
        ("bigscience/bloomz-7b1", 592_570_000, 592_570_000, 568_377_182, ("query-energy-rounded",)),
        (
            "bigscience/bloomz-3b",
            395_602_740,
            395_561_644,
            393_740_295,
            ("query-energy-rounded", "parts-do-not-give-it"),
        ),
        ("bigscience/bloomz-1b7", 292_467_741, 292_467_742, 290_640_569, ("query-energy-rounded",)),
        ("bigscience/bloomz-560m", 204_592_592, 204_592_593, 203_576_238, ("query-energy-rounded",)),
    ],
)
def test_table_5(model: str, printed: int, divided: int, unrounded: int, causes: tuple[str, ...]) -> None:
    row = next(row for row in study_parities(STUDY) if row.model == model)
    assert (row.printed, round(row.with_printed_energy), round(row.queries.value)) == (
        printed,
        divided,
        unrounded,
    )
    assert row.causes == causes
    assert row.printed == pytest.approx(
        row.queries.value * (1 + row.rounding) * (1 + row.unexplained), rel=1e-12
    )
    assert row.queries.low is not None
    assert row.queries.high is not None
    assert row.queries.low < row.queries.value < row.queries.high


def test_parity_with_any_cited_training_and_any_measured_query() -> None:
    (bloom,) = other_parities()
    assert (bloom.model, bloom.training.sources[0].checked) == ("bigscience/bloom", False)
    assert bloom.queries is not None
    assert bloom.queries.value == pytest.approx(433_196 / 0.004)
    made = Quantity(value=100.0, unit="kWh", sources=(READER,))
    query = Quantity(value=0.002, low=0.001, high=0.004, unit="kWh", sources=(READER,))
    found = queries_at_parity(made, query)
    assert (found.value, found.low, found.high) == pytest.approx((50_000, 25_000, 100_000))
    with pytest.raises(ZeroDivisionError):
        queries_at_parity(made, Quantity(value=0.0, unit="kWh", sources=(READER,)))


@pytest.mark.parametrize(
    ("value", "printed", "how"),
    [
        (0.0265, "0.026", "cut"), (0.0265, "0.027", "rounded"), (0.0265, "0.03", "rounded"), (0.0265, "0.028", None),
        (957.5, "957", "cut"), (957.5, "958", "rounded"), (957.5, "950", None), (6.6, "6.60", "rounded"),
    ],
)  # fmt: skip
def test_printed_digits_are_rounded_or_cut(value: float, printed: str, how: str | None) -> None:
    assert as_printed(value, printed) == how


def test_a_figure_that_the_study_does_not_have_is_refused() -> None:
    with pytest.raises(LookupError, match="no such figure"):
        picked(STUDY, Pick(task="text_generation", kind="general-purpose"))
    with pytest.raises(LookupError, match="not kept one by one"):
        energy_kwh_per_1000(STUDY, Pick(task="text_generation", statistic="worst-run"))
    assert energy_kwh_per_1000(STUDY, Pick(task="image_generation", statistic="worst-run")) == 11.490319
