"""EfficientNet-Lite0 with its real weights and real photographs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from joulemark.suite import Photo, load_suite
from joulemark.workloads import Loaded, Output, Workload, open_workload

SUITE = load_suite("demo")
JOB = SUITE.job("image_classification/demo-photos/efficientnet-lite0")
pytestmark = pytest.mark.weights
CATS = {"281", "282", "285"}  # tabby, tiger cat, Egyptian cat


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """On a busy machine threads that wait for each other cost many times what they save."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def workload(tmp_path_factory: pytest.TempPathFactory) -> Workload:
    opened = open_workload(SUITE, JOB, cache_dir=tmp_path_factory.mktemp("cache"))
    model = SUITE.model(JOB.model)
    assert model.weights_sha256 is not None
    assert opened.load() == Loaded(model.weights_sha256, model.parameters, dtype="float32", device="cpu")
    return opened


@pytest.fixture(scope="module")
def outputs(workload: Workload) -> list[Output]:
    """The answers to all views."""
    return [
        workload.answer(query) for query in workload.queries(SUITE.sample("demo-photos", seed=3, count=24))
    ]


def test_chelsea_is_a_cat_in_every_view(outputs: list[Output]) -> None:
    cats = [output.value for output in outputs if output.query_id.startswith("chelsea")]
    assert len(cats) == 4
    assert set(cats) <= CATS


def test_nearly_all_views_are_recognised(workload: Workload, outputs: list[Output]) -> None:
    photos = {row.id: row for row in SUITE.rows("demo-photos") if isinstance(row, Photo)}
    right = [output for output in outputs if output.value in photos[output.query_id].accepted]
    assert len(right) >= 22
    (quality,) = workload.quality(workload.queries(SUITE.sample("demo-photos", seed=9, count=24)), outputs)
    assert quality.metric == "accuracy"
    assert quality.value == pytest.approx(len(right) / 24)


def test_the_input_is_the_middle_square_shifted_and_scaled() -> None:
    from PIL import Image

    from joulemark.workloads.efficientnet import prepared

    picture = Image.new("RGB", (512, 256), (255, 127, 0))
    picture.paste((0, 0, 0), (0, 0, 140, 256))  # left of the middle square of 224, which begins at 144
    pixels = prepared(picture)
    assert tuple(pixels.shape) == (1, 3, 224, 224)
    assert pixels[0, :, 112, 0].tolist() == [1.0, 0.0, -127 / 128]


def test_preparing_is_part_of_answering_and_reading_is_not(workload: Workload) -> None:
    (query,) = workload.queries(SUITE.sample("demo-photos", seed=1, count=1))
    assert query.inputs["image"].mode == "RGB"
    assert max(query.inputs["image"].size) > 224
