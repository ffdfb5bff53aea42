"""A bucket of releases: what each object says of itself to whoever downloads it."""

from __future__ import annotations

from typing import Any

from storages.backends.s3 import S3Storage

from joulemark.release.layout import RELEASES, media_type
from measurements.releases.storage import ASKED_ANEW
from measurements.web.file_parts import FOR_A_YEAR


class ReleaseBucket(S3Storage):  # type: ignore[misc]  # django-storages ships no types
    """A bucket whose objects have the bytes, the type and the life that the same files have under /releases/."""

    def get_object_parameters(self, name: str) -> dict[str, Any]:
        """What S3 keeps beside an object.

        With a type that is named here the storage guesses none: it would declare what is compressed an encoding, and
        every client would unpack a file whose digest is that of the packed one.
        """
        is_list = name.rpartition("/")[2] == RELEASES
        return {
            **super().get_object_parameters(name),
            "ContentType": media_type(name),
            "CacheControl": ASKED_ANEW if is_list else FOR_A_YEAR,
        }
