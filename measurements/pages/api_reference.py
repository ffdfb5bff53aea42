"""The API's reference: each door and each schema of the description, readable without JavaScript."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.shortcuts import render
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.web.api_reference import read_reference
from measurements.web.problem_codes import codes_of_status

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from measurements.web.api_reference import Operation
    from measurements.web.problem_codes import ProblemCode

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


@dataclass(frozen=True, kw_only=True)
class RefusalStatus:
    """A status that comes with a problem document, and its codes."""

    status: str
    codes: list[ProblemCode]


@made_of()
@require_safe
def api_reference(request: HttpRequest) -> HttpResponse:
    """Every operation with its example, every schema, every problem code."""
    reference = read_reference()
    statuses = sorted({status for operation in reference.operations for status in operation.refusals})
    context = {
        "reference": reference,
        "groups": [
            (tag, [(operation, example_of(operation)) for operation in operations])
            for tag, operations in reference.tags.items()
        ],
        "statuses": [RefusalStatus(status=status, codes=codes_of_status(int(status))) for status in statuses],
        "origin": settings.ORIGIN,
    }
    return render(request, "pages/api_reference.html", context)


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
