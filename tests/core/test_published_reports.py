"""Reports of other communities, in their own schemas: what is read, what is left out, what is refused and how."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.published.boamps import ReportOptions, read_reports
from joulemark.published.boundary import BOUNDARIES, MODELLED, boundary_of
from joulemark.published.errors import BadRows, UnreadableInput
from joulemark.published.figures import InputFile, PublishedRuns, combine
from joulemark.published.names import NameMap, Place
from joulemark.published.puma import SubmissionOptions, read_submissions
from joulemark.published.tokenarena import EndpointOptions, read_endpoints
from tests.laws import law

BOAMPS: dict[str, Any] = {
    "header": {"reportDatetime": "2026-05-01 10:00:00", "reportStatus": "final"},
    "task": {
        "taskStage": "inference",
        "taskFamily": "summarization",
        "nbRequest": 250,
        "algorithms": [
            {
                "foundationModelName": "small-model",
                "foundationModelUri": "https://huggingface.co/org/small-model",
                "parametersNumber": 0.4,
                "framework": "transformers",
                "quantization": "fp16",
            }
        ],
        "dataset": [{"dataUsage": "input", "dataType": "text"}, {"dataUsage": "output", "dataType": "text"}],
    },
    "measures": [
        {
            "measurementMethod": "zeus",
            "gpuTrackingMode": "nvml",
            "powerConsumption": 0.005,
            "measurementDuration": 60,
        }
    ],
    "infrastructure": {
        "infraType": "onPremise",
        "components": [
            {"componentType": "gpu", "nbComponent": 2, "componentName": "2 x NVIDIA L4"},
            {"componentType": "cpu", "nbComponent": 1, "componentName": "Some Processor"},
        ],
    },
    "quality": "medium",
}
PUMA: dict[str, Any] = {
    "schema_version": "1.0.0",
    "submitter": {
        "name_or_alias": "somebody",
        "consent_public_release": True,
        "consent_redistribution": True,
        "consent_research_use": True,
    },
    "puma_version": "3.1.0",
    "run_metadata": {
        "scenario": "triage_jira", "model": "small:1b", "strategy": "few_shot_3", "n_instances": 50,
        "temperature": 0.0, "ollama_version": "0.9", "started_at": "2026-05-01T10:00:00Z",
        "completed_at": "2026-05-01T10:00:25Z", "latency_ms_total": 20000, "latency_ms_p50": 380,
        "latency_ms_p95": 420,
    },
    "hardware_profile": {
        "profile_id": "gpu-entry", "cpu_model": "x86_64", "cpu_cores": 8, "ram_gb": 32, "os": "Linux",
        "gpu_model": "NVIDIA GeForce RTX 3060", "gpu_vram_gb": 12,
    },
    "metrics": {"accuracy": 0.5},
    "sustainability": {
        "codecarbon_version": "3.2.7", "co2_grams_total": 0.1, "energy_kwh_total": 0.001,
        "tracking_mode": "machine", "country_iso": "ESP",
    },
    "integrity": {"predictions_summary_hash": "0" * 64, "verification_status": "community-verified"},
}  # fmt: skip


def changed(report: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """The report with another value at a path; None takes the field away."""
    copy = deepcopy(report)
    part: Any = copy
    *way, last = path.split(".")
    for step in way:
        part = part[int(step) if step.isdigit() else step]
    if value is None:
        del part[last]
    else:
        part[last] = value
    return copy


def file(content: object, name: str = "report.json") -> InputFile:
    return InputFile(
        name=name, content=content if isinstance(content, bytes) else json.dumps(content).encode()
    )


def boamps(content: object, names: NameMap | None = None, **options: Any) -> PublishedRuns:
    return read_reports([file(content)], ReportOptions(**options), names or NameMap())


def puma(content: object, **options: Any) -> PublishedRuns:
    return read_submissions([file(content)], SubmissionOptions(**options), NameMap())


def endpoints(content: object, name: str = "endpoints.csv", names: NameMap | None = None) -> PublishedRuns:
    return read_endpoints([file(content, name)], EndpointOptions(), names or NameMap())


def refused(read: Any, content: object) -> str:
    with pytest.raises(BadRows) as error:
        read(content)
    (line,) = error.value.rows
    return line


def test_a_report_of_boamps_keeps_its_flags_and_names_its_boundary() -> None:
    (run,) = boamps(BOAMPS).runs
    assert run.energy_kwh_per_1000 == pytest.approx(0.02, rel=1e-15)
    assert run.gpu_kwh_per_1000 == run.energy_kwh_per_1000
    assert run.duration_s == pytest.approx(240, rel=1e-15)
    assert (run.validity, run.parameters) == ("status final, quality medium", 400_000_000)
    subject = run.subject
    assert (subject.task, subject.dataset, subject.model) == ("summarization", None, "org/small-model")
    assert (subject.scope, subject.hardware.slug) == ("gpu", "gpu-2x-nvidia-l4")
    assert subject.stratum == "fp16, transformers, by zeus, GPU nvml"
    assert boundary_of(subject.scope) == "gpu"


@pytest.mark.parametrize(
    ("measure", "scope"),
    [
        ({"measurementMethod": "codecarbon", "gpuTrackingMode": "nvml", "cpuTrackingMode": "rapl"}, "node"),
        ({"measurementMethod": "Wattmeter"}, "wall"),
        ({"measurementMethod": "zeus", "gpuTrackingMode": "nvml", "cpuTrackingMode": "rapl"}, "gpu+cpu"),
        ({"measurementMethod": "perf", "cpuTrackingMode": "rapl"}, "cpu"),
        ({"measurementMethod": "flops-compute"}, MODELLED),
    ],
)
def test_what_measured_an_energy_says_what_it_covers(measure: dict[str, Any], scope: str) -> None:
    (run,) = boamps(changed(BOAMPS, "measures", [{**measure, "powerConsumption": 0.005}])).runs
    assert run.subject.scope == scope
    kinds = {"gpu": "gpu", "cpu": "cpu"}
    assert run.subject.hardware.kind == kinds.get(scope, "node")


def test_every_scope_lies_in_a_boundary() -> None:
    assert {boundary_of(scope) for scope in BOUNDARIES} == {"gpu", "processor", "machine", "wall", "modelled"}


def test_a_measure_that_does_not_tell_needs_a_scope_and_a_scope_chooses_measures() -> None:
    silent = changed(BOAMPS, "measures.0.gpuTrackingMode", None)
    assert refused(boamps, silent).endswith("does not tell what its energy covers: say so with --scope")
    (run,) = boamps(silent, scope="wall").runs
    assert run.subject.scope == "wall"
    two = changed(
        BOAMPS,
        "measures",
        [*BOAMPS["measures"], {"measurementMethod": "wattmeter", "powerConsumption": 0.02}],
    )
    reading = boamps(two, scope="wall")
    assert [one.where for one in reading.runs] == ["report.json:1.measures[1]"]
    assert [left.reason for left in reading.left_out] == ["its energy covers gpu, and --scope asks for wall"]


def test_reports_of_other_stages_of_several_algorithms_and_not_public_are_left_out() -> None:
    twice = changed(BOAMPS, "task.algorithms", BOAMPS["task"]["algorithms"] * 2)
    publisher = {"confidentialityLevel": "confidential"}
    secret = changed(BOAMPS, "header", {"reportDatetime": "2026-04-01 12:00:00", "publisher": publisher})
    reading = boamps([changed(BOAMPS, "task.taskStage", "training"), twice, secret])
    assert not reading.runs
    assert [left.reason for left in reading.left_out] == [
        "the stage is 'training', not inference",
        "several algorithms: the energy is of none alone",
        "its publisher calls it confidential, not public",
    ]


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("measures", None, "breaks the schema of BoAmps: Object missing required field `measures`"),
        ("measures.0.powerConsumption", "0.005", "Expected `float`, got `str` - at `$.measures[0].power"),
        ("measures.0.powerConsumption", 0, "powerConsumption is 0: nothing was read"),
        ("measures.0.powerConsumption", -1, "not a finite number above zero"),
        ("task.nbRequest", 2.5, "nbRequest is 2.5, not a whole number"),
        ("task.nbRequest", None, "say how many requests were measured with --queries"),
        ("task.dataset", [], "breaks the schema of BoAmps"),
        ("task.measuredAccuracy", 1.5, "<= 1.0"),
        ("infrastructure.infraType", "cloud", "Invalid enum value 'cloud'"),
        ("infrastructure.components.0.nbComponent", 0.5, "Expected `int`"),
        ("quality", "excellent", "Invalid enum value 'excellent'"),
        ("task.algorithms.0.foundationModelName", "a\u202eb", "characters that cannot be shown"),
        ("measures.0.powerConsumption", 1e30, "its energy comes to 4e+30 kWh"),
    ],
)
def test_a_report_that_breaks_a_rule_is_named_with_its_place(path: str, value: object, words: str) -> None:
    line = refused(boamps, changed(BOAMPS, path, value))
    assert line.startswith("report.json:1: ")
    assert words in line


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "report.json:1: not JSON"),
        (b'"\xff"', "not UTF-8"),
        (b"[]", "an empty list"),
        (b"[1]", "something else than reports"),
        (b'{"task": NaN}', "NaN is no number of JSON"),
        (b'{"task": {}, "task": {}}', "'task' stands twice in one object"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
@pytest.mark.parametrize("read", [boamps, puma])
def test_a_file_that_is_no_report_is_refused_whole(read: Any, content: bytes, words: str) -> None:
    with pytest.raises(UnreadableInput, match=words):
        read(content)


def test_a_map_names_what_a_report_is_about() -> None:
    names = NameMap(
        files={"report.json": Place(task="text_generation", dataset="openwebtext")},
        models={"org/small-model": "small"},
    )
    (run,) = boamps(BOAMPS, names).runs
    assert (run.subject.task, run.subject.dataset, run.subject.model) == (
        "text_generation",
        "openwebtext",
        "small",
    )


@pytest.mark.laws
@law()
@given(
    kwh=st.floats(1e-9, 1e3),
    queries=st.integers(1, 10**9),
    seconds=st.floats(1e-3, 1e6),
)
def test_energy_and_time_of_a_report_are_divided_by_its_requests(
    kwh: float, queries: int, seconds: float
) -> None:
    report = changed(BOAMPS, "task.nbRequest", queries)
    report["measures"][0] |= {"powerConsumption": kwh, "measurementDuration": seconds}
    plausible = 1e-12 <= kwh / queries * 1000 <= 1e6 and 1e-6 <= seconds / queries * 1000 <= 1e9
    if not plausible:
        assert "and can only be" in refused(boamps, report)
        return
    (run,) = boamps(report).runs
    assert run.energy_kwh_per_1000 * queries == pytest.approx(kwh * 1000, rel=1e-12)
    assert run.duration_s is not None
    assert run.duration_s * queries == pytest.approx(seconds * 1000, rel=1e-12)


def test_a_submission_of_puma_is_a_whole_machine_with_the_communitys_flag() -> None:
    (run,) = puma(PUMA).runs
    assert run.energy_kwh_per_1000 == pytest.approx(0.02, rel=1e-15)
    assert run.duration_s == pytest.approx(500, rel=1e-15)
    assert run.validity == "community-verified"
    subject = run.subject
    assert (subject.scope, boundary_of(subject.scope)) == ("node", "machine")
    assert (subject.task, subject.model) == ("triage_jira", "small:1b")
    assert subject.hardware.slug == "node-nvidia-geforce-rtx-3060"
    assert subject.stratum == "few shot 3, temperature 0, whole run, loading included"


def test_a_process_alone_and_a_sender_who_does_not_agree_are_left_out() -> None:
    process = changed(PUMA, "sustainability.tracking_mode", "process")
    private = changed(PUMA, "submitter.consent_redistribution", False)  # noqa: FBT003 - a value of JSON
    reading = puma([process, private, PUMA])
    assert len(reading.runs) == 1
    assert [left.reason for left in reading.left_out] == [
        "its own process alone was tracked, which misses the GPU that the model ran on",
        "its sender does not agree to its release, redistribution and use in research",
    ]


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("run_metadata.scenario", "chess", "Invalid enum value 'chess'"),
        ("run_metadata.n_instances", 0, ">= 1"),
        ("run_metadata.completed_at", "2026-05-01T09:00:00Z", "completed_at lies before started_at"),
        ("run_metadata.latency_ms_p95", 1, "latency_ms_p95 is less than latency_ms_p50"),
        ("metrics.accuracy", None, "none of f1_macro, mae and accuracy is there"),
        ("sustainability.country_iso", "Spain", "matching regex"),
        ("sustainability.energy_kwh_total", 0, "energy_kwh_total is 0: nothing was read"),
        ("integrity.predictions_summary_hash", "abc", "matching regex"),
        ("submitter.hostname", "box", "unknown field `hostname`"),
    ],
)
def test_a_submission_that_breaks_a_rule_is_named(path: str, value: object, words: str) -> None:
    assert words in refused(puma, changed(PUMA, path, value))


HEADING = "model,provider,sku,workload,joules_per_correct_answer,accuracy,validity\n"


def test_an_endpoints_energy_is_modelled_and_that_of_an_answer() -> None:
    (run,) = endpoints(f"{HEADING}org/a,Acme,turbo,chat,100,0.72,first party\n".encode()).runs
    assert run.energy_kwh_per_1000 == pytest.approx(0.02, rel=1e-15)
    assert (run.subject.scope, boundary_of(run.subject.scope)) == (MODELLED, MODELLED)
    assert (run.subject.task, run.subject.stratum, run.validity) == ("chat", "turbo", "first party")
    assert run.subject.hardware.title == "endpoint of Acme"
    assert set(run.not_known.values()) == {"not-published"}


def test_endpoints_in_json_are_read_by_the_same_rules() -> None:
    rows = [
        {"model": "org/a", "provider": "Acme", "workload": "chat", "joules_per_answer": 72},
        {
            "model": "org/b",
            "workload": "chat",
            "joules_per_output_token": 0.5,
            "output_tokens_per_answer": 144,
        },
    ]
    runs = endpoints({"endpoints": rows}, "snapshot.json").runs
    assert [run.energy_kwh_per_1000 for run in runs] == pytest.approx([0.02, 0.02], rel=1e-15)
    assert runs[1].subject.hardware.title == "endpoint of not stated"
    with pytest.raises(UnreadableInput, match="no list of endpoints"):
        endpoints({"rows": rows}, "snapshot.json")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("org/a,Acme,turbo,chat,100,1.2,", "accuracy is 1.2, not a share from 0 to 1"),
        ("org/a,Acme,turbo,chat,100,,", "no accuracy"),
        ("org/a,Acme,turbo,chat,,0.5,", "has no energy"),
        ("org/a,Acme,turbo,chat,inf,0.5,", "joules_per_correct_answer is 'inf', not a number"),
        (",Acme,turbo,chat,100,0.5,", "no model"),
        ("org/a,Acme,turbo,,100,0.5,", "nothing says which task"),
    ],
)
def test_an_endpoint_that_cannot_be_trusted_is_named(row: str, words: str) -> None:
    assert words in refused(endpoints, f"{HEADING}{row}\n".encode())


def test_columns_of_a_snapshot_are_named_by_the_map() -> None:
    names = NameMap(columns={"model": "model_id", "joules_per_answer": "modeled_j"})
    (run,) = endpoints(b"model_id,workload,modeled_j\norg/a,chat,36\n", names=names).runs
    assert run.energy_kwh_per_1000 == pytest.approx(0.01, rel=1e-15)


@pytest.mark.laws
@law()
@given(joules=st.floats(1e-3, 1e6), share=st.floats(1e-3, 1))
def test_joules_of_a_correct_answer_times_their_share_are_those_of_an_answer(
    joules: float, share: float
) -> None:
    (run,) = endpoints(f"{HEADING}org/a,Acme,,chat,{joules!r},{share!r},\n".encode()).runs
    assert run.energy_kwh_per_1000 * 3.6e6 / 1000 == pytest.approx(joules * share, rel=1e-12)


def test_flags_of_several_runs_are_all_kept() -> None:
    other = changed(changed(BOAMPS, "measures.0.powerConsumption", 0.006), "quality", "low")
    (figure,) = combine(boamps([BOAMPS, other]).runs)
    assert (figure.n_runs, figure.validity) == (2, "status final, quality low; status final, quality medium")
