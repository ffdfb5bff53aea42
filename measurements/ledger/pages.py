"""The log's files under /log/, as a proxy would serve them out of the folder."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe

from joulemark.log import tiles
from joulemark.record.errors import Malformed
from measurements.ledger import folder

ONE_YEAR_S = 365 * 24 * 3600


@require_safe
def checkpoint(_request: HttpRequest) -> FileResponse:
    """The latest signed checkpoint."""
    answer = _stream(folder.CHECKPOINT, content_type="text/plain; charset=utf-8")
    answer["Cache-Control"] = "no-store"
    return answer


@require_safe
def tile(_request: HttpRequest, path: str) -> FileResponse:
    """A tile or a bundle of entries; whatever is there never changes."""
    path = f"tile/{path}"
    try:
        tiles.parse_path(path)
    except Malformed as error:
        raise Http404(str(error)) from error
    answer = _stream(path, content_type="application/octet-stream")
    answer["Cache-Control"] = f"public, max-age={ONE_YEAR_S}, immutable"
    return answer


def _stream(path: str, *, content_type: str) -> FileResponse:
    try:
        stream = folder.place(path).open("rb")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Http404(
            f"The log has no {path}: it is not that long yet, or a partial tile became a full one."
        ) from error
    answer = FileResponse(stream, content_type=content_type)
    answer["Access-Control-Allow-Origin"] = "*"
    return answer
