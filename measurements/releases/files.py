"""The files of releases under /releases/, out of the local folder, or a redirect to the bucket."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from django.http import (
    FileResponse,
    Http404,
    HttpResponse,
    HttpResponseNotModified,
    HttpResponseRedirect,
)
from django.views.decorators.http import require_safe

from joulemark.release import layout
from joulemark.release.layout import is_release_path, media_type
from measurements.releases import storage
from measurements.releases.file_ranges import NotSatisfiable, byte_range
from measurements.releases.release_list import listed_names

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


@require_safe
def release_list(_request: HttpRequest) -> HttpResponse:
    """The list of releases: the one file that changes, and so is asked for anew."""
    data = storage.read(layout.RELEASES)
    if data is None:
        raise Http404("There is no release yet.")
    return HttpResponse(data, content_type="application/json", headers={"Cache-Control": storage.ASKED_ANEW})


@require_safe
def release_file(request: HttpRequest, release_path: str) -> HttpResponseBase:
    """A file of a release; whatever is there never changes. Of a release that is not listed nothing is shown."""
    path = release_path
    folder = path.partition("/")[0]
    if not is_release_path(path) or (folder[:1].isdigit() and folder not in listed_names()):
        raise Http404("No release has this file; releases.json and the manifests name all that there are.")
    address = storage.address(path)
    if address is not None:
        return HttpResponseRedirect(address)
    root = storage.root()
    if not root.exists(path):
        raise Http404("No release has this file; releases.json and the manifests name all that there are.")
    return _answer(request, path, size=root.size(path))


def _answer(request: HttpRequest, path: str, *, size: int) -> HttpResponseBase:
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": storage.KEPT_FOR_EVER,
        "ETag": f'"{path.replace("/", "-")}"',
    }
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return HttpResponseNotModified(headers=headers)
    range_header = request.headers.get("Range", "") if request.method == "GET" else ""
    if request.headers.get("If-Range", headers["ETag"]) != headers["ETag"]:
        range_header = ""
    try:
        part = byte_range(range_header, size)
    except NotSatisfiable:
        return HttpResponse(status=416, headers=headers | {"Content-Range": f"bytes */{size}"})
    kind = media_type(path)
    headers["Content-Length"] = str(part.length if part else size)
    if request.method == "HEAD":
        return HttpResponse(content_type=kind, headers=headers)
    stream: IO[bytes] = storage.root().open(path, "rb").file  # type: ignore[assignment]  # a local file
    if part is None:
        return FileResponse(stream, content_type=kind, headers=headers)
    stream.seek(part.first)
    headers["Content-Range"] = f"bytes {part.first}-{part.last}/{size}"
    return FileResponse(_Part(stream, part.length), status=206, content_type=kind, headers=headers)


class _Part:
    """The next `length` bytes of a file."""

    def __init__(self, file: IO[bytes], length: int) -> None:
        self._file, self._left = file, length

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; none at the end of the part."""
        data = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        return data

    def close(self) -> None:
        """Close the file."""
        self._file.close()
