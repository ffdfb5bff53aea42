"""Energies as evaluation results of the hub, in its two forms.

* `.eval_results/*.yaml` of a model's repository (https://huggingface.co/docs/hub/eval-results): a list of values, each
  of a data set on the hub and a task that this data set's `eval.yaml` names. The hub shows a value on a leaderboard
  only where the data set is registered as a benchmark with that task; `TASK_ID` is what such a file would list.
* `model-index` in the front matter of a model card, the older form, which takes any data set.

The value is in Wh per 1,000 queries; there is no field for a unit, so notes and names say it, with scope, grade and
uncertainty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.exports.errors import NotExportable
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.exports.exported_energy import ExportedEnergy

METRIC = "energy_wh_per_1000_queries"
NO_HUB_DATASET = "JM-EXPORT-NO-HUB-DATASET"


def eval_results(energies: Sequence[ExportedEnergy]) -> list[dict[str, Any]]:
    """The entries of one file; energies whose data set is not on the hub are left out.

    Raises NotExportable where none remains.
    """
    entries = [_entry(energy) for energy in energies if energy.hub_dataset is not None]
    if not entries:
        raise NotExportable(
            NO_HUB_DATASET,
            _(
                "The form eval-results names a data set on the hub, and {dataset} is not there. Use the form "
                "model-index, which takes any data set."
            ).format(dataset=energies[0].dataset),
        )
    return entries


def _entry(energy: ExportedEnergy) -> dict[str, Any]:
    dataset = {"id": energy.hub_dataset, "task_id": f"{METRIC}_{energy.task}"}
    if energy.dataset_revision:
        dataset["revision"] = energy.dataset_revision
    entry: dict[str, Any] = {"dataset": dataset, "value": energy.wh_per_1000}
    if energy.measured_at is not None:
        entry["date"] = energy.measured_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    if energy.address is not None:
        entry["source"] = {"url": energy.address, "name": "Joulemark"}
    return {**entry, "notes": notes_of(energy)}


def notes_of(energy: ExportedEnergy) -> str:
    """Unit, scope, grade, tier, uncertainty, hardware, configuration and versions, in one line."""
    versions = ", ".join(f"{name} {version}" for name, version in energy.versions.items())
    words = (
        "Wh per 1,000 queries",
        f"scope {energy.scope}",
        f"grade {energy.grade}",
        f"tier {energy.tier}",
        energy.uncertainty,
        energy.hardware,
        energy.stratum,
        versions,
    )
    return "; ".join(word for word in words if word)


def model_index(energies: Sequence[ExportedEnergy]) -> dict[str, Any]:
    """The front matter of a model card, for one model."""
    return {
        "model-index": [
            {
                "name": energies[0].model.rpartition("/")[2],
                "results": [_result(energy) for energy in energies],
            }
        ]
    }


def _result(energy: ExportedEnergy) -> dict[str, Any]:
    dataset = {"type": energy.hub_dataset or energy.dataset, "name": energy.dataset}
    if energy.dataset_revision:
        dataset["revision"] = energy.dataset_revision
    metrics: list[dict[str, Any]] = [
        {"type": METRIC, "value": energy.wh_per_1000, "name": f"Energy ({notes_of(energy)})"}
    ]
    metrics += [{"type": score.metric, "value": score.value} for score in energy.scores]
    result: dict[str, Any] = {
        "task": {"type": energy.task.replace("_", "-")},
        "dataset": dataset,
        "metrics": metrics,
    }
    if energy.address is not None:
        result["source"] = {"name": "Joulemark", "url": energy.address}
    return result
