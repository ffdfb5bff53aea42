"""The rules of a BoAmps energy report, as types: what must be there, which words a field has, which numbers.

Source: the JSON schemas report, algorithm, dataset, measure and hardware of https://github.com/Boavizta/BoAmps
(version 1.1.0 and its main branch of April 2026). Other fields are allowed, as they are there.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Share = Annotated[float, Meta(ge=0, le=1)]

OWN_METHOD = "joulemark"
"""`measurementMethod` of what this project exports."""
RAPL, RAPL_WITH_MEMORY, STATED_WATTS = "rapl", "rapl, memory included", "processor time and stated watts"
"""`cpuTrackingMode` of the same; `gpuTrackingMode` is `NVML`."""
NVML = "nvml"

DataKind = Literal[
    "tabular", "audio", "boolean", "image", "video", "object", "text", "token", "word", "other"
]
ReportQuality = Literal["high", "medium", "low"]


class ReportPart(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A part of a report; its fields are called as in the report, in camel case."""


class Publisher(ReportPart, frozen=True, kw_only=True):
    """Who publishes the report."""

    confidentiality_level: Literal["public", "internal", "confidential", "secret"]
    name: str | msgspec.UnsetType = msgspec.UNSET
    division: str | msgspec.UnsetType = msgspec.UNSET
    project_name: str | msgspec.UnsetType = msgspec.UNSET
    public_key: str | msgspec.UnsetType = msgspec.UNSET


class Header(ReportPart, frozen=True, kw_only=True):
    """What the report says of itself."""

    report_datetime: str
    licensing: str | msgspec.UnsetType = msgspec.UNSET
    format_version: str | msgspec.UnsetType = msgspec.UNSET
    format_version_specification_uri: str | msgspec.UnsetType = msgspec.UNSET
    report_id: str | msgspec.UnsetType = msgspec.UNSET
    report_status: Literal["draft", "final", "corrective", "other"] | msgspec.UnsetType = msgspec.UNSET
    publisher: Publisher | msgspec.UnsetType = msgspec.UNSET


class Algorithm(ReportPart, frozen=True, kw_only=True):
    """What ran. `parameters_number` is in billions."""

    training_type: str | msgspec.UnsetType = msgspec.UNSET
    algorithm_type: str | msgspec.UnsetType = msgspec.UNSET
    algorithm_name: str | msgspec.UnsetType = msgspec.UNSET
    algorithm_uri: str | msgspec.UnsetType = msgspec.UNSET
    foundation_model_name: str | msgspec.UnsetType = msgspec.UNSET
    foundation_model_uri: str | msgspec.UnsetType = msgspec.UNSET
    parameters_number: float | msgspec.UnsetType = msgspec.UNSET
    framework: str | msgspec.UnsetType = msgspec.UNSET
    framework_version: str | msgspec.UnsetType = msgspec.UNSET
    class_path: str | msgspec.UnsetType = msgspec.UNSET
    layers_number: float | msgspec.UnsetType = msgspec.UNSET
    epochs_number: float | msgspec.UnsetType = msgspec.UNSET
    optimizer: str | msgspec.UnsetType = msgspec.UNSET
    quantization: str | msgspec.UnsetType = msgspec.UNSET


class DataDescription(ReportPart, frozen=True, kw_only=True):
    """What went in, or came out. `data_format` may be any word: nothing here reads the schema's list of formats."""

    data_usage: Literal["input", "output"]
    data_type: DataKind
    data_format: str | msgspec.UnsetType | None = msgspec.UNSET
    data_size: float | msgspec.UnsetType = msgspec.UNSET
    data_quantity: float | msgspec.UnsetType = msgspec.UNSET
    shape: str | msgspec.UnsetType = msgspec.UNSET
    source: Literal["public", "private", "other"] | msgspec.UnsetType = msgspec.UNSET
    source_uri: str | msgspec.UnsetType = msgspec.UNSET
    owner: str | msgspec.UnsetType = msgspec.UNSET


class MeasuredTask(ReportPart, frozen=True, kw_only=True):
    """The task. `nb_request` is the number of requests that the measures are of."""

    task_stage: str
    task_family: str
    algorithms: Annotated[tuple[Algorithm, ...], Meta(min_length=1)]
    dataset: Annotated[tuple[DataDescription, ...], Meta(min_length=1)]
    nb_request: float | msgspec.UnsetType = msgspec.UNSET
    measured_accuracy: Share | msgspec.UnsetType = msgspec.UNSET
    estimated_accuracy: Literal["veryPoor", "poor", "average", "good", "veryGood"] | msgspec.UnsetType = (
        msgspec.UNSET
    )
    task_description: str | msgspec.UnsetType = msgspec.UNSET


