"""One group of the API's operations: each with parameters, answers and an example, readable without JavaScript."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import Http404
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.pages.reference_pages import OPERATIONS, reference_place
from measurements.web.api_reference import read_reference

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from measurements.web.api_reference import Operation

EXAMPLES = {
    "series": "study-2024", "task": "text_classification", "result_id": "RESULT_ID", "digest": "DIGEST",
    "suite": "DIGEST", "start": "0", "end": "10", "query": "text_classification", "queries_per_day": "3",
    "users": "1000",
}  # fmt: skip
"""Values of parameters in the examples; capitals stand for what the reader has."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """The same request with two programs."""

    curl: str
    python: str


@made_of()
@require_safe
def reference_operations(request: HttpRequest, group: str) -> HttpResponse:
    """Every operation of a group with its example; 404 where there is no such group."""
    place = reference_place(OPERATIONS, group)
    if place is None:
        raise Http404(gettext("The API has no group of operations of this name."))
    reference = read_reference()
    context = {
        "place": place,
        "group": group,
        "operations": [(operation, example_of(operation)) for operation in reference.groups[group]],
        "has_schemas": group in reference.schema_groups,
    }
    return render(request, "pages/reference_operations.html", context)


def example_of(operation: Operation) -> Example:
    """A request of this operation with what it requires; a signed body is a file that the agent has made."""
    path = operation.path
    question = []
    for field in operation.parameters:
        value = EXAMPLES.get(field.name, field.name.upper())
        if field.place == "path":
            path = path.replace(f"{{{field.name}}}", value)
        elif field.is_required:
            question.append(f"{field.name}={value}")
    address = f"{settings.ORIGIN}{path}{'?' if question else ''}{'&'.join(question)}"
    return _post(address, operation.bodies[0].media_type) if operation.bodies else _get(address, operation)


def _get(address: str, operation: Operation) -> Example:
    media = [content.media_type for answer in operation.answers for content in answer.contents]
    read = "json.load(answer)" if any(name.endswith("json") for name in media) else "answer.read()"
    return Example(
        curl=f"curl '{address}'",
        python="\n".join(
            [
                *(["import json"] if read.startswith("json") else []),
                "import urllib.request",
                "",
                f'with urllib.request.urlopen("{address}") as answer:',
                f"    content = {read}",
            ]
        ),
    )


def _post(address: str, media_type: str) -> Example:
    return Example(
        curl=f"curl --data-binary @message.json -H 'Content-Type: {media_type}' '{address}'",
        python="\n".join(
            [
                "import json",
                "import urllib.request",
                "from pathlib import Path",
                "",
                "request = urllib.request.Request(",
                f'    "{address}", data=Path("message.json").read_bytes(),',
                f'    headers={{"Content-Type": "{media_type}"}},',
                ")",
                "with urllib.request.urlopen(request) as answer:",
                "    content = json.load(answer)",
            ]
        ),
    )
