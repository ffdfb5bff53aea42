"""The files of releases under /releases/, out of the local folder, or a redirect to the bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from joulemark.release import layout
from joulemark.release.layout import is_release_path
from measurements.releases import storage
from measurements.releases.release_list import listed_names
from measurements.web.file_parts import file_answer

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

TYPES = {
    ".parquet": "application/vnd.apache.parquet",
    ".csv.gz": "application/gzip",
    ".jsonl.gz": "application/gzip",
    ".tar": "application/x-tar",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    "SHA256SUMS": "text/plain; charset=utf-8",
    "LICENSE": "text/plain; charset=utf-8",
    "checkpoint": "text/plain; charset=utf-8",
    ".cff": "text/plain; charset=utf-8",
}


@require_safe
def release_list(_request: HttpRequest) -> HttpResponse:
    """The list of releases: the one file that changes, and so is asked for anew."""
    data = storage.read(layout.RELEASES)
    if data is None:
        raise Http404("There is no release yet.")
    return HttpResponse(data, content_type="application/json", headers={"Cache-Control": "no-cache"})


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
    kind = next((kind for end, kind in TYPES.items() if path.endswith(end)), "application/octet-stream")
    return file_answer(
        request,
        lambda: root.open(path, "rb").file,  # type: ignore[arg-type,return-value]  # a local file
        size=root.size(path),
        etag=f'"{path.replace("/", "-")}"',
        content_type=kind,
    )
