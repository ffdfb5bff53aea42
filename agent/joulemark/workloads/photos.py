"""Photographs inside installed packages, as the suite's rows describe them."""

from __future__ import annotations

from typing import Any

from joulemark.suite import Photo
from joulemark.translation import gettext as _
from joulemark.workloads.base import WorkloadError
from joulemark.workloads.weights import file_sha256, package_folder

PACKAGES = {"skimage": "scikit-image>=0.26,<0.27", "sklearn": "scikit-learn>=1.7"}
"""What pip installs for each module that photographs lie in."""


def open_photo(photo: Photo) -> Any:
    """The query's picture as a decoded RGB `PIL.Image.Image`. Raises WorkloadError when the file is another one."""
    from PIL import Image, ImageOps

    package = PACKAGES.get(photo.module, photo.module)
    path = package_folder(photo.module, package=package) / photo.path
    if not path.is_file() or file_sha256(path) != photo.sha256:
        raise WorkloadError(
            _(
                "The installed {module} has no photograph {path}, which the suite pins. Run `pip "
                "install --no-deps --force-reinstall '{package}'`."
            ).format(module=photo.module, path=photo.path, package=package)
        )
    with Image.open(path) as file:
        picture = file.convert("RGB")
    if photo.crop is not None:
        picture = picture.crop(photo.crop)
    return ImageOps.mirror(picture) if photo.mirrored else picture
