"""The log's files under /log/, as a proxy would serve them out of the folder."""

from __future__ import annotations

import logging

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from joulemark.log import tiles
from joulemark.record.errors import Malformed
from measurements.ledger import tile_store
from measurements.ledger.errors import Damaged
from measurements.ledger.published import read_published

logger = logging.getLogger(__name__)

ONE_YEAR_S = 365 * 24 * 3600
AGAIN_S = 5
TEXT = "text/plain; charset=utf-8"
DAMAGED = "JM-LOG-CHECKPOINT-DAMAGED: the checkpoint's file is damaged and is written again; ask again in a minute.\n"


@require_safe
def checkpoint(_request: HttpRequest) -> HttpResponse:
    """The latest signed checkpoint; 503 while the file holds anything else."""
    try:
        published = read_published()
    except Damaged as damaged:
        logger.error("JM-LOG-CHECKPOINT-DAMAGED %s", damaged)  # noqa: TRY400 - one line a request; it says all
        answer = HttpResponse(DAMAGED, status=503, content_type=TEXT, headers={"Retry-After": str(AGAIN_S)})
    else:
        if published is None:
            raise Http404("The log has no checkpoint yet.")
        answer = HttpResponse(published.note, content_type=TEXT)
    answer["Cache-Control"] = "no-store"
    answer["Access-Control-Allow-Origin"] = "*"
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
        stream = tile_store.place(path).open("rb")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Http404(
            f"The log has no {path}: it is not that long yet, or a partial tile became a full one."
        ) from error
    answer = FileResponse(stream, content_type=content_type)
    answer["Access-Control-Allow-Origin"] = "*"
    return answer
