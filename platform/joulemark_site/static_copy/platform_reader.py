"""Asks the platform's own views for pages, in this process, as a reader without any session would."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIRequest

from joulemark_site.static_copy.errors import SiteCopyError

if TYPE_CHECKING:
    from joulemark_site.static_copy.copied_addresses import CopiedAddress

WITHOUT = frozenset({
    "joulemark_site.request_log.logged_requests",
    "measurements.answer_cache.middleware.AnswerCacheMiddleware",
})  # fmt: skip
"""Middleware that would count a copy as readers, or answer with a page of another moment."""


@dataclass(frozen=True)
class PlatformAnswer:
    """An answer: its status, its bytes, and the path that a redirect leads to."""

    status: int
    body: bytes
    location: str


class PlatformReader:
    """Reads addresses through the middleware of the platform, without its memory of answers."""

    def __init__(self) -> None:
        self._origin = urlsplit(settings.ORIGIN)
        self._handler = BaseHandler()
        configured = settings.MIDDLEWARE
        settings.MIDDLEWARE = [name for name in configured if name not in WITHOUT]
        try:
            self._handler.load_middleware()
        finally:
            settings.MIDDLEWARE = configured

    def read(self, address: CopiedAddress) -> PlatformAnswer:
        """The platform's answer. Raises SiteCopyError (JM-SITE-PAGE) where it is a fault."""
        response = self._handler.get_response(WSGIRequest(self._environ(address)))
        if response.status_code >= 500 or response.status_code in {403, 429}:
            raise SiteCopyError(
                "JM-SITE-PAGE",
                f"{address.url} was answered with status {response.status_code}; see the log, mend the cause and "
                "export again.",
            )
        body = b"".join(response)  # in parts, or as one
        return PlatformAnswer(response.status_code, body, response.headers.get("Location", ""))

    def _environ(self, address: CopiedAddress) -> dict[str, object]:
        scheme, host = self._origin.scheme, self._origin.hostname or ""
        port = self._origin.port or (443 if scheme == "https" else 80)
        environ: dict[str, object] = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": unquote(address.path).encode().decode("latin-1"),
            "QUERY_STRING": address.question,
            "SCRIPT_NAME": "",
            "SERVER_NAME": host,
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": self._origin.netloc,
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": scheme,
            "wsgi.input": io.BytesIO(),
        }
        if scheme == "https":
            environ["HTTP_X_FORWARDED_PROTO"] = "https"
        return environ
