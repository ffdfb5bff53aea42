"""What Django's test client returns, as tests annotate it: a response that knows its request, context and JSON too."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse

    ClientResponse: TypeAlias = _MonkeyPatchedWSGIResponse
else:
    from django.http import HttpResponse as ClientResponse

Post = Callable[[str, bytes], ClientResponse]
"""The fixture `post`: an address under /api/v1/ and a body."""

__all__ = ["ClientResponse", "Post", "body_of"]


def body_of(answer: ClientResponse) -> bytes:
    """All bytes of an answer, of a streamed one too."""
    return b"".join(answer)