class ReportedMeasure(ReportPart, frozen=True, kw_only=True):
    """A measure. `power_consumption` is an energy, in kWh, whatever its name; durations are in seconds."""

    measurement_method: str
    power_consumption: float
    manufacturer: str | msgspec.UnsetType = msgspec.UNSET
    version: str | msgspec.UnsetType = msgspec.UNSET
    cpu_tracking_mode: str | msgspec.UnsetType = msgspec.UNSET
    gpu_tracking_mode: str | msgspec.UnsetType = msgspec.UNSET
    average_utilization_cpu: Share | msgspec.UnsetType = msgspec.UNSET
    average_utilization_gpu: Share | msgspec.UnsetType = msgspec.UNSET
    power_calibration_measurement: float | msgspec.UnsetType = msgspec.UNSET
    duration_calibration_measurement: float | msgspec.UnsetType = msgspec.UNSET
    measurement_duration: float | msgspec.UnsetType = msgspec.UNSET
    measurement_date_time: str | msgspec.UnsetType = msgspec.UNSET


class Component(ReportPart, frozen=True, kw_only=True):
    """A part of the machine; `memory_size` in GB."""

    component_type: str
    nb_component: int
    component_name: str | msgspec.UnsetType = msgspec.UNSET
    memory_size: float | msgspec.UnsetType = msgspec.UNSET
    manufacturer: str | msgspec.UnsetType = msgspec.UNSET
    family: str | msgspec.UnsetType = msgspec.UNSET
    series: str | msgspec.UnsetType = msgspec.UNSET
    share: Share | msgspec.UnsetType = msgspec.UNSET


class Infrastructure(ReportPart, frozen=True, kw_only=True):
    """Where it ran."""

    infra_type: Literal["publicCloud", "privateCloud", "onPremise", "other"]
    components: Annotated[tuple[Component, ...], Meta(min_length=1)]
    cloud_provider: str | msgspec.UnsetType = msgspec.UNSET
    cloud_instance: str | msgspec.UnsetType = msgspec.UNSET
    cloud_service: str | msgspec.UnsetType = msgspec.UNSET


class System(ReportPart, frozen=True, kw_only=True):
    """The operating system."""

    os: str
    distribution: str | msgspec.UnsetType = msgspec.UNSET
    distribution_version: str | msgspec.UnsetType = msgspec.UNSET


class ReportSoftware(ReportPart, frozen=True, kw_only=True):
    """The programming language."""

    language: str
    version: str | msgspec.UnsetType = msgspec.UNSET


class Environment(ReportPart, frozen=True, kw_only=True):
    """Where the electricity came from; `power_source_carbon_intensity` in gCO2eq/kWh."""

    country: str
    latitude: float | msgspec.UnsetType = msgspec.UNSET
    longitude: float | msgspec.UnsetType = msgspec.UNSET
    location: str | msgspec.UnsetType = msgspec.UNSET
    power_supplier_type: Literal["public", "private", "internal", "other"] | msgspec.UnsetType = msgspec.UNSET
    power_source: (
        Literal["solar", "wind", "nuclear", "hydroelectric", "gas", "coal", "other"] | msgspec.UnsetType
    ) = msgspec.UNSET
    power_source_carbon_intensity: float | msgspec.UnsetType = msgspec.UNSET


class BoampsReport(ReportPart, frozen=True, kw_only=True):
    """A report. `quality` is its publisher's own flag: an error of up to 10, 25 or 50 per cent."""

    task: MeasuredTask
    measures: Annotated[tuple[ReportedMeasure, ...], Meta(min_length=1)]
    infrastructure: Infrastructure
    header: Header | msgspec.UnsetType = msgspec.UNSET
    system: System | msgspec.UnsetType = msgspec.UNSET
    software: ReportSoftware | msgspec.UnsetType = msgspec.UNSET
    environment: Environment | msgspec.UnsetType = msgspec.UNSET
    quality: ReportQuality | msgspec.UnsetType = msgspec.UNSET
