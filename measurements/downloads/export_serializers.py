"""What exports in JSON hold, as far as clients need it; the whole of each form is in its own project's schema."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


def _part(help_text: str, *, required: bool = True) -> serializers.DictField:
    return serializers.DictField(required=required, help_text=help_text)


class BoampsExportSerializer(serializers.Serializer[dict[str, Any]]):
    """A report of BoAmps 1.1.0 (https://github.com/Boavizta/BoAmps); its fields are in camel case, as there."""

    header = _part("Licence, version of the form, status and publisher of the report.")
    task = _part("What was done: stage, kind of task, requests, model and data.")
    measures = serializers.ListField(
        child=serializers.DictField(), help_text="Energy in kWh, with what measured it."
    )
    system = _part("The operating system, where it is known.", required=False)
    software = _part("The language and its version, where they are known.", required=False)
    infrastructure = _part("The hardware that drew the energy.")
    quality = serializers.CharField(
        required=False,
        help_text="high, medium or low: the energy is known to 10, 25 or 50 per cent. Absent beyond that.",
    )


class BillOfModelsSerializer(serializers.Serializer[dict[str, Any]]):
    """A bill of CycloneDX 1.6 whose components are models, with the energy of inference in their model cards."""

    bomFormat = serializers.CharField(help_text="CycloneDX.")  # noqa: N815 - the form's own name
    specVersion = serializers.CharField(help_text="1.6.")  # noqa: N815 - the form's own name
    serialNumber = serializers.CharField(help_text="Follows from the content.")  # noqa: N815 - the form's own name
    version = serializers.IntegerField(help_text="Of this bill: always 1.")
    metadata = _part("When its values were set, and the software that wrote it.")
    components = serializers.ListField(
        child=serializers.DictField(), help_text="The models, each with its model card."
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """The fields, with the one whose name is none in Python."""
        return {
            "$schema": serializers.CharField(help_text="Address of the schema of CycloneDX 1.6."),
            **super().get_fields(),
        }
