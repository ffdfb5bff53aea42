"""Exports in the forms of others: what is in them, what their owners' readers make of them, and the way back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from math import isfinite
from typing import Any, get_args

import pytest
import yaml
from huggingface_hub import EvalResultEntry
from huggingface_hub._eval_results import parse_eval_result_entries
from huggingface_hub.repocard_data import model_index_to_eval_results
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from joulemark.exports.boamps import boamps_report
from joulemark.exports.cyclonedx import bill_of_models
from joulemark.exports.errors import NotExportable
from joulemark.exports.exported_energy import (
    ExportedEnergy,
    ExportedScore,
    energy_of_statement,
    wh_per_1000,
)
from joulemark.exports.form_names import FORM_NAMES, FormName
from joulemark.exports.forms import FORMS
from joulemark.exports.hugging_face import METRIC
from joulemark.exports.yaml_text import yaml_text
from joulemark.published.boamps import ReportOptions, read_reports
from joulemark.published.figures import InputFile
from joulemark.published.names import NameMap
from joulemark.record.statement import Scope
from joulemark_simulation import records
from tests.laws import law

NOW = datetime(2026, 12, 2, 12, tzinfo=UTC)
ENERGY = ExportedEnergy(
    kind="value",
    identity="value",
    address="https://example.org/en/boards/demo-1-measured/summarization/cell/?model=org/model",
    made_at=NOW,
    measured_at=NOW,
    model="org/model",
    model_revision="a" * 40,
    hub_model="org/model",
    parameters=1_500_000_000,
    task="summarization",
    dataset="cnn_dailymail",
    dataset_revision="b" * 40,
    hub_dataset="abisee/cnn_dailymail",
    hardware="NVIDIA L4",
    hardware_kind="gpu",
    memory_bytes=24 * 10**9,
    scope="gpu",
    grade="measured",
    stratum="float16, batch 1",
    energy_per_query_j=72.0,
    low_j=70.0,
    high_j=75.0,
    queries=1000,
    n_results=12,
    tier="replicated",
    scores=(ExportedScore(metric="accuracy", value=0.75, questions=400),),
    packages={"transformers": "5.23.0"},
    versions={"suite": "demo 1", "value": "7"},
)
CLOSED = {"type": "object", "additionalProperties": False}
ENERGY_MEASURE = {
    **CLOSED,
    "required": ["value", "unit"],
    "properties": {"value": {"type": "number"}, "unit": {"const": "kWh"}},
}
NAMED_VALUE = {
    **CLOSED,
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "value": {"type": "string"}},
}
CONSUMPTION = {
    **CLOSED,
    "required": ["activity", "energyProviders", "activityEnergyCost"],
    "properties": {
        "activity": {"const": "inference"},
        "energyProviders": {"type": "array", "maxItems": 0},
        "activityEnergyCost": ENERGY_MEASURE,
        "properties": {"type": "array", "items": NAMED_VALUE},
    },
}
MODEL_CARD = {
    **CLOSED,
    "properties": {
        "modelParameters": {**CLOSED, "properties": {"task": {"type": "string"}}},
        "quantitativeAnalysis": {
            **CLOSED,
            "properties": {
                "performanceMetrics": {
                    "type": "array",
                    "items": {
                        **CLOSED,
                        "properties": {name: {"type": "string"} for name in ("type", "value", "slice")},
                    },
                }
            },
        },
        "considerations": {
            **CLOSED,
            "properties": {
                "environmentalConsiderations": {
                    **CLOSED,
                    "properties": {"energyConsumptions": {"type": "array", "items": CONSUMPTION}},
                }
            },
        },
    },
}
BILL = Draft7Validator(
    {
        **CLOSED,
        "required": ["bomFormat", "specVersion"],
        "properties": {
            "$schema": {"const": "http://cyclonedx.org/schema/bom-1.6.schema.json"},
            "bomFormat": {"const": "CycloneDX"},
            "specVersion": {"const": "1.6"},
            "serialNumber": {"pattern": "^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
            "version": {"type": "integer", "minimum": 1},
            "metadata": {"type": "object"},
            "components": {
                "type": "array",
                "items": {
                    **CLOSED,
                    "required": ["type", "name"],
                    "properties": {
                        "type": {"const": "machine-learning-model"},
                        "bom-ref": {"type": "string", "minLength": 1},
                        "group": {"type": "string"},
                        "name": {"type": "string"},
                        "version": {"type": "string"},
                        "externalReferences": {"type": "array"},
                        "modelCard": MODEL_CARD,
                    },
                },
            },
        },
    }
)
"""The rules of CycloneDX 1.6 for the parts that a bill of models has: its objects are closed there, too."""


def written(form: FormName, *energies: ExportedEnergy) -> Any:
    text = FORMS[form].write(list(energies) or [ENERGY], NOW)
    assert text.endswith("\n")
    return yaml.safe_load(text) if "yaml" in FORMS[form].media_type else json.loads(text)


def test_every_form_has_a_writer() -> None:
    assert tuple(FORMS) == FORM_NAMES
    assert len({form.ending for form in FORMS.values()}) == len(FORMS)


def test_a_report_of_boamps_says_what_was_measured() -> None:
    report = written("boamps")
    assert report["measures"] == [
        {
            "measurementMethod": "joulemark",
            "gpuTrackingMode": "nvml",
            "powerConsumption": 0.02,
            "measurementDateTime": "2026-12-02 12:00:00",
        }
    ]
    assert report["task"]["nbRequest"] == 1000
    assert report["task"]["measuredAccuracy"] == 0.75
    assert report["quality"] == "high"
    assert "environment" not in report
    for words in (
        "scope gpu",
        "grade measured",
        "tier replicated",
        "95 % interval",
        "12 results",
        "suite demo 1",
    ):
        assert words in report["task"]["taskDescription"]


@pytest.mark.parametrize(
    ("u", "quality"), [(0.1, "high"), (0.101, "medium"), (0.5, "low"), (0.51, None), (None, None)]
)
def test_the_quality_of_a_report_is_our_uncertainty(u: float | None, quality: str | None) -> None:
    assert boamps_report(replace(ENERGY, low_j=None, high_j=None, relative_u=u)).get("quality") == quality
    if u is not None:
        end_j = ENERGY.energy_per_query_j * (1 + u)
        value = replace(ENERGY, low_j=ENERGY.energy_per_query_j, high_j=end_j)
        assert value.relative_half_width_95 == pytest.approx(u)


def test_a_value_states_its_interval_and_no_uncertainty_with_a_factor_of_two() -> None:
    """Half of an interval of a consensus is no k = 2: its factor is that of its own distribution."""
    (consumption,) = written("cyclonedx")["components"][0]["modelCard"]["considerations"][
        "environmentalConsiderations"
    ]["energyConsumptions"]
    facts = {entry["name"]: entry["value"] for entry in consumption["properties"]}
    assert float(facts["joulemark:low_wh_per_1000_queries"]) == pytest.approx(70 / 3.6)
    assert "joulemark:expanded_relative_uncertainty" not in facts
    assert boamps_report(ENERGY)["quality"] == "high"


def test_two_numbers_have_two_ids_and_one_has_one_wherever_it_is_exported() -> None:
    def ids(energy: ExportedEnergy) -> tuple[str, str]:
        report = boamps_report(energy)["header"]["reportId"]
        return report, bill_of_models([energy], made_at=NOW, version="1")["serialNumber"]

    later = replace(ENERGY, identity="value, version 8")
    assert ids(ENERGY) == ids(replace(ENERGY, address=None))
    assert not set(ids(ENERGY)) & set(ids(later))


@pytest.mark.laws
@law()
@given(
    joules=st.floats(1e-3, 1e9),
    queries=st.integers(1, 10**9),
    scope=st.sampled_from(get_args(Scope)),
    is_estimate=st.booleans(),
    model=st.sampled_from(["org/model", "a/B.c-1", "o/x", "org-2/Model_7B"]),
    hardware=st.sampled_from(["NVIDIA L4", "X", "NVIDIA A100-SXM4-80GB", "Some Processor 9"]),
    duration_s=st.none() | st.floats(1, 1e6),
)
def test_what_is_exported_to_boamps_is_read_back(
    *,
    joules: float,
    queries: int,
    scope: Scope,
    is_estimate: bool,
    model: str,
    hardware: str,
    duration_s: float | None,
) -> None:
    kind = "gpu" if scope.startswith("gpu") else "cpu"
    energy = replace(
        ENERGY, energy_per_query_j=joules, low_j=joules * 0.97, high_j=joules * 1.04,
        queries=queries, scope=scope, model=model, hub_model=model,
        hardware=hardware, hardware_kind=kind, duration_s=duration_s,
        grade="estimated" if is_estimate else "measured", processor="Some Processor",
    )  # fmt: skip
    text = FORMS["boamps"].write([energy], NOW)
    file = InputFile(name="report.json", content=text.encode())
    (run,) = read_reports([file], ReportOptions(), NameMap()).runs
    assert run.energy_kwh_per_1000 * 3.6e6 / 1000 == pytest.approx(joules, rel=1e-12)
    assert run.subject.scope == ("modelled" if is_estimate else scope)
    assert (run.subject.model, run.subject.task) == (model, "summarization")
    assert run.subject.dataset == "abisee/cnn_dailymail"
    assert run.subject.hardware.title == " ".join(hardware.split())
    assert run.validity == "status final, quality high"
    if duration_s is None:
        assert run.duration_s is None
    else:
        assert run.duration_s == pytest.approx(duration_s / queries * 1000, rel=1e-12)


def test_a_bill_has_the_energy_where_the_standard_has_it() -> None:
    bill = written("cyclonedx", ENERGY, replace(ENERGY, scope="cpu", energy_per_query_j=36.0))
    BILL.validate(bill)
    (component,) = bill["components"]
    assert (component["group"], component["name"], component["version"]) == ("org", "model", "a" * 40)
    consumptions = component["modelCard"]["considerations"]["environmentalConsiderations"][
        "energyConsumptions"
    ]
    assert [entry["activityEnergyCost"]["value"] for entry in consumptions] == [0.02, 0.01]
    facts = {entry["name"]: entry["value"] for entry in consumptions[0]["properties"]}
    assert float(facts["joulemark:wh_per_1000_queries"]) == 20.0
    assert facts["joulemark:scope"] == "gpu"
    assert facts["joulemark:grade"] == "measured"
    assert facts["joulemark:version:suite"] == "demo 1"
    again = bill_of_models([ENERGY], made_at=NOW, version="1")
    assert again["serialNumber"] == bill_of_models([ENERGY], made_at=NOW, version="2")["serialNumber"]


def test_a_bill_that_is_bent_breaks_the_rules() -> None:
    bill = written("cyclonedx")
    card = bill["components"][0]["modelCard"]["considerations"]["environmentalConsiderations"]
    card["energyConsumptions"][0]["activityEnergyCost"]["unit"] = "J"
    assert not BILL.is_valid(bill)


def test_evaluation_results_are_read_by_the_hubs_own_library() -> None:
    (entry,) = parse_eval_result_entries(written("eval-results"))
    assert isinstance(entry, EvalResultEntry)
    assert (entry.dataset_id, entry.task_id) == ("abisee/cnn_dailymail", f"{METRIC}_summarization")
    assert entry.value == pytest.approx(20.0)
    assert entry.source_url == ENERGY.address
    assert str(entry.notes).startswith(
        "Wh per 1,000 queries; scope gpu; grade measured; tier replicated; 95 %"
    )


def test_a_data_set_that_is_not_on_the_hub_has_no_evaluation_results() -> None:
    with pytest.raises(NotExportable, match="Use the form model-index") as refused:
        written("eval-results", replace(ENERGY, hub_dataset=None))
    assert refused.value.code == "JM-EXPORT-NO-HUB-DATASET"


def test_a_model_index_is_read_by_the_hubs_own_library() -> None:
    index = written("model-index", replace(ENERGY, hub_dataset=None))["model-index"]
    name, results = model_index_to_eval_results(index)
    assert name == "model"
    assert [(result.metric_type, result.metric_value) for result in results] == [
        (METRIC, pytest.approx(20.0)),
        ("accuracy", 0.75),
    ]
    assert {result.dataset_type for result in results} == {"cnn_dailymail"}


def test_a_statement_is_exported_with_what_it_states() -> None:
    bundle = records.bundle()
    statement = bundle.statement()
    energy = energy_of_statement(
        statement, result_id=bundle.digest(), made_at=NOW, tier="not judged", is_final=False
    )
    totals = statement.predicate.totals
    assert energy.energy_kwh * 3.6e6 == pytest.approx(totals.energy_per_query_j * totals.queries, rel=1e-12)
    report = boamps_report(energy)
    assert report["header"]["reportStatus"] == "draft"
    assert report["header"]["publisher"]["publicKey"] == statement.predicate.contributor.public_key
    assert f"result {bundle.digest()}" in report["task"]["taskDescription"]
    BILL.validate(written("cyclonedx", energy))


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.laws
@law()
@given(value=DATA)
def test_yaml_is_read_back_as_what_was_written(value: object) -> None:
    assert yaml.safe_load(yaml_text(value)) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": [-float("inf")]}])
def test_yaml_holds_no_number_that_is_not_finite(value: object) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        yaml_text(value)


@pytest.mark.laws
@law()
@given(joules=st.floats(1e-6, 1e12))
def test_watt_hours_of_a_thousand_are_joules_over_three_point_six(joules: float) -> None:
    assert isfinite(wh_per_1000(joules))
    assert wh_per_1000(joules) * 3.6 == pytest.approx(joules, rel=1e-12)
