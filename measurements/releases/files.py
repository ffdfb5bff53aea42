"""The files of releases under /releases/, out of the local folder, or a redirect to the bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from joulemark.release import layout
from joulemark.release.layout import is_release_path, media_type
from measurements.releases import storage
from measurements.releases.release_list import is_listed
from measurements.web.file_parts import file_answer

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


@require_safe
def release_list(_request: HttpRequest) -> HttpResponse:
    """The list of releases: the one file that changes, and so is asked for anew. Of a bucket, a redirect to it."""
    if storage.local_folder() is None:  # a process that serves pages need not reach the bucket
        return HttpResponseRedirect(f"{settings.RELEASES_URL}{layout.RELEASES}")
    data = storage.read(layout.RELEASES)
    if data is None:
        raise Http404("There is no release yet.")
    return HttpResponse(data, content_type="application/json", headers={"Cache-Control": storage.ASKED_ANEW})


@require_safe
def release_file(request: HttpRequest, release_path: str) -> HttpResponseBase:
    """A file of a release; whatever is there never changes. Of a release that is not listed nothing is shown."""
    path = release_path
    folder = path.partition("/")[0]
    if not is_release_path(path) or (folder[:1].isdigit() and not is_listed(folder)):
        raise Http404("No release has this file; releases.json and the manifests name all that there are.")
    address = storage.address(path)
    if address is not None:
        return HttpResponseRedirect(address)
    root = storage.root()
    if not root.exists(path):
        raise Http404("No release has this file; releases.json and the manifests name all that there are.")
    return file_answer(
        request,
        lambda: root.open(path, "rb").file,  # type: ignore[arg-type,return-value]  # a local file
        size=root.size(path),
        etag=f'"{path.replace("/", "-")}"',
        content_type=media_type(path),
    )
