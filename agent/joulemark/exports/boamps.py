"""An energy as a report of BoAmps, the form of Boavizta's data sheets: made of the same types that reports are read by.

The report says what was measured and no more: it has no environment (the agent records no country), and its
infrastructure is `other`, because nobody states whose machine it is. `joulemark.published.boamps` reads it back to the
same energy, scope, model and hardware. `quality` is our expanded uncertainty, or the half-width of a value's interval,
in the report's three words.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, UnsetType

from joulemark.exports.exported_energy import LIBRARY, LICENCE
from joulemark.published.boamps_schema import (
    NVML,
    OWN_METHOD,
    RAPL,
    RAPL_WITH_MEMORY,
    STATED_WATTS,
    Algorithm,
    BoampsReport,
    Component,
    DataDescription,
    Header,
    Infrastructure,
    MeasuredTask,
    Publisher,
    ReportedMeasure,
    ReportSoftware,
    System,
)
from joulemark.published.names import HUB, HUB_DATASETS

if TYPE_CHECKING:
    from datetime import datetime

    from joulemark.exports.exported_energy import ExportedEnergy
    from joulemark.published.boamps_schema import DataKind, ReportQuality

FORMAT_VERSION = "1.1.0"
SPECIFICATION = "https://github.com/Boavizta/BoAmps/tree/main/model"
QUALITIES: tuple[tuple[float, ReportQuality], ...] = (
    (0.1, "high"),
    (0.25, "medium"),
    (0.5, "low"),
)
"""The largest relative error of each word of the format."""
GB = 1e9
DATA: dict[str, tuple[DataKind, DataKind]] = {
    "image_captioning": ("image", "text"),
    "image_classification": ("image", "other"),
    "image_generation": ("text", "image"),
    "object_detection": ("image", "other"),
    "extractive_qa": ("text", "text"),
    "masked_lm": ("text", "text"),
    "speech_recognition": ("audio", "text"),
    "summarization": ("text", "text"),
    "text_classification": ("text", "other"),
    "text_embedding": ("text", "other"),
    "text_generation": ("text", "text"),
    "token_classification": ("text", "other"),
    "translation": ("text", "text"),
}
"""What goes into a task and what comes out, by the words of the format."""
CPU_MODES = {"gpu+cpu+dram": RAPL_WITH_MEMORY, "cpu+dram": RAPL_WITH_MEMORY, "cpu": RAPL}


def boamps_report(energy: ExportedEnergy) -> dict[str, Any]:
    """The report as JSON's own types."""
    report = BoampsReport(
        header=Header(
            licensing=LICENCE,
            format_version=FORMAT_VERSION,
            format_version_specification_uri=SPECIFICATION,
            report_id=str(uuid.uuid5(uuid.NAMESPACE_URL, energy.identity)),
            report_datetime=_time(energy.made_at),
            report_status="final" if energy.is_final else "draft",
            publisher=Publisher(
                name="Joulemark",
                confidentiality_level="public",
                public_key=_or_unset(energy.public_key),
            ),
        ),
        task=MeasuredTask(
            task_stage="inference",
            task_family=energy.task,
            nb_request=energy.queries,
            algorithms=(_algorithm(energy),),
            dataset=_data(energy),
            measured_accuracy=_accuracy(energy),
            task_description=_description(energy),
        ),
        measures=(_measure(energy),),
        system=UNSET if energy.system is None else System(os=energy.system),
        software=UNSET if energy.python is None else ReportSoftware(language="python", version=energy.python),
        infrastructure=Infrastructure(infra_type="other", components=tuple(_components(energy))),
        quality=_quality(energy),
    )
    content: dict[str, Any] = msgspec.to_builtins(report)
    return content


def _or_unset(value: str | None) -> str | UnsetType:
    return UNSET if value is None else value


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def _algorithm(energy: ExportedEnergy) -> Algorithm:
    framework = energy.packages.get(LIBRARY)
    return Algorithm(
        foundation_model_name=energy.model,
        foundation_model_uri=UNSET if energy.hub_model is None else f"{HUB}{energy.hub_model}",
        parameters_number=UNSET if energy.parameters is None else energy.parameters / 1e9,
        framework=UNSET if framework is None else LIBRARY,
        framework_version=_or_unset(framework),
        quantization=_or_unset(energy.dtype),
    )


def _data(energy: ExportedEnergy) -> tuple[DataDescription, ...]:
    kind_in, kind_out = DATA.get(energy.task, ("other", "other"))
    tokens_in, tokens_out = energy.input_tokens_per_query, energy.output_tokens_per_query
    return (
        DataDescription(
            data_usage="input",
            data_type=kind_in if tokens_in is None else "token",
            data_quantity=UNSET if tokens_in is None else tokens_in,
            source="public",
            source_uri=UNSET if energy.hub_dataset is None else f"{HUB_DATASETS}{energy.hub_dataset}",
        ),
        DataDescription(
            data_usage="output",
            data_type=kind_out if tokens_out is None else "token",
            data_quantity=UNSET if tokens_out is None else tokens_out,
        ),
    )


def _accuracy(energy: ExportedEnergy) -> float | UnsetType:
    shares = [score.value for score in energy.scores if score.metric == "accuracy" and 0 <= score.value <= 1]
    return shares[0] if shares else UNSET


def _description(energy: ExportedEnergy) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in energy.versions.items())
    words = [
        f"data set {energy.dataset}",
        f"scope {energy.scope}",
        f"grade {energy.grade}",
        f"tier {energy.tier}",
        energy.uncertainty,
        f"{energy.n_results} results" if energy.kind == "value" else "one result",
        energy.stratum,
        versions,
        energy.address or f"result {energy.identity}",
    ]
    return "; ".join(word for word in words if word)


def _measure(energy: ExportedEnergy) -> ReportedMeasure:
    is_estimate = energy.grade == "estimated"
    cpu_mode = STATED_WATTS if is_estimate else CPU_MODES.get(energy.scope)
    return ReportedMeasure(
        measurement_method=OWN_METHOD,
        version=_or_unset(energy.agent_version),
        gpu_tracking_mode=NVML if energy.scope.startswith("gpu") and not is_estimate else UNSET,
        cpu_tracking_mode=_or_unset(cpu_mode),
        power_consumption=energy.energy_kwh,
        measurement_duration=UNSET if energy.duration_s is None else energy.duration_s,
        measurement_date_time=UNSET if energy.measured_at is None else _time(energy.measured_at),
    )


def _components(energy: ExportedEnergy) -> list[Component]:
    memory = energy.memory_bytes
    device = Component(
        component_name=energy.hardware,
        component_type=energy.hardware_kind,
        nb_component=1,
        memory_size=UNSET if memory is None else memory / GB,
    )
    if energy.processor is None or energy.hardware_kind == "cpu":
        return [device]
    return [device, Component(component_name=energy.processor, component_type="cpu", nb_component=1)]


def _quality(energy: ExportedEnergy) -> ReportQuality | UnsetType:
    """The word for the relative error; left out where it is not known, or larger than the format's last word."""
    error = energy.relative_half_width_95 if energy.relative_u is None else energy.relative_u
    return UNSET if error is None else next((word for most, word in QUALITIES if error <= most), UNSET)
