"""Energies as a CycloneDX 1.6 bill of models: each model a component whose model card has its energy consumption.

The energy stands where the standard has it, in `modelCard.considerations.environmentalConsiderations`: the activity is
`inference`, the cost is in kWh, and what the standard has no field for is a property under `joulemark:`. Providers of
energy are an empty list: no agent records where its electricity comes from, and so there are no emissions either.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from joulemark.exports.exported_energy import wh_per_1000
from joulemark.published.names import HUB

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from joulemark.exports.exported_energy import ExportedEnergy

SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"
SPEC_VERSION = "1.6"


def bill_of_models(energies: Sequence[ExportedEnergy], *, made_at: datetime, version: str) -> dict[str, Any]:
    """The bill as JSON's own types; `version` is this software's. Its serial number follows from its content."""
    by_model: dict[tuple[str, str | None], list[ExportedEnergy]] = {}
    for energy in energies:
        by_model.setdefault((energy.model, energy.model_revision), []).append(energy)
    identities = "\n".join(energy.identity for energy in energies)
    stamp = made_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "$schema": SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": SPEC_VERSION,
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{stamp} {identities}')}",
        "version": 1,
        "metadata": {
            "timestamp": stamp,
            "tools": {"components": [{"type": "application", "name": "joulemark", "version": version}]},
        },
        "components": [_component(of_model) for of_model in by_model.values()],
    }


def _component(energies: Sequence[ExportedEnergy]) -> dict[str, Any]:
    first = energies[0]
    group, _, name = first.model.rpartition("/")
    component: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": f"model:{first.model}@{first.model_revision or 'unknown'}",
        **({"group": group} if group else {}),
        "name": name,
        **({"version": first.model_revision} if first.model_revision else {}),
    }
    if first.hub_model is not None:
        component["externalReferences"] = [{"type": "distribution", "url": f"{HUB}{first.hub_model}"}]
    tasks = sorted({energy.task for energy in energies})
    card: dict[str, Any] = {
        **({"modelParameters": {"task": tasks[0]}} if len(tasks) == 1 else {}),
        "considerations": {
            "environmentalConsiderations": {
                "energyConsumptions": [_consumption(energy) for energy in energies]
            }
        },
    }
    metrics = [
        {"type": score.metric, "value": repr(score.value), "slice": f"{energy.task}/{energy.dataset}"}
        for energy in energies
        for score in energy.scores
    ]
    if metrics:
        card["quantitativeAnalysis"] = {"performanceMetrics": metrics}
    return {**component, "modelCard": card}


def _consumption(energy: ExportedEnergy) -> dict[str, Any]:
    return {
        "activity": "inference",
        "energyProviders": [],
        "activityEnergyCost": {"value": energy.energy_kwh, "unit": "kWh"},
        "properties": list(_properties(energy)),
    }


def _properties(energy: ExportedEnergy) -> Iterable[dict[str, str]]:
    facts: dict[str, object | None] = {
        "queries": energy.queries,
        "wh_per_1000_queries": energy.wh_per_1000,
        "low_wh_per_1000_queries": None if energy.low_j is None else wh_per_1000(energy.low_j),
        "high_wh_per_1000_queries": None if energy.high_j is None else wh_per_1000(energy.high_j),
        "expanded_relative_uncertainty": energy.relative_u,
        "task": energy.task,
        "dataset": energy.dataset,
        "dataset_revision": energy.dataset_revision,
        "hardware": energy.hardware,
        "scope": energy.scope,
        "grade": energy.grade,
        "tier": energy.tier,
        "results": energy.n_results,
        "configuration": energy.stratum or None,
        "evidence": energy.address or energy.identity,
        **{f"version:{name}": version for name, version in energy.versions.items()},
    }
    for name, value in facts.items():
        if value is not None:
            yield {
                "name": f"joulemark:{name}",
                "value": repr(value) if isinstance(value, float) else str(value),
            }
