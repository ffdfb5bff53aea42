"""How the API's description tells a view from its files: addresses that end in the name of a format."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema

AS_CSV = "; as CSV "
"""What stands in the description of a view between what it answers with and what CSV has of it."""
AS_FILE = "; in every other format with all of them"
"""How the description of a view ends whose files have every row of what it answers with by pages."""
OF_PAGES = ("cursor", "limit")
"""Parameters that such files do not have."""
BOM = "bom"
"""The parameter by which CSV, and no other of them, begins with a byte order mark."""


class FileSchema(AutoSchema):
    """Describes a view at an address that ends in the name of a format (`format_choice.as_file`).

    Its operation is `download_NAME_FORMAT` where that of the view itself is `read_NAME` or `list_NAME`, and it answers
    in that format alone.
    """

    def get_operation(self, path: str, *arguments: Any) -> dict[str, Any] | None:
        """The description of the operation at `path`; None where there is none."""
        operation: dict[str, Any] | None = super().get_operation(path, *arguments)
        suffix = path.rpartition("/")[2].rpartition(".")[2]
        formats: list[str] = self.map_renderers("format")
        if operation is None or formats != [suffix]:
            return operation
        name = operation["operationId"].partition("_")[2]
        whole, _, rows = operation["description"].rstrip(".").partition(AS_CSV)
        operation["operationId"] = f"download_{name}_{suffix}"
        operation["description"] = f"Answer with {rows}." if suffix == "csv" else f"{whole}."
        if whole.endswith(AS_FILE):
            operation["description"] = "Answer with every row that the filters leave, as a stream."
            others = OF_PAGES if suffix == "csv" else (*OF_PAGES, BOM)
            parameters = operation.get("parameters", ())
            operation["parameters"] = [each for each in parameters if each["name"] not in others]
        kinds = self.map_renderers("media_type")
        answers = operation["responses"]
        answers["200"]["content"] = {
            kind: content for kind, content in answers["200"]["content"].items() if kind in kinds
        }
        if "{" not in path:
            answers.pop("404", None)  # what has no variable part is always there
        return operation
