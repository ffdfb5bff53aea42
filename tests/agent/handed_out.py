"""Pinned suites of a few cells with published times, as a platform hands them out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from joulemark.record.codec import encode
from joulemark.record.suite_offers import OfferedSuite, SuiteOffers
from joulemark.suite import weights_digest
from joulemark.suite.archive import encode_archive
from joulemark.suite.loader import digest_of, suite_of_files
from joulemark.suite.lock import PinnedDataSet, PinnedModel, second_format
from joulemark.suite.schema import PinnedFile, WeightsFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from joulemark.suite import Suite
    from tests.agent.fake_platform import FakePlatform

COMMIT = "12" * 20
GB = 10**9
SIZES = {"resnet-18": 1 * GB, "resnet-50": 4 * GB, "vit-base-patch16-224": 40 * GB, "huge": 200 * GB}
"""Bytes that the models' weights take in memory; the last one fits no card. On the hub they are as many kB."""
DATASETS = ("cifar10", "cifar100")


def manifest(name: str, *, models: tuple[str, ...], idle_s: float) -> str:
    """The suite's file: image classification of each model on both data sets, without windows to be filled."""
    datasets = "".join(
        f'[[datasets]]\nid = "{dataset}"\ntask = "image_classification"\ntitle = "{dataset}"\n'
        f'hub_id = "{dataset}"\nsplit = "test"\ncolumns = ["img"]\nkeep = 100\nstudy_id = "{dataset}"\n'
        "quality_metrics = []\n"
        for dataset in DATASETS
    )
    entries = "".join(
        f'[[models]]\nid = "{model}"\ntitle = "{model}"\nkind = "task-specific"\nparameters = {SIZES[model] // 4}\n'
        f'parameters_are = "reported"\nhub_id = "someone/{model}"\n'
        for model in models
    )
    return f"""
name = "{name}"
version = "1"
title = "Pictures, {name}"

[protocol]
queries = 100
windows_min = 5
windows_max = 10
warmup_queries = 10
idle_s = {idle_s}
half_width_target = 0.03
budget_s = 3600.0
sample = "seeded"
dtype = "float32"

[[tasks]]
id = "image_classification"
title = "Image classification"
modality = "image-to-category"
quality_metrics = ["top-1"]

{datasets}
{entries}
[[cells]]
task = "image_classification"
datasets = {list(DATASETS)}
models = {list(models)}
"""


def suite_files(
    name: str, *, models: tuple[str, ...] = ("resnet-18", "resnet-50"), idle_s: float = 30.0
) -> dict[str, bytes]:
    """The files of a pinned suite, whose lock states the models' sizes."""
    pinned = []
    for model in models:
        weights = WeightsFile(name="model.safetensors", sha256="1" * 64, bytes=SIZES[model] // 1000)
        beside = PinnedFile(name="config.json", sha256="2" * 64, bytes=2)
        pinned.append(
            PinnedModel(
                id=model,
                hub_id=f"someone/{model}",
                revision=COMMIT,
                weights_sha256=weights_digest({weights.name: weights.sha256}),
                weights=(weights,),
                beside=(beside,),
            )
        )
    lock = second_format(
        suite=name,
        suite_version="1",
        models=tuple(pinned),
        datasets=tuple(
            PinnedDataSet(id=dataset, hub_id=dataset, revision=COMMIT, branch="main") for dataset in DATASETS
        ),
        unavailable=(),
    )
    return {
        "suite.toml": manifest(name, models=models, idle_s=idle_s).encode(),
        "lock.toml": lock.to_toml(),
    }


def hand_out(
    platform: FakePlatform, *current: Mapping[str, bytes], former: tuple[Mapping[str, bytes], ...] = ()
) -> None:
    """Let the platform hand out these suites, in place of what it handed out before."""
    offers = []
    for files, is_current in (*((files, True) for files in current), *((files, False) for files in former)):
        suite, archive = suite_of_files(files, folder="made"), encode_archive(files)
        platform.files[f"suites/{suite.digest}.tar"] = archive
        offers.append(
            OfferedSuite(
                name=suite.name,
                version=suite.version,
                title=suite.title,
                digest=digest_of(files),
                current=is_current,
                cells=len(suite.jobs),
                runnable_cells=len(suite.jobs),
                archive_bytes=len(archive),
                pinned_at=datetime.now(UTC),
            )
        )
    platform.files["suites/"] = encode(SuiteOffers(suites=tuple(offers)))


def suite_of(files: Mapping[str, bytes]) -> Suite:
    """The suite in these files."""
    return suite_of_files(files, folder="made")
