"""Pieces of pages as HTML, written once for what they show and kept while they are among those that were read last.

After a change most rows of a board are as they were, and writing a hundred of them takes longer than all the rest of a
page. The key of a piece is all that its template is given, so none is ever shown that says something else.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Any

import msgspec
from django.utils.safestring import SafeString

from measurements.web.languages import current_language

if TYPE_CHECKING:
    from collections.abc import Callable

    from measurements.web.as_of import Moment

MAX_CHARACTERS = 16 * 2**20
"""That a process keeps: some thousand rows of boards."""


class KeptFragments:
    """The pieces that were read last, `most` characters of them; threads may share it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._pieces: OrderedDict[bytes, SafeString] = OrderedDict()
        self.n_characters = 0

    def find(self, key: bytes) -> SafeString | None:
        """The piece, and note that it was read."""
        with self._lock:
            piece = self._pieces.get(key)
            if piece is not None:
                self._pieces.move_to_end(key)
            return piece

    def keep(self, key: bytes, piece: SafeString) -> None:
        """Keep a piece in place of those that were not read for the longest time."""
        with self._lock:
            before = self._pieces.pop(key, None)
            self._pieces[key] = piece
            self.n_characters += len(piece) - len(before or "")
            while self.n_characters > self._most:
                _, gone = self._pieces.popitem(last=False)
                self.n_characters -= len(gone)


FRAGMENTS = KeptFragments(MAX_CHARACTERS)


def written_once(
    template: str, moment: Moment | None, key: tuple[Any, ...], write: Callable[[], str]
) -> SafeString:
    """What `write` makes with a template in the language in use: of all that it is given, `key` and `moment` say it.

    A key is what msgspec encodes: numbers, words, times, dataclasses and lists of them.
    """
    named = (template, current_language(), moment.query if moment else "", key)
    digest = hashlib.blake2b(msgspec.msgpack.encode(named), digest_size=20).digest()
    piece = FRAGMENTS.find(digest)
    if piece is None:
        piece = SafeString(write())
        FRAGMENTS.keep(digest, piece)
    return piece
