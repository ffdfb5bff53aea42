"""A file that is there already, whole or from where a download broke off (RFC 9110, 14)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import FileResponse, HttpResponse
from django.utils.cache import get_conditional_response

from measurements.web.byte_ranges import NotSatisfiable, requested_range
from measurements.web.problems import problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

FOR_A_YEAR = f"public, max-age={365 * 24 * 3600}, immutable"
"""Of files whose name has their digest."""


def file_answer(
    request: HttpRequest,
    open_file: Callable[[], BinaryIO],
    *,
    size: int,
    etag: str,
    content_type: str,
    name: str = "",
    cache_control: str = FOR_A_YEAR,
) -> HttpResponseBase:
    """Answer with the file of `size` bytes that `open_file` opens, or with the part that the request asks for.

    200, 206 or 304; 416 as a problem document. `etag` is the strong tag of its bytes, with quotes; `name` is what it is
    saved under, where that is not the end of its address. The file is opened only where bytes of it are sent, must be
    seekable, and is closed with the answer.
    """
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": cache_control,
        "ETag": etag,
        **({"Content-Disposition": f'attachment; filename="{name}"'} if name else {}),
    }
    not_modified = get_conditional_response(request, etag=etag)
    if not_modified is not None and not_modified.status_code == 304:
        return with_headers(not_modified, headers)
    try:
        part = requested_range(
            request.headers.get("Range", "") if request.method == "GET" else "",
            size=size,
            if_range=request.headers.get("If-Range", ""),
            etag=etag,
        )
    except NotSatisfiable:
        refusal = problem(
            status=416,
            code="JM-HTTP-416",
            detail=f"The file has {size} bytes, none of them in the range: ask for one within it, or for all of it.",
        )
        refusal["Content-Range"] = f"bytes */{size}"
        return refusal
    headers["Content-Length"] = str(part.length if part else size)
    if request.method == "HEAD":
        return with_headers(HttpResponse(content_type=content_type), headers)
    file = open_file()
    if part is None:
        return with_headers(FileResponse(file, content_type=content_type), headers)
    file.seek(part.first)
    whole_file_follows = part.last == size - 1
    sent: object = file if whole_file_follows else _Part(file, part.length)
    answer = FileResponse(sent, status=206, content_type=content_type)
    return with_headers(answer, headers | {"Content-Range": part.content_range})


class _Part:
    """The next `length` bytes of a file."""

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._file, self._left = file, length

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes; none at the end of the part."""
        length = self._left if size < 0 else min(size, self._left)
        read = self._file.read(length)
        self._left -= len(read)
        return read

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def with_headers(answer: HttpResponseBase, headers: dict[str, str]) -> HttpResponseBase:
    """The answer, once it has these headers."""
    for name, value in headers.items():
        answer.headers[name] = value
    return answer
