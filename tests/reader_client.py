"""A test client that reads pages as a browser does: an address without a language leads it to one that has it."""

from __future__ import annotations

from typing import Any

from django.test import Client

from measurements.web.languages import language_in, without_language
from tests.client_response import ClientResponse

REDIRECTS = (301, 302)


class ReaderClient(Client):
    """Follows the redirect that only adds a language to an address, and no other one; reads to their end what streams.

    A stream that nobody reads or closes keeps its connection and its slot, as on a server.
    """

    def request(self, **request: Any) -> Any:
        """The answer, whole."""
        answer: Any = super().request(**request)
        if answer.streaming:
            answer.streaming_content = [b"".join(answer.streaming_content)]
        return answer

    def get(self, path: Any, *args: Any, **kwargs: Any) -> Any:
        """The answer at this address, or at the one in the reader's language."""
        return self._in_language(path, super().get(path, *args, **kwargs), super().get, args, kwargs)

    def head(self, path: Any, *args: Any, **kwargs: Any) -> Any:
        """The same without a body."""
        return self._in_language(path, super().head(path, *args, **kwargs), super().head, args, kwargs)

    def _in_language(self, path: Any, answer: ClientResponse, again: Any, args: Any, kwargs: Any) -> Any:
        location = answer.get("Location", "")
        is_language_alone = language_in(location) and without_language(location) == (
            answer.wsgi_request.get_full_path()
        )
        if answer.status_code not in REDIRECTS or not is_language_alone:
            return answer
        return again(
            location,
            *(({},) if args else ()),
            *args[1:],
            **{**kwargs, **({"data": None} if "data" in kwargs else {})},
        )
