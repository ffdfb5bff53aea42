"""Where releases lie, from the environment: a local folder, or a bucket that speaks S3."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from joulemark_site.environment import BadSetting, reader

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "measurements.releases.storage.ReleaseFolder"
BUCKET = "measurements.releases.bucket.ReleaseBucket"
ADDRESS = "JOULEMARK_RELEASES_URL"


def storage(folder: Path, origin: str) -> tuple[dict[str, Any], str]:
    """The entry of STORAGES, and the address of the root with a slash at its end.

    The bucket is `NAME` or `NAME/PREFIX`. Its key is where boto3 looks for it: AWS_ACCESS_KEY_ID and
    AWS_SECRET_ACCESS_KEY, a file of credentials, or the machine's own role. Raises BadSetting.
    """
    bucket = _bucket("JOULEMARK_RELEASES_BUCKET")
    endpoint = _of_bucket("JOULEMARK_RELEASES_ENDPOINT", bucket)
    region = _of_bucket("JOULEMARK_RELEASES_REGION", bucket)
    address = _of_bucket(ADDRESS, bucket)
    if not bucket:
        return {"BACKEND": FOLDER, "OPTIONS": {"location": folder}}, f"{origin}/releases/"
    name, _slash, prefix = bucket.partition("/")
    options = {
        "bucket_name": name,
        "location": prefix,
        "endpoint_url": endpoint or None,
        "region_name": region or None,
        "file_overwrite": True,
        "querystring_auth": False,
        "default_acl": None,
        "object_parameters": {"ChecksumAlgorithm": "SHA256"},
    }
    return {"BACKEND": BUCKET, "OPTIONS": options}, f"{address}/"


@reader
def _bucket(name: str) -> str:
    bucket = os.environ.get(name, "").strip("/")
    if bucket and not os.environ.get(ADDRESS):
        raise BadSetting(
            f"{name} names a bucket, and {ADDRESS} is missing: the address under which anybody reads it, such as "
            "https://data.joulemark.example."
        )
    return bucket


@reader
def _of_bucket(name: str, bucket: str) -> str:
    value = os.environ.get(name, "").rstrip("/")
    if value and not bucket:
        raise BadSetting(f"{name} is of a bucket; name that in JOULEMARK_RELEASES_BUCKET, or leave this out.")
    return value
