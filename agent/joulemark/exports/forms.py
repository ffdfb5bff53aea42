"""The forms of an export by their names, each with its media type, the end of its file's name, and its writer."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from joulemark import __version__
from joulemark.exports.boamps import boamps_report
from joulemark.exports.cyclonedx import bill_of_models
from joulemark.exports.exported_energy import ExportedEnergy
from joulemark.exports.form_names import FormName
from joulemark.exports.hugging_face import eval_results, model_index
from joulemark.exports.yaml_text import yaml_text

MOST_ENERGIES = 500
"""Values of a model in one export."""


@dataclass(frozen=True, kw_only=True)
class ExportForm:
    """`write` takes energies of one model and the moment of the export, and may raise NotExportable.

    `needs_hub`: the form names a data set on the hub, and refuses any other.
    """

    name: FormName
    title: str
    media_type: str
    ending: str
    write: Callable[[Sequence[ExportedEnergy], datetime], str]
    needs_hub: bool = False


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _boamps(energies: Sequence[ExportedEnergy], _made_at: datetime) -> str:
    """One report where there is one energy, a list of reports otherwise."""
    reports = [boamps_report(energy) for energy in energies]
    return _json(reports[0] if len(reports) == 1 else reports)


def _cyclonedx(energies: Sequence[ExportedEnergy], made_at: datetime) -> str:
    return _json(bill_of_models(energies, made_at=made_at, version=__version__))


def _eval_results(energies: Sequence[ExportedEnergy], _made_at: datetime) -> str:
    return yaml_text(eval_results(energies))


def _model_index(energies: Sequence[ExportedEnergy], _made_at: datetime) -> str:
    return yaml_text(model_index(energies))


FORMS: dict[str, ExportForm] = {
    form.name: form
    for form in (
        ExportForm(
            name="boamps", title="BoAmps", media_type="application/json", ending=".boamps.json", write=_boamps
        ),
        ExportForm(
            name="cyclonedx",
            title="CycloneDX",
            media_type="application/json",
            ending=".cdx.json",
            write=_cyclonedx,
        ),
        ExportForm(
            name="eval-results",
            title="Hugging Face .eval_results",
            media_type="application/yaml",
            ending=".eval_results.yaml",
            write=_eval_results,
            needs_hub=True,
        ),
        ExportForm(
            name="model-index",
            title="Hugging Face model-index",
            media_type="application/yaml",
            ending=".model-index.yaml",
            write=_model_index,
        ),
    )
}
