"""The rules of a submission to PUMA Community, version 1.0.0, as types: nothing may be in it that they do not name.

Source: schema/submission.v1.json and docs/submission-format.md of https://github.com/pumacp/puma-community (June 2026).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from joulemark.record.field_types import Alias, CountryCode, SemanticVersion, Sha256

Share = Annotated[float, Meta(ge=0, le=1)]
NotNegative = Annotated[float, Meta(ge=0)]
Milliseconds = Annotated[int, Meta(ge=0)]
Word64 = Annotated[str, Meta(max_length=64)]
Word128 = Annotated[str, Meta(max_length=128)]


class PumaPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a submission."""


class Submitter(PumaPart, frozen=True, kw_only=True):
    """Who sends it, and what its sender agrees to."""

    name_or_alias: Alias
    consent_public_release: bool
    consent_redistribution: bool
    consent_research_use: bool
    affiliation: Word128 | None = None
    contact: Word128 | None = None
    license: Literal["CC-BY-4.0"] = "CC-BY-4.0"


class RunMetadata(PumaPart, frozen=True, kw_only=True):
    """What ran. `n_instances` is the number of queries; `model` is a tag of Ollama."""

    scenario: Literal["triage_jira", "effort_tawos", "prioritization_jira"]
    model: Word128
    strategy: Literal[
        "zero_shot", "zero_shot_cot", "few_shot_3", "few_shot_6", "cot_few_shot", "rcoif",
        "contextual_anchoring", "egi", "self_consistency",
    ]  # fmt: skip
    n_instances: Annotated[int, Meta(ge=1, le=100_000)]
    temperature: Annotated[float, Meta(ge=0, le=2)]
    ollama_version: Word64
    started_at: datetime
    completed_at: datetime
    latency_ms_total: Milliseconds
    latency_ms_p50: Milliseconds
    latency_ms_p95: Milliseconds
    seed: int = 42

    def __post_init__(self) -> None:
        """Times and latencies are in order. Raises ValueError, which decoding reports."""
        if (self.started_at.tzinfo is None) != (self.completed_at.tzinfo is None):
            raise ValueError("started_at and completed_at are not both in a time zone")
        if self.completed_at < self.started_at:
            raise ValueError("completed_at lies before started_at")
        if self.latency_ms_p95 < self.latency_ms_p50:
            raise ValueError("latency_ms_p95 is less than latency_ms_p50")


class HardwareProfile(PumaPart, frozen=True, kw_only=True):
    """The machine."""

    profile_id: Word64
    cpu_model: Word128
    cpu_cores: Annotated[int, Meta(ge=1, le=512)]
    ram_gb: Annotated[int, Meta(ge=1, le=4096)]
    os: Word128
    gpu_model: Word128 | None = None
    gpu_vram_gb: Annotated[int, Meta(ge=0, le=512)] | None = None


class Metrics(PumaPart, frozen=True, kw_only=True):
    """How good the answers were; at least one of three is there."""

    f1_macro: Share | None = None
    f1_per_class: dict[str, float] | None = None
    mae: NotNegative | None = None
    mdae: NotNegative | None = None
    accuracy: Share | None = None
    confusion_matrix: list[list[int]] | None = None
    ece: Share | None = None

    def __post_init__(self) -> None:
        """One of f1_macro, mae and accuracy is there. Raises ValueError, which decoding reports."""
        if self.f1_macro is None and self.mae is None and self.accuracy is None:
            raise ValueError("none of f1_macro, mae and accuracy is there")


class Sustainability(PumaPart, frozen=True, kw_only=True):
    """What CodeCarbon read of the whole run."""

    codecarbon_version: Annotated[str, Meta(max_length=32)]
    co2_grams_total: NotNegative
    energy_kwh_total: NotNegative
    tracking_mode: Literal["machine", "process"]
    country_iso: CountryCode


class Integrity(PumaPart, frozen=True, kw_only=True):
    """`verification_status` is the community's own flag."""

    predictions_summary_hash: Sha256
    payload_signature: Annotated[str, Meta(max_length=512)] | None = None
    verification_status: Literal["unverified", "self-attested", "community-verified"] = "self-attested"


class PumaSubmission(PumaPart, frozen=True, kw_only=True):
    """A submission."""

    submitter: Submitter
    puma_version: SemanticVersion
    run_metadata: RunMetadata
    hardware_profile: HardwareProfile
    metrics: Metrics
    sustainability: Sustainability
    integrity: Integrity
    schema_version: Literal["1.0.0"] = "1.0.0"
    submission_id: str | None = None
    submitted_at: datetime | None = None
    raw_predictions_url: Annotated[str, Meta(min_length=1, max_length=2083)] | None = None
    notes: Annotated[str, Meta(max_length=2000)] | None = None
