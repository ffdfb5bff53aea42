"""Where releases lie, from the environment: a local folder, or a bucket that speaks S3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark_site import environment as env
from joulemark_site.environment import BadSetting

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "measurements.releases.storage.ReleaseFolder"
BUCKET = "storages.backends.s3.S3Storage"


def storage(folder: Path, origin: str) -> tuple[dict[str, Any], str]:
    """The entry of STORAGES, and the address of the root with a slash at its end.

    The bucket is `NAME` or `NAME/PREFIX`. Its key is where boto3 looks for it: AWS_ACCESS_KEY_ID and
    AWS_SECRET_ACCESS_KEY, a file of credentials, or the machine's own role. Raises BadSetting.
    """
    bucket = env.text("JOULEMARK_RELEASES_BUCKET", "").strip("/")
    endpoint = env.text("JOULEMARK_RELEASES_ENDPOINT", "").rstrip("/")
    region = env.text("JOULEMARK_RELEASES_REGION", "")
    address = env.text("JOULEMARK_RELEASES_URL", "").rstrip("/")
    if not bucket:
        if endpoint or region or address:
            raise BadSetting(
                "JOULEMARK_RELEASES_ENDPOINT, JOULEMARK_RELEASES_REGION and JOULEMARK_RELEASES_URL are of a bucket; "
                "name it in JOULEMARK_RELEASES_BUCKET, or leave them out."
            )
        return {"BACKEND": FOLDER, "OPTIONS": {"location": folder}}, f"{origin}/releases/"
    if not address:
        raise BadSetting(
            "JOULEMARK_RELEASES_URL is missing: the address under which anybody reads the bucket of "
            "JOULEMARK_RELEASES_BUCKET, such as https://data.joulemark.example."
        )
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
